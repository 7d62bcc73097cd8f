//! Exercise 4, timeouts: the task and its hints are in README.md.
//!
//! `cargo test -p exercise-4` checks your answer, `cargo run -p exercise-4` lets you try it.
//! Change anything in this file except the signature of `app`; add templates and files as you like.
//!
//! The site works, but no login ends by itself yet. Every request passes through `keep`.

use std::sync::LazyLock;

use axum::{
    Extension, Form, Router,
    extract::Request,
    http::StatusCode,
    middleware::{Next, from_fn},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::Users;
use minijinja::{Environment, context};
use serde::Deserialize;
use session_inspector::Clock;
use tower_sessions::{Session, SessionManagerLayer, SessionStore, session::Error};

/// Your answer. The caller provides the store, and the [`Users`] as an `Extension`.
pub fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/login", get(login_form).post(login))
        .route("/protected", get(protected))
        .route("/help", get(help))
        .route("/logout", post(logout))
        .layer(from_fn(keep))
        .layer(SessionManagerLayer::new(store).with_name("exercise-4"))
}

/// Every request passes here before its handler is called. `clock.now()` is the time.
async fn keep(_session: Session, _clock: Clock, request: Request, next: Next) -> Response {
    next.run(request).await
}

/// The fields of the login form. A checkbox that is not checked is not sent.
#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
    remember: Option<String>,
}

async fn login_form() -> Result<Html<String>, Failure> {
    page("login.html", context! {})
}

async fn login(
    session: Session,
    Extension(users): Extension<Users>,
    Form(Credentials { username, password, remember: _remember }): Form<Credentials>,
) -> Result<Response, Failure> {
    if !users.verify(&username, &password) {
        let refused = page("login.html", context! { refused => true })?;
        return Ok((StatusCode::UNAUTHORIZED, refused).into_response());
    }
    session.cycle_id().await?;
    session.insert("username", username).await?;
    Ok(Redirect::to("/protected").into_response())
}

async fn protected(session: Session) -> Result<Response, Failure> {
    Ok(match session.get::<String>("username").await? {
        Some(username) => page("protected.html", context! { username })?.into_response(),
        None => Redirect::to("/login").into_response(),
    })
}

async fn help() -> Result<Html<String>, Failure> {
    page("help.html", context! {})
}

async fn logout(session: Session) -> Result<Redirect, Failure> {
    session.flush().await?;
    Ok(Redirect::to("/login"))
}

static TEMPLATES: LazyLock<Environment> = LazyLock::new(|| {
    let mut templates = Environment::new();
    for (name, source) in [
        ("login.html", include_str!("../templates/login.html")),
        ("protected.html", include_str!("../templates/protected.html")),
        ("help.html", include_str!("../templates/help.html")),
    ] {
        templates.add_template(name, source).expect("this is a template");
    }
    templates
});

fn page(name: &str, context: minijinja::Value) -> Result<Html<String>, Failure> {
    Ok(Html(TEMPLATES.get_template(name)?.render(context)?))
}

/// The store or a template failed. The visitor learns no details.
struct Failure;

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, "This did not work. Please try again.\n").into_response()
    }
}

impl From<Error> for Failure {
    fn from(_: Error) -> Self {
        Self
    }
}

impl From<minijinja::Error> for Failure {
    fn from(_: minijinja::Error) -> Self {
        Self
    }
}
