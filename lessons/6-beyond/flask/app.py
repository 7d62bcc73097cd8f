"""The Flask app of the demo: `lessons/6-beyond` answers the routes that have moved, and forwards the others to it.

    export SECRET_KEY=…    # the same one as for `cargo run -p lesson-6`
    python lessons/6-beyond/flask/app.py --port 4106
"""

import argparse
import os
import sys
from datetime import datetime, timezone
from uuid import uuid4

from flask import Flask, redirect, request, session
from markupsafe import escape
from werkzeug.serving import make_server


def make_app(secret_key, fallbacks=()):
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=secret_key,
        SECRET_KEY_FALLBACKS=list(fallbacks),
        SESSION_COOKIE_NAME="__Host-flask",
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
    )

    @app.post("/flask/old/login")
    def log_in():
        user = request.form["user"]
        if not 1 <= len(user) <= 40:
            return "A username has 1 to 40 characters here, so nobody was logged in.\n", 422
        session.clear()
        session.permanent = True
        session["user"] = user
        session["since"] = datetime.now(timezone.utc)
        session["visit"] = uuid4()
        session["cart"] = [("cup", 2)]
        return redirect("/flask", 303)

    @app.get("/flask/old/account")
    def account():
        if "user" not in session:
            return "<h1>You are not logged in</h1><p><a href='/flask'>Back</a></p>"
        cart = ", ".join(f"{count} × {item}" for item, count in session.get("cart", [])) or "nothing"
        user, since = session["user"], session["since"]
        return (
            f"<h1>Flask knows {escape(user)}</h1>"
            f"<p>Logged in since {since:%Y}. In the cart: {escape(cart)}.</p><p><a href='/flask'>Back</a></p>"
        )

    @app.post("/flask/old/logout")
    def log_out():
        session.clear()
        return redirect("/flask", 303)

    return app


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--port", type=int, default=4106, help="on this machine; 0 takes a free one")
    port = arguments.parse_args().port
    secret_key = os.environ.get("SECRET_KEY")
    if not secret_key:
        sys.exit("SECRET_KEY is not set: give both apps the same key, such as the output of `openssl rand -base64 32`")
    server = make_server("127.0.0.1", port, make_app(secret_key), threaded=True)
    print(f"Flask answers on port {server.port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
