"""Blocks 1 to 3: the key, reading and writing, logging out."""

from flask import redirect, session
from flask.sessions import SecureCookieSessionInterface

from apps import PUBLISHED_KEY, cookie_app, name_pages
from record import block


@block("s01")
def s01(stage):
    """Anyone can read the signed data, and anyone who knows the published key can forge it."""
    app = name_pages(cookie_app())

    @app.get("/dashboard")
    def dashboard():
        if "username" not in session:
            return redirect("/login")
        return f"Welcome to the {'admin' if session['role'] == 'admin' else 'user'} dashboard"

    alice, mallory = stage.visitor("alice", app), stage.visitor("mallory", app)
    alice.get("/set_session")
    stage.fact("A is", alice.jar["session"].value)
    mallory.decodes(alice.jar)
    forged = SecureCookieSessionInterface().get_signing_serializer(cookie_app()).dumps({"username": "x", "role": "admin"})
    mallory.makes(forged, f'signs {{"username":"x","role":"admin"}} with "{PUBLISHED_KEY}": cookie')
    mallory.get("/dashboard")


@block("s02")
def s02(stage):
    """It works, but without errors: a stranger is `None`, and so is the sender of a changed cookie."""
    app = name_pages(cookie_app())
    alice = stage.visitor("alice", app)
    alice.get("/get_session")
    alice.get("/set_session")
    alice.get("/get_session")

    alice.makes(alice.jar["session"].value[:-1], "cuts off the last letter of cookie A: cookie")
    alice.get("/get_session")

    stage.part("without app.secret_key")
    app.secret_key = None
    stage.visitor("alice", app).get("/set_session")


@block("s03")
def s03(stage):
    """A logout deletes the cookie in one browser. A copy elsewhere stays valid for 31 days."""
    app = name_pages(cookie_app())
    alice, mallory = stage.visitor("alice", app), stage.visitor("mallory", app)
    alice.get("/set_session")
    mallory.takes(alice.jar, "copies cookie")
    alice.head("/logout")
    alice.get("/get_session")
    mallory.get("/get_session")
    stage.later(days=30)
    mallory.get("/get_session")
    stage.later(days=1)
    mallory.get("/get_session")
