"""Blocks 8 to 10: login, cart, browsing history."""

from io import StringIO

from flask import request, session
from werkzeug.debug import DebuggedApplication
from werkzeug.test import Client

from apps import cart_pages, cookie_app, login_pages, name_pages, server_app
from record import block


@block("s08")
def s08(stage):
    """A wrong password gets status 200, a logout keeps the other data, and a login keeps an ID that was planted."""
    stage.part("with the signed cookie")
    alice = stage.visitor("alice", cart_pages(login_pages(cookie_app())))
    alice.post("/login", username="user1", password="wrong")
    alice.get("/profile")

    stage.part("with Flask-Session")
    app = cart_pages(login_pages(server_app()))
    mallory, bob = stage.visitor("mallory", app), stage.visitor("bob", app)
    mallory.get("/add_to_cart/pear")
    bob.takes(mallory.jar, "finds in his browser, planted by mallory, cookie")
    bob.post("/login", username="user2", password="password2")
    mallory.get("/profile")

    stage.part("with debug=True")
    stage.say("mallory", "sends something that makes a page fail")
    show_debugger(stage)


def show_debugger(stage):
    """`app.run(debug=True)` adds this debugger: the page of an error shows the source, and lets visitors run code."""
    app = cookie_app()

    @app.get("/fails")
    def fails():
        raise ValueError("a secret of the program")

    app.debug = True
    debugger = Client(DebuggedApplication(app, evalex=True))
    page = debugger.get("/fails", base_url="http://localhost/", errors_stream=StringIO()).text
    for what, mark in (("the source", "raise ValueError"), ("the console", "EVALEX = true")):
        stage.fact("page", f"{'shows' if mark in page else 'hides'} {what}: {mark}")


@block("s09")
def s09(stage):
    """Flask notices `session["cart"] = []`, but not what is appended to that list afterwards."""
    stage.part("as in the article")
    app = cart_pages(name_pages(cookie_app()))
    alice = stage.visitor("alice", app)
    alice.get("/add_to_cart/pear")
    alice.get("/add_to_cart/plum")

    stage.part("with permanent = True, every request writes the cookie anew")
    bob = stage.visitor("bob", app)
    bob.get("/set_permanent_session")
    bob.get("/add_to_cart/pear")
    bob.get("/add_to_cart/plum")


@block("s10")
def s10(stage):
    """The history shows the current page, but does not store it: only the first path is in the session."""
    app = cookie_app()

    @app.before_request
    def track_history():
        if "history" not in session:
            session["history"] = []
        session["history"].append(request.path)

    @app.get("/<name>")
    def article(name):
        return f"Page {name}"

    @app.get("/view_history")
    def view_history():
        return f"You have visited: {session['history']}"

    alice = stage.visitor("alice", app)
    alice.get("/pears")
    alice.get("/plums")
    alice.get("/view_history")
    alice.get("/view_history")
