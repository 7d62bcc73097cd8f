//! One handler for both methods, as in Flask; a date of expiry; every change saved at once.

use axum::{
    Extension, Form, Router,
    extract::{FromRequest, Request},
    http::{Method, StatusCode},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{any, get, post},
};
use checks::Users;
use serde::Deserialize;
use tower_sessions::{
    Expiry, Session, SessionManagerLayer, SessionStore,
    cookie::time::{Duration, OffsetDateTime},
    session::Error,
};

#[derive(Deserialize)]
struct Login {
    username: String,
    password: String,
}

pub(in crate::preferences) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/set_preferences", any(set_preferences))
        .route("/profile", get(profile))
        .route("/login", post(login))
        .layer(SessionManagerLayer::new(store).with_name("__Host-p"))
}

/// From now on.
fn in_a_year() -> Option<Expiry> {
    Some(Expiry::AtDateTime(OffsetDateTime::now_utc() + Duration::days(365)))
}

/// A place in this list is what is kept.
const ALL: [(&str, &str); 4] = [("light", "enabled"), ("light", "disabled"), ("dark", "enabled"), ("dark", "disabled")];

async fn place(session: &Session) -> Result<usize, Refused> {
    Ok(session.get("place").await?.filter(|place| *place < ALL.len()).unwrap_or(0))
}

async fn set_preferences(session: Session, request: Request) -> Result<Response, Refused> {
    match *request.method() {
        Method::GET | Method::HEAD => return Ok(form(ALL[place(&session).await?]).into_response()),
        Method::POST => {}
        _ => return Ok(StatusCode::METHOD_NOT_ALLOWED.into_response()),
    }
    let Form(fields) = match Form::<Vec<(String, String)>>::from_request(request, &()).await {
        Ok(fields) => fields,
        Err(refused) => return Ok(refused.into_response()),
    };
    let field = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str());
    let sent = field("theme").zip(field("notifications"));
    let Some(place) = sent.and_then(|sent| ALL.iter().position(|known| *known == sent)) else {
        return Ok(StatusCode::UNPROCESSABLE_ENTITY.into_response());
    };
    session.set_expiry(in_a_year());
    session.insert("place", place).await?;
    session.save().await?;
    Ok(Redirect::to("./profile").into_response())
}

fn form((theme, notifications): (&str, &str)) -> Html<String> {
    // The current choice stands first, and so it is the one that is sent.
    let other_theme = if theme == "light" { "dark" } else { "light" };
    let other = if notifications == "enabled" { "disabled" } else { "enabled" };
    Html(format!(
        "<!doctype html><html data-theme=\"{theme}\"><head><title>Theme: dark or light?</title></head><body><form method=post>\
        <select name=theme><option value={theme}>Now: {theme}</option><option value={other_theme}>{other_theme}</option></select>\
        <select name=notifications><option value={notifications}>Now: {notifications}</option><option value={other}>{other}</option></select>\
        <input type=submit></form></body></html>"
    ))
}

async fn profile(session: Session) -> Result<Html<String>, Refused> {
    let (theme, notifications) = ALL[place(&session).await?];
    Ok(Html(format!(
        "<!doctype html><html data-theme=\"{theme}\"><p>Theme:\n  {theme}<br>Notifications:\n  {notifications}"
    )))
}

async fn login(
    session: Session,
    Extension(users): Extension<Users>,
    Form(sent): Form<Login>,
) -> Result<Redirect, Refused> {
    if !users.verify(&sent.username, &sent.password) {
        return Err(Refused(StatusCode::UNAUTHORIZED));
    }
    session.set_expiry(in_a_year());
    session.cycle_id().await?;
    session.insert("login", vec![sent.username]).await?;
    session.save().await?;
    Ok(Redirect::to("/profile"))
}

struct Refused(StatusCode);

impl From<Error> for Refused {
    fn from(_: Error) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, "No.").into_response()
    }
}
