"""Makes visitors use a Flask app in memory, and records the requests and answers.

A `Visitor` is a browser with only a cookie jar. A `Stage` has the clock and the transcript of one block.
Every request goes through Flask itself.
"""

import json
import re
import textwrap
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from http.cookies import SimpleCookie
from string import ascii_uppercase
from types import SimpleNamespace
from unittest.mock import patch

from flask import got_request_exception
from itsdangerous import BadSignature
from itsdangerous.encoding import base64_decode

from redis_server import Missing  # noqa: F401 -- `transcript` may raise it

# The time when the cookie in the tests of lessons 1, 4 and 6 was signed. The transcript of s01 has the same cookie.
START = datetime.fromtimestamp(1_700_000_000, timezone.utc)
WIDTH = 100

BLOCKS = {}


def block(*names):
    """Registers an experiment under the names of the article's blocks that it covers."""

    def register(experiment):
        BLOCKS.update(dict.fromkeys(names, experiment))
        return experiment

    return register


def transcript(name):
    """Runs the experiment of one block under a fake clock."""
    stage = Stage()
    with stage.fake_clock():
        BLOCKS[name](stage)
    return "\n".join(stage.lines) + "\n"


class Stage:
    """The clock, the letters of cookie values, and the lines of the transcript so far."""

    def __init__(self):
        self.now = START
        self.lines = []
        self._letters = {}

    @contextmanager
    def fake_clock(self):
        """Replaces the two clocks with which Flask dates `Expires` and itsdangerous dates signatures."""
        stage = self

        class Now(datetime):
            @classmethod
            def now(cls, tz=None):
                return stage.now.astimezone(tz)

        seconds = SimpleNamespace(time=lambda: stage.now.timestamp())
        with patch("flask.sessions.datetime", Now), patch("itsdangerous.timed.time", seconds):
            yield

    def visitor(self, name, app, **traits):
        return Visitor(self, name, app, **traits)

    def part(self, title):
        self.event(f"--- {title}")

    def later(self, **span):
        self.now += timedelta(**span)
        self.note(f"{human(timedelta(**span))} later")

    def note(self, text):
        self.event(f"({text})")

    def say(self, who, deed):
        self.event(f"{who:<9}{deed}")

    def event(self, line):
        """Adds an event after a blank line, unless a heading precedes it."""
        if self.lines and not self.lines[-1].startswith("---"):
            self.lines.append("")
        self.lines.append(line)

    def fact(self, label, text):
        """Adds an indented line below the last event, unless the text is empty."""
        self.lines += textwrap.wrap(
            text, WIDTH, initial_indent=f"    {label:<12}", subsequent_indent=" " * 16, break_on_hyphens=False
        )

    def error(self, error):
        self.fact("error", f"{type(error).__name__}: {error}".splitlines()[0])

    def letter(self, value):
        """Returns the letter of a value: A for the first one in a block, then B, so that copies have the same letter."""
        return self._letters.setdefault(value, ascii_uppercase[len(self._letters)])


class Visitor:
    """A browser with one cookie jar, which applies the rules that browsers have for cookies."""

    def __init__(self, stage, name, app, scheme="http", address=None, agent=None):
        self.stage = stage
        self.name = name
        self.app = app
        self.scheme = scheme
        self.address = address
        self.agent = agent
        self.jar = {}

    def get(self, path):
        self._record("GET", path)

    def head(self, path):
        self._record("HEAD", path)

    def post(self, path, **form):
        self._record("POST", path, form)

    def keeps_visiting(self, path, times, **every):
        """Records only the last visit, because the earlier ones differ only in time."""
        self.stage.note(f"{human(timedelta(**every))} later, {times} times")
        for _ in range(times - 1):
            self.stage.now += timedelta(**every)
            self._exchange("GET", path)
        self.stage.now += timedelta(**every)
        self.get(path)

    def takes(self, jar, deed):
        """Replaces this visitor's cookies by those of a jar, such as a thief's copy or a backup."""
        self.jar = dict(jar)
        letters = ", ".join(self.stage.letter(morsel.value) for morsel in jar.values())
        self.stage.say(self.name, f"{deed} {letters}")

    def decodes(self, jar):
        """Reads signed cookies without a key, as anyone can, because their first part is base64."""
        for morsel in jar.values():
            self.stage.say(self.name, f"decodes cookie {self.stage.letter(morsel.value)}, without any key")
            self.stage.fact("reads", base64_decode(morsel.value.split(".")[0]).decode())

    def makes(self, value, deed):
        """Puts a session cookie that the visitor has made into the jar."""
        self._keep(f"session={value}")
        self.takes(self.jar, deed)

    def _exchange(self, method, path, form=None):
        sent = self._cookies()
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in sent.items())} if sent else {}
        if self.agent:
            headers["User-Agent"] = self.agent
        with errors_of(self.app) as errors:
            response = self.app.test_client(use_cookies=False).open(
                path,
                method=method,
                data=form,
                headers=headers,
                base_url=f"{self.scheme}://shop.example",
                environ_overrides={"REMOTE_ADDR": self.address} if self.address else {},
            )
        received = [(header, self._keep(header)) for header in response.headers.getlist("Set-Cookie")]
        return sent, response, received, errors

    def _record(self, method, path, form=None):
        sent, response, received, errors = self._exchange(method, path, form)
        stage = self.stage
        target = f" → {response.location}" if response.location else ""
        stage.event(f"{self.name:<9}{method + ' ' + path:<44} {response.status_code}{target}")
        stage.fact("from", ", ".join(filter(None, [self.address, self.agent])))
        for name, value in sent.items():
            stage.fact("cookie", f"{name}={stage.letter(value)}")
        stage.fact("form", " ".join(f"{name}={value}" for name, value in (form or {}).items()))
        for header, refusal in received:
            self._tell_cookie(header)
            stage.fact("browser", refusal)
        stage.fact("holds", self._holdings())
        for error in errors:
            stage.error(error)
        stage.fact("page", page(response))
        stage.now += timedelta(seconds=1)

    def _cookies(self):
        """Returns the cookies that the browser sends: no expired one, and no `Secure` one over plain HTTP."""
        return {
            name: morsel.value
            for name, morsel in self.jar.items()
            if not (morsel["expires"] and parsedate_to_datetime(morsel["expires"]) <= self.stage.now)
            and not (morsel["secure"] and self.scheme == "http")
        }

    def _keep(self, header):
        """Stores the cookie of a `Set-Cookie` header, or returns the reason why the browser refuses it."""
        ((name, morsel),) = SimpleCookie(header).items()
        if morsel["secure"] and self.scheme == "http":
            return "refuses it: Secure needs https"
        if name.startswith("__Host-") and not morsel["secure"]:
            return "refuses it: a __Host- cookie needs Secure"
        if morsel["max-age"] == "0":
            self.jar.pop(name, None)
        else:
            self.jar[name] = morsel
        return ""

    def _tell_cookie(self, header):
        ((name, morsel),) = SimpleCookie(header).items()
        attributes = re.sub("Expires=[^;]+", "Expires=…" + self._distance(morsel), header.partition(";")[2])
        value = self.stage.letter(morsel.value) if morsel.value else ""
        self.stage.fact("set-cookie", f"{name}={value};{attributes}")

    def _distance(self, morsel):
        """Returns the time until the expiry, or nothing for a removal, whose date is in 1970."""
        if not morsel.value or not morsel["expires"]:
            return ""
        return f" ({human(parsedate_to_datetime(morsel['expires']) - self.stage.now)})"

    def _holdings(self):
        contents = [contents_of(self.app, value) for value in self._cookies().values()]
        return " ".join(
            json.dumps(content, separators=(",", ":"), ensure_ascii=False)
            for content in contents
            if content is not None
        )


@contextmanager
def errors_of(app):
    """Collects the exceptions that Flask turns into a 500 page."""
    errors = []

    def collect(sender, exception):
        errors.append(exception)

    with got_request_exception.connected_to(collect, app):
        yield errors


def contents_of(app, value):
    """Returns the payload of a signed cookie, or the record that a server-side store has under the cookie's ID."""
    interface = app.session_interface
    try:
        if hasattr(interface, "key_prefix"):
            sid = interface._unsign(app, value) if interface.use_signer else value
            with app.app_context():
                return interface._retrieve_session_data(interface.key_prefix + sid)
        oldest = int(app.permanent_session_lifetime.total_seconds())
        return interface.get_signing_serializer(app).loads(value, max_age=oldest)
    except BadSignature:
        return None


def page(response):
    """Returns the text that a visitor sees: the whole page, or the sentence of an error page."""
    if response.status_code < 300:
        return " ".join(response.text.split())
    if 400 <= response.status_code < 500:
        return re.search("<p>(.*?)</p>", response.text, re.DOTALL).group(1)
    return ""


def human(span):
    """Formats a time in the largest unit without a remainder: `7 days`, not `604800 seconds`."""
    for unit in ("days", "hours", "minutes", "seconds"):
        count, rest = divmod(span, timedelta(**{unit: 1}))
        if not rest:
            return f"{count} {unit if count > 1 else unit[:-1]}"
    raise ValueError(f"{span} has a fraction of a second")
