"""The small apps that several blocks share, with the addresses and sentences of the article."""

from cachelib import SimpleCache
from flask import Flask, redirect, request, session, url_for
from flask_session import Session

PUBLISHED_KEY = "your_secret_key"
PASSWORDS = {"user1": "password1", "user2": "password2"}
LOGIN_FORM = '<form method="post"><input name="username"><input name="password"></form>'


def cookie_app(**config):
    """Makes an app with Flask's default: the whole session is in a signed cookie."""
    app = Flask(__name__)
    app.secret_key = PUBLISHED_KEY
    app.config.update(config)
    return app


def server_app(**config):
    """Makes an app with Flask-Session: the cookie is an ID, and the record is in memory."""
    app = cookie_app(SESSION_TYPE="cachelib", SESSION_CACHELIB=SimpleCache(), **config)
    Session(app)
    return app


def name_pages(app):
    @app.get("/set_session")
    def set_session():
        session["username"] = "JohnDoe"
        return "Session data set"

    @app.get("/set_permanent_session")
    def set_permanent_session():
        session.permanent = True
        session["username"] = "JohnDoe"
        return "Permanent session data set"

    @app.get("/get_session")
    def get_session():
        return f"Logged in as {session.get('username')}"

    @app.get("/logout")
    def logout():
        session.pop("username", None)
        return "Logged out"

    return app


def login_pages(app):
    @app.route("/login", methods=["GET", "POST"])
    def login():
        if request.method == "GET":
            return LOGIN_FORM
        name, password = request.form["username"], request.form["password"]
        if PASSWORDS.get(name) != password:
            return "Invalid credentials"
        session["username"] = name
        return redirect(url_for("profile"))

    @app.get("/profile")
    def profile():
        return f"Logged in as {session['username']}" if "username" in session else "You are not logged in"

    @app.get("/logout")
    def logout():
        session.pop("username", None)
        return redirect(url_for("login"))

    return app


def cart_pages(app):
    @app.get("/add_to_cart/<item>")
    def add_to_cart(item):
        if "cart" not in session:
            session["cart"] = []
        session["cart"].append(item)
        return f"Added {item} to your cart"

    @app.get("/view_cart")
    def view_cart():
        return f"Your cart contains: {session['cart']}" if "cart" in session else "Your cart is empty"

    return app
