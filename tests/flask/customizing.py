"""Blocks 11 to 13 and 23: a custom session interface, an SQL table, Redis.

`flask` is imported as a whole here: block 13 is about a module that never imported `session`.
"""

import secrets

import flask
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_session import Session
from flask_sqlalchemy import SQLAlchemy

from apps import cookie_app, name_pages
from record import block
from redis_server import redis_server


@block("s11")
def s11(stage):
    """Two names that it uses do not exist. Even with both, it neither loads nor stores anything."""
    app = name_pages(cookie_app())
    app.session_interface = IdInterface()
    alice, mallory = stage.visitor("alice", app), stage.visitor("mallory", app)

    stage.part("as in the article")
    alice.get("/set_session")

    stage.part("with app.session_cookie_name put back")
    app.session_cookie_name = "session"
    alice.get("/set_session")

    stage.part("and with generate_sid written")
    app.session_interface.generate_sid = secrets.token_urlsafe
    alice.get("/set_session")
    alice.get("/get_session")
    mallory.makes("an-id-of-my-own", 'writes "an-id-of-my-own" into cookie')
    mallory.get("/get_session")


class IdSession(SecureCookieSession):
    def __init__(self, initial=None, sid=None):
        super().__init__(initial)
        self.sid = sid


class IdInterface(SecureCookieSessionInterface):
    """The article's mechanism: it sends and receives an ID, but stores nothing under it."""

    def open_session(self, app, request):
        sid = request.cookies.get(app.session_cookie_name)
        return IdSession(sid=sid or self.generate_sid())

    def save_session(self, app, session, response):
        response.set_cookie(app.session_cookie_name, session.sid, httponly=True)


@block("s12", "s23")
def s12(stage):
    """The table that the article declares stays empty, because Flask-Session creates its own."""
    app = name_pages(cookie_app(SQLALCHEMY_DATABASE_URI="sqlite://", SESSION_TYPE="sqlalchemy"))
    db = SQLAlchemy(app)
    app.config["SESSION_SQLALCHEMY"] = db
    Session(app)

    class SessionData(db.Model):
        id = db.Column(db.String, primary_key=True)
        data = db.Column(db.PickleType)

    stage.say("server", "runs db.create_all() where the article does")
    try:
        db.create_all()
    except RuntimeError as error:
        stage.error(error)
    stage.say("server", "runs it again, inside app.app_context()")
    with app.app_context():
        db.create_all()

    stage.visitor("alice", app).get("/set_session")

    stage.say("server", "counts the rows of both tables")
    with app.app_context():
        for table in db.metadata.sorted_tables:
            stage.fact("rows", f"{db.session.query(table).count()} in {table.name}")


@block("s13")
def s13(stage):
    """An import is missing, so the only page of the app is an error page."""
    with redis_server() as client:
        app = cookie_app(SESSION_TYPE="redis", SESSION_REDIS=client)
        Session(app)

        @app.get("/")
        def as_in_the_article():
            session["key"] = "value"  # noqa: F821 -- not imported: that is the finding
            return "Session data set"

        @app.get("/repaired")
        def repaired():
            flask.session["key"] = "value"
            return "Session data set"

        alice = stage.visitor("alice", app)
        alice.get("/")
        alice.get("/repaired")
