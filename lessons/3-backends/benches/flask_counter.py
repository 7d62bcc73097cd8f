"""The page of the benchmark in Flask: it counts, with its session where WORKBOOK_SESSIONS says. Served by gunicorn."""

import os

from flask import Flask, redirect, session

app = Flask(__name__)
app.secret_key = os.environ["WORKBOOK_KEY"]  # the same one for both workers
kind, _, place = os.environ["WORKBOOK_SESSIONS"].partition(":")

if kind == "redis":
    from flask_session import Session
    from redis import Redis

    app.config.update(SESSION_TYPE="redis", SESSION_REDIS=Redis.from_url(place))
    Session(app)
elif kind == "sqlite":
    from flask_session import Session
    from flask_sqlalchemy import SQLAlchemy
    from sqlalchemy.exc import OperationalError

    app.config.update(SQLALCHEMY_DATABASE_URI=f"sqlite:///{place}")
    app.config.update(SESSION_TYPE="sqlalchemy", SESSION_SQLALCHEMY=SQLAlchemy(app))
    with app.app_context():
        try:
            Session(app)
        except OperationalError:  # the other worker has just made the table
            Session(app)
elif kind == "file":
    from cachelib.file import FileSystemCache
    from flask_session import Session

    # No more than 500 sessions is the default; here nobody is thrown out.
    app.config.update(SESSION_TYPE="cachelib", SESSION_CACHELIB=FileSystemCache(cache_dir=place, threshold=1_000_000))
    Session(app)


@app.post("/count")
def count():
    session["count"] = session.get("count", 0) + 1
    return redirect("/", code=303)
