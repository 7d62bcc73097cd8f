"""Asks a real Flask: a list of questions in JSON on standard input, the list of answers on standard output.

Every cookie goes through a request to an app of Flask's own making, under a clock that stands still. Only `sign` makes
cookies by hand, with itsdangerous, because Flask itself would not make them.
"""

import hashlib
import json
import os  # noqa: F401 -- for deeds
import random
import sqlite3  # noqa: F401 -- for deeds
import sys
import warnings
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone  # noqa: F401 -- for expressions
from decimal import Decimal  # noqa: F401 -- for expressions
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch
from uuid import UUID

from flask import Flask, current_app, session  # noqa: F401 -- `current_app` for deeds
from flask_session import Session
from flask_sqlalchemy import SQLAlchemy
from itsdangerous import Signer
from markupsafe import Markup
from redis import Redis

sys.path.insert(0, str(Path(__file__).parents[2] / "flask"))
from plain_files import PlainFiles  # noqa: E402 -- of the lesson


def main():
    warnings.simplefilter("ignore")
    json.dump([QUESTIONS[question.pop("ask")](**question) for question in json.load(sys.stdin)], sys.stdout)


@contextmanager
def clock_at(seconds):
    """Flask dates `Expires` with one clock and itsdangerous dates signatures with another: both stop."""

    class Now(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.fromtimestamp(seconds, tz)

    stopped = SimpleNamespace(time=lambda: float(seconds))
    with patch("flask.sessions.datetime", Now), patch("itsdangerous.timed.time", stopped):
        yield


def ask(key, view, cookie, at, fallbacks=(), config=None):
    """One request to an app with this view; the answer of Flask."""
    app = Flask(__name__)
    app.config.update(SECRET_KEY=key, SECRET_KEY_FALLBACKS=list(fallbacks), **(config or {}))
    app.add_url_rule("/", view_func=view, endpoint="view")
    headers = {} if cookie is None else {"Cookie": cookie}
    with clock_at(at):
        return app.test_client(use_cookies=False).get("/", headers=headers)


def write(key, at, expression=None, seed=None):
    """The cookie of a session with this value, and how the next request sees the value."""
    value = eval(expression) if seed is None else anything(random.Random(seed), 4)

    def view():
        session["value"] = value
        return ""

    [header] = ask(key, view, None, at).headers.getlist("Set-Cookie")
    cookie = header.split(";")[0].removeprefix("session=")
    return {"cookie": cookie, "told": read(key, at, f"session={cookie}")["told"]}


def read(key, at, cookie, fallbacks=()):
    """What a request with this `Cookie` header finds in the session."""
    answer = ask(key, lambda: told(dict(session)), cookie, at, fallbacks)
    return {"status": answer.status_code, "told": answer.text if answer.status_code == 200 else ""}


DEEDS = {
    "does not look": lambda: None,
    "looks": lambda: session.get("user"),
    "writes": lambda: session.update(user="bob"),
    "writes the same": lambda: session.update(user="alice"),
    "lets a list grow": lambda: session["cart"].append("lamp"),
    "takes out": lambda: session.pop("user", None),
    "takes out what is not there": lambda: session.pop("none", None),
    "clears": lambda: session.clear(),
    "makes permanent": lambda: setattr(session, "permanent", True),
    "ends permanence": lambda: setattr(session, "permanent", False),
    "writes too much": lambda: session.update(user="".join(map(str, range(3000)))),
}


def serve(key, at, cookie, deed, config):
    """The headers of an answer whose view does this with the session."""
    if "PERMANENT_SESSION_LIFETIME" in config:
        config["PERMANENT_SESSION_LIFETIME"] = timedelta(seconds=config["PERMANENT_SESSION_LIFETIME"])

    def view():
        DEEDS[deed]()
        return ""

    answer = ask(key, view, cookie, at, config=config)
    vary = [name.strip() for line in answer.headers.getlist("Vary") for name in line.split(",")]
    return {"status": answer.status_code, "set_cookie": answer.headers.getlist("Set-Cookie"), "vary": vary}


BACKENDS = {
    "redis": lambda url: {"SESSION_TYPE": "redis", "SESSION_REDIS": Redis.from_url(url)},
    "sql": lambda file: {"SESSION_TYPE": "sqlalchemy", "SQLALCHEMY_DATABASE_URI": f"sqlite:///{file}"},
    "pickles": lambda folder: {"SESSION_TYPE": "filesystem", "SESSION_FILE_DIR": folder},
    "files": lambda folder: {"SESSION_TYPE": "cachelib", "SESSION_CACHELIB": PlainFiles(folder, threshold=0)},
    "two files": lambda folder: {"SESSION_TYPE": "cachelib", "SESSION_CACHELIB": PlainFiles(folder, threshold=2)},
}


def store(backend, at, deed, cookie=None, key="", signer=False, id_length=16, config=None, cookies=None):
    """One request to an app whose sessions Flask-Session keeps in this backend; what the view returns is told."""
    app = Flask(__name__)
    app.config.update(SECRET_KEY=key, SESSION_USE_SIGNER=signer, **(config or {}))
    app.config.update(BACKENDS[backend](at))
    if id_length:
        app.config["SESSION_ID_LENGTH"] = id_length
    if backend == "sql":
        app.config["SESSION_SQLALCHEMY"] = SQLAlchemy(app)
    Session(app)

    def view():
        names = globals() | {"session": session}
        exec(deed, names)
        return told(names["session"].get("value"))

    app.add_url_rule("/", view_func=view, endpoint="view")
    cookies = cookies if cookie is None else f"session={cookie}"
    headers = {} if cookies is None else {"Cookie": cookies.encode().decode("latin-1")}
    # Three times Flask-Session asks for a damaged row, and waits in between.
    with patch("flask_session._utils.time.sleep"):
        answer = app.test_client(use_cookies=False).get("/", headers=headers)
    [set_cookie] = answer.headers.getlist("Set-Cookie") or [None]
    cookie = set_cookie and set_cookie.split(";")[0].removeprefix("session=")
    outlives = "Expires" in (set_cookie or "")
    return {"status": answer.status_code, "told": answer.text, "cookie": cookie, "outlives_the_browser": outlives}


def sign(key, value, salt="cookie-session", derivation="hmac", digest="sha1"):
    """The value with a signature."""
    signer = Signer(key, salt=salt, key_derivation=derivation, digest_method=getattr(hashlib, digest))
    return {"cookie": signer.sign(value).decode()}


QUESTIONS = {"write": write, "read": read, "serve": serve, "store": store, "sign": sign}


def told(value):
    """The value as lesson-6 prints it: `tagged/notation.rs`."""
    text = lambda string: json.dumps(string, ensure_ascii=False)
    match value:
        case dict():
            return "{" + ", ".join(f"{text(key)}: {told(value[key])}" for key in sorted(value)) + "}"
        case list():
            return "[" + ", ".join(map(told, value)) + "]"
        case tuple():
            return "(" + ", ".join(map(told, value)) + (",)" if len(value) == 1 else ")")
        case bytes():
            return f"bytes({value.hex()})"
        case Markup():
            return f"Markup({text(str(value))})"
        case UUID():
            return f"UUID({value.hex})"
        case datetime():
            return f"datetime({value.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S})"
        case str():
            return text(value).encode("utf-8", "backslashreplace").decode()
        case None | bool() | int() | float():
            return repr(value)
    raise TypeError(type(value))


def anything(source, depth):
    """A value of any type that a session can hold."""
    some = lambda: [anything(source, depth - 1) for _ in range(source.randrange(4))]
    letters = lambda: "".join(source.choice('ab "\\/\n\x7f\0<&é€😀\u2028') for _ in range(source.randrange(6)))
    key = lambda: source.choice([" t", " b", " di", " d", " x", "", " t__", letters()])
    plain = [
        lambda: source.choice([None, True, False, "", 0, -0.0, 0.1, 1e16, 1e22, 5e-324, 2**53 + 1, 2**64, -(10**40)]),
        lambda: source.random() * 10 ** source.randrange(-30, 30),
        lambda: source.randrange(-(10**12), 10**12),
        letters,
        lambda: source.randbytes(source.randrange(6)),
        lambda: Markup(letters()),
        lambda: UUID(int=source.getrandbits(128)),
        lambda: datetime.fromtimestamp(source.randrange(-(10**10), 10**11), timezone.utc),
    ]
    nested = [some, lambda: tuple(some()), lambda: {key(): item for item in some()}]
    return source.choice(plain + nested * 3 if depth else plain)()


if __name__ == "__main__":
    main()
