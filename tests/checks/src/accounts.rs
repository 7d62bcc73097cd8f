//! What a demo has beside the app: a way to change somebody's role, for the exercise that has none.

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::post,
};

use crate::{Role, Users};

/// `POST /demo/accounts/{name}/{role}`, where the role is `admin` or `user`.
pub fn accounts(users: Users) -> Router {
    Router::new().route("/demo/accounts/{name}/{role}", post(set_role)).with_state(users)
}

async fn set_role(State(users): State<Users>, Path((name, role)): Path<(String, String)>) -> StatusCode {
    let role = match role.as_str() {
        "admin" => Role::Admin,
        "user" => Role::User,
        _ => return StatusCode::NOT_FOUND,
    };
    if users.set_role(&name, role) { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}
