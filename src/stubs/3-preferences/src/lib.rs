//! Exercise 3, preferences: the task and its hints are in README.md.
//!
//! `cargo test -p exercise-3` checks your answer, `cargo run -p exercise-3` lets you try it.
//! Change anything in this file except the signature of `app`; add templates and files as you like.

use axum::{
    Extension, Form, Router,
    response::{Html, Response},
    routing::{get, post},
};
use checks::Users;
use serde::Deserialize;
use tower_sessions::{Session, SessionManagerLayer, SessionStore};

/// Your answer. The caller provides the store, and the [`Users`] as an `Extension`.
pub fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/set_preferences", get(preferences_form).post(set_preferences))
        .route("/profile", get(profile))
        .route("/login", post(login))
        .layer(SessionManagerLayer::new(store).with_name("exercise-3"))
}

/// The fields of the form.
#[derive(Deserialize)]
struct Preferences {
    theme: String,
    notifications: String,
}

/// The fields of a login form.
#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

async fn preferences_form(_session: Session) -> Html<String> {
    todo!("a page with a form that posts a theme and notifications to /set_preferences")
}

async fn set_preferences(
    _session: Session,
    Form(Preferences { theme: _theme, notifications: _notifications }): Form<Preferences>,
) -> Response {
    todo!("save both and send the visitor to /profile, or answer 422 and save nothing")
}

async fn profile(_session: Session) -> Html<String> {
    todo!("a page that names the theme and the notifications, and has the theme in its <html> tag")
}

/// `users.verify(&username, &password)` tells whether they belong together.
async fn login(
    _session: Session,
    Extension(_users): Extension<Users>,
    Form(Credentials { username: _username, password: _password }): Form<Credentials>,
) -> Response {
    todo!(
        "remember the username under a new session ID, keep the choice, and send the visitor to /profile, or answer 401"
    )
}
