"""Blocks 14 to 19: the article's defenses, each of them tested.

`datetime` is imported as a whole here: block 14 is about a module that never imported `timedelta`.
"""

import datetime

from flask import redirect, request, session
from flask_wtf.csrf import CSRFProtect

from apps import cart_pages, cookie_app, login_pages, name_pages, server_app
from record import block


@block("s14")
def s14(stage):
    """The hook called "regenerate" fails. After a repair it extends the session, but does not change its ID."""
    stage.part("as in the article")
    app = name_pages(cookie_app())

    @app.before_request
    def as_in_the_article():
        session.permanent = True
        session.modified = True
        app.permanent_session_lifetime = timedelta(minutes=30)  # noqa: F821 -- not imported: the finding

    stage.visitor("alice", app).get("/get_session")

    stage.part("with timedelta imported, on Flask-Session")
    app = name_pages(server_app())

    @app.before_request
    def repaired():
        session.permanent = True
        session.modified = True
        app.permanent_session_lifetime = datetime.timedelta(minutes=30)

    @app.get("/renew")
    def renew():
        app.session_interface.regenerate(session)
        return "The id is a new one"

    bob = stage.visitor("bob", app)
    bob.get("/set_session")
    bob.get("/get_session")
    stage.note("what really changes the id: app.session_interface.regenerate(session)")
    bob.get("/renew")


@block("s15")
def s15(stage):
    """`Secure` does not make a site use https: over http it only loses the session."""
    app = name_pages(cookie_app(SESSION_COOKIE_SECURE=True))
    for scheme in ("http", "https"):
        stage.part(f"over {scheme}")
        alice = stage.visitor("alice", app, scheme=scheme)
        alice.get("/set_session")
        alice.get("/get_session")


@block("s16")
def s16(stage):
    """The flags protect the cookie, not the page, on which an injected script runs with the visitor's session."""
    app = cart_pages(cookie_app(SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Lax"))
    alice = stage.visitor("alice", app)
    stage.say("alice", "follows a link that mallory sent")
    alice.get("/add_to_cart/<img src=x onerror=alert(1)>")
    alice.get("/view_cart")


@block("s17")
def s17(stage):
    """The extension refuses the article's own form, and does not check a GET that changes something."""
    app = cart_pages(login_pages(cookie_app()))
    CSRFProtect().init_app(app)
    alice = stage.visitor("alice", app)
    alice.get("/login")
    alice.post("/login", username="user1", password="password1")
    stage.say("alice", "follows a link on mallory's page")
    alice.get("/add_to_cart/brick")


@block("s18")
def s18(stage):
    """The thirty minutes count from the last write, or with `permanent` from the last visit."""
    app = name_pages(cookie_app(PERMANENT_SESSION_LIFETIME=datetime.timedelta(minutes=30)))
    stage.part("as in the article")
    alice = stage.visitor("alice", app)
    alice.get("/set_session")
    alice.keeps_visiting("/get_session", times=2, minutes=20)

    stage.part("with permanent = True")
    bob = stage.visitor("bob", app)
    bob.get("/set_permanent_session")
    bob.keeps_visiting("/get_session", times=200, minutes=20)


@block("s19")
def s19(stage):
    """The check logs out the owner after an update or a change of network, and accepts a thief in the same network."""
    app = pinned(login_pages(cookie_app()))
    home, mobile = "192.0.2.1", "198.51.100.7"
    alice = stage.visitor("alice", app, address=home, agent="Firefox 1")

    alice.post("/login", username="user1", password="password1")
    mallory = stage.visitor("mallory", app, address=home, agent="Firefox 1")
    mallory.takes(alice.jar, "copies cookie")
    mallory.get("/profile")

    alice.agent = "Firefox 2"
    alice.get("/profile")

    alice.get("/login")
    alice.address = mobile
    alice.post("/login", username="user1", password="password1")


def pinned(app):
    @app.before_request
    def check_ip_and_user_agent():
        seen = {"ip": request.remote_addr, "user_agent": request.headers.get("User-Agent")}
        for name, value in seen.items():
            session.setdefault(name, value)
        if any(session[name] != value for name, value in seen.items()):
            session.clear()
            return redirect("/login")

    return app
