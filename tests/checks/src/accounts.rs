//! The accounts of a demo, and routes that create more and change roles: an exercise's app cannot do that.

use axum::{
    Extension, Form, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::post,
};
use serde::Deserialize;

use crate::{Role, User, Users};

/// Returns the app as a demo: with the accounts of [`Users::demo`], and with the routes of [`accounts`].
pub fn demo(app: Router) -> Router {
    let users = Users::demo();
    app.layer(Extension(users.clone())).merge(accounts(users))
}

/// `POST /demo/accounts/{name}` with a `password` creates an account, and `DELETE` deletes it; `POST
/// /demo/accounts/{name}/{role}` gives it a role, which is `admin` or `user`.
pub fn accounts(users: Users) -> Router {
    Router::new()
        .route("/demo/accounts/{name}", post(add).delete(delete))
        .route("/demo/accounts/{name}/{role}", post(set_role))
        .with_state(users)
}

#[derive(Deserialize)]
struct Password {
    password: String,
}

async fn add(
    State(users): State<Users>,
    Path(name): Path<String>,
    Form(Password { password }): Form<Password>,
) -> StatusCode {
    if users.role(&name).is_some() {
        return StatusCode::CONFLICT;
    }
    users.add(User { name, password });
    StatusCode::NO_CONTENT
}

async fn delete(State(users): State<Users>, Path(name): Path<String>) -> StatusCode {
    if users.delete(&name) { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

async fn set_role(State(users): State<Users>, Path((name, role)): Path<(String, String)>) -> StatusCode {
    let role = match role.as_str() {
        "admin" => Role::Admin,
        "user" => Role::User,
        _ => return StatusCode::NOT_FOUND,
    };
    if users.set_role(&name, role) { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}
