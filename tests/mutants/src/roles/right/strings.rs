//! Functions and strings, loose keys, 302 after a POST and 307 after a GET; the body of a refusal is empty.

use std::collections::HashMap;

use axum::{
    Extension, Form, Router,
    extract::Path,
    http::{Method, StatusCode, header::LOCATION},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::{Role, Users};
use tower_sessions::{Session, SessionManagerLayer, SessionStore};

use super::escaped;

pub(in crate::roles) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/login", get(Html("<form method=post><input name=username><input name=password>")).post(login))
        .route("/logout", post(logout))
        .route("/dashboard", get(dashboard))
        .route("/admin", get(admin))
        .route("/admin/users/{name}/demote", post(demote))
        .route("/admin/users/{name}/delete", post(delete))
        .route("/sessions/end_others", post(end_others))
        .layer(SessionManagerLayer::new(store).with_name("roles"))
}

fn to(path: &'static str) -> Response {
    (StatusCode::FOUND, [(LOCATION, path)]).into_response()
}

/// Who is logged in, and what they may do.
async fn who(session: &Session, users: &Users) -> Option<(String, Role)> {
    let name: String = session.get("name").await.ok()??;
    let epoch: u64 = session.get("epoch").await.ok()??;
    let role = users.role(&name)?;
    (users.epoch(&name) == Some(epoch)).then_some((name, role))
}

/// Nothing for an admin; for all others the answer.
async fn refusal(session: &Session, users: &Users, method: Method) -> Option<Response> {
    match who(session, users).await {
        Some((_, Role::Admin)) => None,
        Some((_, Role::User)) => Some(StatusCode::FORBIDDEN.into_response()),
        None if method == Method::GET => Some(Redirect::temporary("/login").into_response()),
        None => Some(to("/login")),
    }
}

async fn login(
    session: Session,
    Extension(users): Extension<Users>,
    Form(sent): Form<HashMap<String, String>>,
) -> Response {
    let field = |name: &str| sent.get(name).map(String::as_str).unwrap_or_default();
    let name = field("username");
    if !users.verify(name, field("password")) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let entered = async {
        session.cycle_id().await?;
        session.insert("name", name).await?;
        session.insert("epoch", users.epoch(name).unwrap_or_default()).await
    };
    match entered.await {
        Ok(()) => to("/dashboard"),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn logout(session: Session) -> Response {
    match session.flush().await {
        Ok(()) => to("/login"),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn dashboard(session: Session, Extension(users): Extension<Users>) -> Response {
    match who(&session, &users).await {
        Some((name, _)) => Html(format!("User dashboard of {}", escaped(&name))).into_response(),
        None => Redirect::temporary("/login").into_response(),
    }
}

async fn admin(session: Session, Extension(users): Extension<Users>, method: Method) -> Response {
    if let Some(refusal) = refusal(&session, &users, method).await {
        return refusal;
    }
    let names: String = users.names().iter().map(|name| format!("<li>{}", escaped(name))).collect();
    Html(format!("Admin dashboard<ol>{names}</ol>")).into_response()
}

fn is_last(users: &Users, name: &str) -> bool {
    let admins: Vec<_> = users.names().into_iter().filter(|name| users.role(name) == Some(Role::Admin)).collect();
    admins == [name]
}

async fn demote(
    session: Session,
    Extension(users): Extension<Users>,
    Path(name): Path<String>,
    method: Method,
) -> Response {
    if let Some(refusal) = refusal(&session, &users, method).await {
        return refusal;
    }
    if is_last(&users, &name) {
        return StatusCode::CONFLICT.into_response();
    }
    if users.set_role(&name, Role::User) { to("/admin") } else { StatusCode::NOT_FOUND.into_response() }
}

async fn delete(
    session: Session,
    Extension(users): Extension<Users>,
    Path(name): Path<String>,
    method: Method,
) -> Response {
    if let Some(refusal) = refusal(&session, &users, method).await {
        return refusal;
    }
    if is_last(&users, &name) {
        return StatusCode::CONFLICT.into_response();
    }
    if users.delete(&name) { to("/admin") } else { StatusCode::NOT_FOUND.into_response() }
}

async fn end_others(session: Session, Extension(users): Extension<Users>) -> Response {
    let Some((name, _)) = who(&session, &users).await else { return to("/login") };
    match session.insert("epoch", users.next_epoch(&name)).await {
        Ok(()) => to("/dashboard"),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
