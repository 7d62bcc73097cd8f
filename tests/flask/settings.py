"""Blocks 4 to 7: lifetime, permanence, cookie flags, the file store."""

import tempfile
from datetime import timedelta
from pathlib import Path

from flask_session import Session

from apps import cookie_app, name_pages
from record import block


@block("s04")
def s04(stage):
    """Without `session.permanent` the browser does not receive the seven days. Only the server counts them."""
    app = name_pages(cookie_app(PERMANENT_SESSION_LIFETIME=timedelta(days=7)))
    alice = stage.visitor("alice", app)
    alice.get("/set_session")
    stage.later(days=6)
    alice.get("/get_session")
    stage.later(days=2)
    alice.get("/get_session")


@block("s05")
def s05(stage):
    """Every visit restarts the lifetime, and the flag outlives the login."""
    app = name_pages(cookie_app(PERMANENT_SESSION_LIFETIME=timedelta(seconds=100)))
    alice = stage.visitor("alice", app)
    alice.get("/set_permanent_session")
    alice.keeps_visiting("/get_session", times=50, seconds=90)
    alice.get("/logout")


@block("s06")
def s06(stage):
    """Under the heading "encryption" nothing is encrypted, and one of the three flags was already on."""
    stage.part("as Flask comes")
    stage.visitor("alice", name_pages(cookie_app())).get("/set_session")

    stage.part("with SECURE, HTTPONLY and SAMESITE")
    flags = {"SECURE": True, "HTTPONLY": True, "SAMESITE": "Lax"}
    app = name_pages(cookie_app(**{f"SESSION_COOKIE_{flag}": value for flag, value in flags.items()}))
    alice = stage.visitor("alice", app, scheme="https")
    alice.get("/set_session")
    stage.visitor("mallory", app).decodes(alice.jar)


@block("s07")
def s07(stage):
    """The file store lengthens the cookie to 31 days and runs whatever a session file tells it to run."""
    with tempfile.TemporaryDirectory() as folder:
        app = file_app(folder)
        alice = stage.visitor("alice", app)
        alice.get("/set_session")
        stage.say("server", "keeps one file for cookie A")
        stage.fact("bytes", f"4 with the time of expiry, then {session_file(app, alice).read_bytes()[4:6]!r}")
        stage.fact("which is", "pickle, protocol 5")

        stage.say("mallory", "can write to that folder")
        stage.fact("writes", "a pickle that runs {'username': 6 * 7}")
        app.session_interface.cache.set(store_key(app, alice), Planted())
        alice.get("/get_session")


def file_app(folder):
    app = cookie_app(SESSION_TYPE="filesystem", SESSION_FILE_DIR=folder)
    Session(app)
    return name_pages(app)


def store_key(app, visitor):
    return app.session_interface.key_prefix + visitor.jar["session"].value


def session_file(app, visitor):
    return Path(app.session_interface.cache._get_filename(store_key(app, visitor)))


class Planted:
    """Unpickling this evaluates an expression: here a sum, in earnest anything."""

    def __reduce__(self):
        return eval, ("{'username': 6 * 7}",)
