//! Plain strings and loose keys, fields in another order, 302, the session read by hand.

use axum::{
    Extension, Form, Router,
    http::{StatusCode, header::LOCATION},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use checks::Users;
use serde_json::json;
use tower_sessions::{Session, SessionManagerLayer, SessionStore, cookie::SameSite};

type Fields = std::collections::HashMap<String, String>;

pub(crate) fn app<S: SessionStore + Clone>(store: S) -> Router {
    let sessions = SessionManagerLayer::new(store).with_secure(false).with_same_site(SameSite::Lax).with_name("sid");
    Router::new()
        .route("/", get(async || "an extra page"))
        .route("/login", get(async || Html(FORM)).post(login))
        .route("/protected", get(protected))
        .route("/logout", post(logout))
        .layer(sessions)
}

const FORM: &str = r#"<form ACTION='/login' METHOD=POST>
    <input type=PASSWORD name='password'>
    <input type=search NAME=username>
    <input type=submit value=Go>
</form>"#;

async fn login(session: Session, Extension(users): Extension<Users>, Form(fields): Form<Fields>) -> Response {
    let (Some(name), Some(password)) = (fields.get("username"), fields.get("password")) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    if !users.verify(name, password) {
        return (StatusCode::UNAUTHORIZED, format!("No, {name}.")).into_response();
    }
    if session.cycle_id().await.is_err() || session.insert("visitor", json!({ "names": [name] })).await.is_err() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    found("/protected?welcome")
}

async fn protected(session: Session) -> Response {
    match session.get_value("visitor").await {
        Ok(Some(visitor)) => {
            let name = visitor["names"][0].as_str().unwrap_or_default().replace('&', "&amp;").replace('<', "&lt;");
            Html(format!("<p>Hello, <b>{name}</b>!")).into_response()
        }
        Ok(None) => found("/login"),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn logout(session: Session) -> Response {
    match session.flush().await {
        Ok(()) => found("/login"),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

fn found(path: &'static str) -> Response {
    (StatusCode::FOUND, [(LOCATION, path)]).into_response()
}
