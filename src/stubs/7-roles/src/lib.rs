//! Exercise 7, roles: the task and its hints are in README.md.
//!
//! `cargo test -p exercise-7` checks your answer, `cargo run -p exercise-7` lets you try it.
//! Change anything in this file except the signature of `app`; add templates and files as you like.
//!
//! The login is there. Everything after it is yours to write.

use std::sync::LazyLock;

use axum::{
    Extension, Form, Router,
    extract::Path,
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::Users;
use minijinja::{Environment, context};
use serde::Deserialize;
use tower_sessions::{Session, SessionManagerLayer, SessionStore, session::Error};

/// Your answer. The caller provides the store, and the [`Users`] as an `Extension`.
pub fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/login", get(login_form).post(login))
        .route("/logout", post(logout))
        .route("/dashboard", get(dashboard))
        .route("/admin", get(admin))
        .route("/admin/users/{name}/demote", post(demote))
        .route("/admin/users/{name}/delete", post(delete))
        .route("/sessions/end_others", post(end_others))
        .layer(SessionManagerLayer::new(store).with_name("exercise-7"))
}

async fn login_form() -> Result<Html<String>, Failure> {
    page("login.html", context! {})
}

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

async fn login(
    session: Session,
    Extension(users): Extension<Users>,
    Form(Credentials { username, password }): Form<Credentials>,
) -> Result<Response, Failure> {
    if !users.verify(&username, &password) {
        let refused = page("login.html", context! { refused => true })?;
        return Ok((StatusCode::UNAUTHORIZED, refused).into_response());
    }
    session.insert("username", username).await?;
    Ok(Redirect::to("/dashboard").into_response())
}

async fn logout(_session: Session) -> Response {
    todo!("end the session and send the visitor to /login")
}

async fn dashboard(_session: Session, Extension(_users): Extension<Users>) -> Response {
    todo!("the user's own page, or a redirect to /login")
}

/// `users.role(&name)` returns somebody's role now, `users.names()` returns all names.
async fn admin(_session: Session, Extension(_users): Extension<Users>) -> Response {
    todo!("a page with all users for an admin, 403 for a user, a redirect to /login for anyone else")
}

/// `users.set_role(&name, Role::User)` changes the role.
async fn demote(_session: Session, Extension(_users): Extension<Users>, Path(_name): Path<String>) -> Response {
    todo!("make this admin a user and redirect to /admin, or answer 403, 404 or 409")
}

/// `users.delete(&name)` deletes the account.
async fn delete(_session: Session, Extension(_users): Extension<Users>, Path(_name): Path<String>) -> Response {
    todo!("delete this account and send the admin to /admin, or answer 403, 404 or 409")
}

/// `users.epoch(&name)` is a number in the account, and `users.next_epoch(&name)` raises it.
async fn end_others(_session: Session, Extension(_users): Extension<Users>) -> Response {
    todo!("end all other sessions of this user and send them to /dashboard")
}

static TEMPLATES: LazyLock<Environment> = LazyLock::new(|| {
    let mut templates = Environment::new();
    templates.add_template("login.html", include_str!("../templates/login.html")).expect("this is a template");
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
