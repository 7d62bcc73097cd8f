//! Exercise 1, login: the task and its hints are in README.md.
//!
//! `cargo test -p exercise-1` checks your answer, `cargo run -p exercise-1` lets you try it.
//! Change anything in this file except the signature of `app`; add templates and files as you like.

use axum::{
    Extension, Form, Router,
    response::{Html, Redirect, Response},
    routing::{get, post},
};
use checks::Users;
use serde::Deserialize;
use tower_sessions::{Session, SessionManagerLayer, SessionStore};

/// Your answer. The caller provides the store, and the [`Users`] as an `Extension`.
pub fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/login", get(login_form).post(login))
        .route("/protected", get(protected))
        .route("/logout", post(logout))
        .layer(SessionManagerLayer::new(store).with_name("exercise-1"))
}

/// The fields of the login form.
#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

async fn login_form() -> Html<String> {
    todo!("a page with a form that posts a username and a password to /login")
}

/// `users.verify(&username, &password)` tells whether they belong together.
async fn login(
    _session: Session,
    Extension(_users): Extension<Users>,
    Form(Credentials { username: _username, password: _password }): Form<Credentials>,
) -> Response {
    todo!("remember the username in the session and send the visitor to /protected, or answer 401")
}

async fn protected(_session: Session) -> Response {
    todo!("a page that names the user, or a redirect to /login")
}

async fn logout(_session: Session) -> Redirect {
    todo!("end the session and send the visitor to /login")
}
