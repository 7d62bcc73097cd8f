//! Booleans in the session, 302 to an absolute address, and a session of its own making.

use axum::{
    Extension, Form, Router,
    http::{StatusCode, header::LOCATION},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use checks::Users;
use serde::Deserialize;
use tower_sessions::{Session, SessionManagerLayer, SessionStore};

use super::a_week;

#[derive(Deserialize)]
struct Sent {
    theme: String,
    notifications: String,
}

#[derive(Deserialize)]
struct Login {
    username: String,
    password: String,
}

pub(in crate::preferences) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/set_preferences", get(form).post(set))
        .route("/profile", get(profile))
        .route("/login", post(login))
        .layer(SessionManagerLayer::new(store).with_expiry(a_week()).with_name("preferences"))
}

fn to_the_profile() -> Response {
    (StatusCode::FOUND, [(LOCATION, "http://localhost/profile")]).into_response()
}

/// Dark, and silent.
async fn chosen(session: &Session) -> (bool, bool) {
    session.get("dark and silent").await.ok().flatten().unwrap_or_default()
}

fn head((dark, _): (bool, bool)) -> &'static str {
    if dark { "<!DOCTYPE html>\n<HTML Data-Theme='dark'>" } else { "<!DOCTYPE html>\n<HTML Data-Theme='light'>" }
}

async fn form(session: Session) -> Html<String> {
    let (dark, silent) = chosen(&session).await;
    let option = |text: &str, chosen: bool| format!("<option{}>{text}", if chosen { " selected=selected" } else { "" });
    Html(format!(
        "{}<form method=post action=set_preferences><select name=theme>{}{}</select><select name=notifications>{}{}</select><button>Save</button></form>",
        head((dark, silent)),
        option("dark", dark),
        option("light", !dark),
        option("disabled", silent),
        option("enabled", !silent),
    ))
}

async fn set(session: Session, Form(Sent { theme, notifications }): Form<Sent>) -> Response {
    let chosen = match (theme.as_str(), notifications.as_str()) {
        ("light", "enabled") => (false, false),
        ("light", "disabled") => (false, true),
        ("dark", "enabled") => (true, false),
        ("dark", "disabled") => (true, true),
        _ => return StatusCode::UNPROCESSABLE_ENTITY.into_response(),
    };
    match session.insert("dark and silent", chosen).await {
        Ok(()) => to_the_profile(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn profile(session: Session) -> Html<String> {
    let chosen = chosen(&session).await;
    let theme = if chosen.0 { "dark" } else { "light" };
    let notifications = if chosen.1 { "disabled" } else { "enabled" };
    Html(format!("{}<p>Theme: {theme}</p><p>Notifications: {notifications}</p>", head(chosen)))
}

/// Takes all there is, ends the old session, and puts it into a new one.
async fn login(session: Session, Extension(users): Extension<Users>, Form(sent): Form<Login>) -> Response {
    if !users.verify(&sent.username, &sent.password) {
        return (StatusCode::UNAUTHORIZED, Html("<p>No.")).into_response();
    }
    let entered = async {
        let chosen = chosen(&session).await;
        session.flush().await?;
        session.cycle_id().await?;
        session.insert("dark and silent", chosen).await?;
        session.insert("name", sent.username).await
    };
    match entered.await {
        Ok(()) => to_the_profile(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
