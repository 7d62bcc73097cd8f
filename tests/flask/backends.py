"""Blocks 20 to 22 and 24: Flask-Session with files, with Redis, and its options."""

import pickle
import tempfile
from datetime import timedelta

from cachelib import SimpleCache
from flask import session
from flask_session import Session

from apps import cookie_app, name_pages
from record import block
from redis_server import redis_server
from settings import Planted


@block("s20", "s21")
def s21(stage):
    """Clearing ends the session for every copy, but the removal of the cookie lacks its attributes."""
    with tempfile.TemporaryDirectory() as folder:
        stage.part("as in the article")
        app = clearing_app(folder)
        alice, mallory = stage.visitor("alice", app), stage.visitor("mallory", app)
        alice.get("/set_session")
        mallory.takes(alice.jar, "copies cookie")
        alice.get("/clear_session")
        mallory.get("/get_session")

        stage.part('with SESSION_COOKIE_NAME = "__Host-session" and Secure')
        app = clearing_app(folder, SESSION_COOKIE_NAME="__Host-session", SESSION_COOKIE_SECURE=True)
        bob = stage.visitor("bob", app, scheme="https")
        bob.get("/set_session")
        bob.get("/clear_session")


def clearing_app(folder, **config):
    app = cookie_app(SESSION_TYPE="filesystem", SESSION_FILE_DIR=folder, **config)
    Session(app)

    @app.get("/clear_session")
    def clear_session():
        session.clear()
        return "Session cleared"

    return name_pages(app)


@block("s22")
def s22(stage):
    """Flask-Session writes even after a request that only reads, and runs a pickle that it finds in Redis."""
    with redis_server() as client:
        app = name_pages(cookie_app(SESSION_TYPE="redis", SESSION_REDIS=client))
        Session(app)
        alice = stage.visitor("alice", app)

        @app.get("/report")
        def report():
            user = session["username"]
            stage.note(
                "/report has read the session and is still at work when alice logs out in a second tab"
            )
            alice.get("/logout")
            stage.note("/report is ready")
            return f"Report for {user}"

        alice.get("/set_session")
        (key,) = client.keys()
        sid = alice.jar["session"].value
        stage.say("redis", f"has one key: {key.decode().replace(sid, '')}<cookie {stage.letter(sid)}>")
        stage.fact("value", repr(client.get(key)))
        stage.fact("lives", f"{round(client.ttl(key) / 86400)} days")
        alice.get("/report")
        alice.get("/get_session")

        stage.say("mallory", "can write to that Redis")
        stage.fact("writes", "a pickle that runs {'username': 6 * 7}")
        client.set(key, pickle.dumps(Planted()))
        alice.get("/get_session")


@block("s24")
def s24(stage):
    """`Session(app)` reads its options once. Of four that are set afterwards, three have no effect."""
    options = {
        "SESSION_PERMANENT": False,
        "PERMANENT_SESSION_LIFETIME": timedelta(minutes=30),
        "SESSION_USE_SIGNER": True,
        "SESSION_KEY_PREFIX": "myapp_session:",
    }
    for order, before, after in (("after", {}, options), ("before", options, {})):
        stage.part(f"options set {order} Session(app)")
        cache = SimpleCache()
        app = name_pages(cookie_app(SESSION_TYPE="cachelib", SESSION_CACHELIB=cache, **before))
        Session(app)
        app.config.update(after)
        alice = stage.visitor("alice", app)
        alice.get("/set_session")
        tell_options(stage, alice.jar["session"].value, cache)


def tell_options(stage, value, cache):
    sid, _, signature = value.partition(".")
    (prefix,) = (prefix for prefix in ("session:", "myapp_session:") if cache.has(prefix + sid))
    letter = stage.letter(value)
    stage.fact("so", f"cookie {letter} is {'an id and its signature' if signature else 'a bare id'}")
    stage.fact("so", f"the record is stored under {prefix}<id>")
