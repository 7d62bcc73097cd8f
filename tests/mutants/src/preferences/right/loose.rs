//! Two keys with strings, both looked at before the first is saved; radio buttons.

use std::collections::HashMap;

use axum::{
    Extension, Form, Router,
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::Users;
use tower_sessions::{Session, SessionManagerLayer, SessionStore, session::Error};

use super::a_week;

const CHOICES: [(&str, [&str; 2]); 2] = [("theme", ["light", "dark"]), ("notifications", ["enabled", "disabled"])];

pub(in crate::preferences) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/set_preferences", get(form).post(set))
        .route("/profile", get(profile))
        .route("/login", post(login))
        .route("/", get(Redirect::to("/profile")))
        .layer(SessionManagerLayer::new(store).with_expiry(a_week()))
}

async fn chosen(session: &Session) -> Result<[String; 2], StatusCode> {
    let mut chosen = Vec::new();
    for (name, [default, _]) in CHOICES {
        let kept = session.get::<String>(name).await.map_err(broken)?;
        chosen.push(kept.unwrap_or_else(|| default.to_owned()));
    }
    chosen.try_into().map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

fn broken(_: Error) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}

async fn form(session: Session) -> Result<Html<String>, StatusCode> {
    let chosen = chosen(&session).await?;
    let mut page = format!("<!doctype html><html lang=en data-theme={}><form method=POST action='?'>", chosen[0]);
    for ((name, values), now) in CHOICES.iter().zip(&chosen) {
        for value in values {
            let checked = if value == now { "checked" } else { "" };
            page += &format!("<label><input type=radio name={name} value={value} {checked}>{value}</label>");
        }
    }
    Ok(Html(page + "<input type=submit value=Save></form>"))
}

async fn set(session: Session, Form(sent): Form<HashMap<String, String>>) -> Result<Response, StatusCode> {
    let mut valid = Vec::new();
    for (name, values) in CHOICES {
        match sent.get(name).filter(|value| values.contains(&value.as_str())) {
            Some(value) => valid.push((name, value)),
            None => {
                return Ok((StatusCode::UNPROCESSABLE_ENTITY, format!("{name} is missing or unknown")).into_response());
            }
        }
    }
    for (name, value) in valid {
        session.insert(name, value).await.map_err(broken)?;
    }
    Ok(Redirect::to("/profile").into_response())
}

async fn profile(session: Session) -> Result<Html<String>, StatusCode> {
    let [theme, notifications] = chosen(&session).await?;
    let list = format!("<dl><dt>Theme: <b>{theme}</b><dt>Notifications: <b>{notifications}</b></dl>");
    Ok(Html(format!("<!doctype html><html lang=en data-theme={theme}><h1>Profile</h1>{list}")))
}

async fn login(
    session: Session,
    Extension(users): Extension<Users>,
    Form(sent): Form<HashMap<String, String>>,
) -> Result<Response, StatusCode> {
    let (Some(name), Some(password)) = (sent.get("username"), sent.get("password")) else {
        return Err(StatusCode::UNAUTHORIZED);
    };
    if !users.verify(name, password) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    session.insert("user", name).await.map_err(broken)?;
    session.cycle_id().await.map_err(broken)?;
    Ok(Redirect::to("/profile").into_response())
}
