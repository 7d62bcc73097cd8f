"""Blocks 25 to 31: roles, checkout, language, preferences, and the exercises."""

from flask import redirect, request, session

from apps import cart_pages, cookie_app, name_pages
from record import block


@block("s25")
def s25(stage):
    """The logout removes the name but not the role, and a session without a role causes an error."""
    stage.part("as in the article")
    app = cookie_app()

    @app.post("/login")
    def login():
        return get_user_from_db(request.form["username"])  # noqa: F821 -- nowhere defined: the finding

    stage.visitor("alice", app).post("/login", username="root")

    stage.part("with a user table")
    app = role_app({"root": "admin"})
    alice, bob = stage.visitor("alice", app), stage.visitor("bob", app)
    alice.post("/login", username="root")
    alice.get("/logout")

    stage.part("a session that another page began")
    bob.get("/set_session")
    bob.get("/dashboard")


def role_app(roles):
    """Makes an app without passwords, because this block is about roles."""
    app = name_pages(cookie_app())

    @app.post("/login")
    def login():
        session["username"] = request.form["username"]
        session["role"] = roles[session["username"]]
        return redirect("/dashboard")

    @app.get("/dashboard")
    def dashboard():
        if "username" not in session:
            return redirect("/login")
        return f"Welcome to the {'admin' if session['role'] == 'admin' else 'user'} dashboard"

    return app


@block("s26")
def s26(stage):
    """The checkout replaces the cookie in the browser. An old cookie still has the full cart."""
    app = cart_pages(cookie_app())

    @app.get("/checkout")
    def checkout():
        if not session.get("cart"):
            return "Your cart is empty"
        session.pop("cart")
        return "Checkout completed"

    alice = stage.visitor("alice", app)
    alice.get("/add_to_cart/pear")
    backup = dict(alice.jar)
    alice.get("/checkout")
    alice.get("/checkout")
    alice.takes(backup, "puts back cookie")
    alice.get("/checkout")


@block("s27")
def s27(stage):
    """Any value is accepted as a language, and the answer repeats it as HTML."""
    app = cookie_app()
    greetings = {"en": "Hello, World!", "es": "¡Hola, Mundo!", "fr": "Bonjour, le monde!"}

    @app.get("/set_language/<language>")
    def set_language(language):
        session["language"] = language
        return f"Language set to {language}"

    @app.get("/")
    def index():
        return greetings.get(session.get("language", "en"), greetings["en"])

    alice = stage.visitor("alice", app)
    alice.get("/set_language/fr")
    alice.get("/")
    alice.get("/set_language/<img src=x onerror=alert(1)>")
    alice.get("/")


@block("s28")
def s28(stage):
    """The session is saved with any answer: a part of the form with a 400, and all of it with a 500."""
    app = cookie_app()

    @app.post("/set_preferences")
    def set_preferences():
        session["theme"] = request.form["theme"]
        session["notifications"] = request.form["notifications"]
        return "Preferences saved"

    @app.post("/set_and_fail")
    def set_and_fail():
        session["theme"] = request.form["theme"]
        raise RuntimeError("the database is down")

    @app.get("/profile")
    def profile():
        theme, notifications = session.get("theme", "light"), session.get("notifications", "enabled")
        return f"Profile settings - Theme: {theme}, Notifications: {notifications}"

    alice = stage.visitor("alice", app)
    alice.post("/set_preferences", theme="dark")
    alice.get("/profile")
    alice.post("/set_and_fail", theme="light")


@block("s29", "s30", "s31")
def s29(stage):
    """The exercises have empty views, and an empty view causes an error."""
    app = cookie_app()

    for view in ("login", "view_cart", "profile"):
        app.add_url_rule(f"/{view}", view, lambda: None)
    alice = stage.visitor("alice", app)
    alice.get("/login")
    alice.get("/view_cart")
    alice.get("/profile")
