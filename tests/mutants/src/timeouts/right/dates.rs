//! Two dates in a JSON value: until when it lives untouched, and until when at all.

use axum::{
    Extension, Form, Router,
    extract::{Query, Request},
    http::{StatusCode, header::LOCATION},
    middleware::{Next, from_fn},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::Users;
use serde_json::{Value, json};
use session_inspector::Clock;
use tower_sessions::{Expiry, Session, SessionManagerLayer, SessionStore, cookie::time::Duration};

use super::{ENDED, FORM, escaped};

pub(in crate::timeouts) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/login", get(form).post(login))
        .route("/protected", get(protected))
        .route("/help", get("Help"))
        .route("/logout", post(logout))
        .layer(from_fn(guard))
        .layer(SessionManagerLayer::new(store).with_expiry(Expiry::OnSessionEnd).with_name("__Host-dates"))
}

async fn guard(session: Session, Now(now): Now, mut request: Request, next: Next) -> Response {
    let Ok(visit) = session.get_value("visit").await else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    if let Some(mut visit) = visit {
        let date = |name: &str| visit[name].as_i64().unwrap_or(i64::MAX);
        if now >= date("idle") || now >= date("end") {
            let _ = session.flush().await;
            request.extensions_mut().insert(TooLate);
        } else if visit["idle"].is_number() {
            visit["idle"] = json!(now + 30 * 60);
            let _ = session.insert_value("visit", visit).await;
        }
    }
    let response = next.run(request).await;
    if let Ok(Some(visit)) = session.get_value("visit").await
        && visit["idle"].is_null()
        && let Some(end) = visit["end"].as_i64()
    {
        session.set_expiry(Some(Expiry::OnInactivity(Duration::seconds(end - now))));
    }
    response
}

#[derive(Clone, Copy)]
struct TooLate;

/// Seconds since 1970.
struct Now(i64);

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for Now {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, state: &S) -> Result<Self, Self::Rejection> {
        let clock = Clock::from_request_parts(parts, state).await?;
        Ok(Self(clock.now().unix_timestamp()))
    }
}

async fn form(Query(query): Query<Vec<(String, String)>>) -> Html<String> {
    Html(format!("{}{FORM}", if query.is_empty() { "" } else { ENDED }))
}

async fn login(
    session: Session,
    Now(now): Now,
    Extension(users): Extension<Users>,
    Form(sent): Form<Value>,
) -> Response {
    let text = |name: &str| sent[name].as_str().unwrap_or_default().to_owned();
    if !users.verify(&text("username"), &text("password")) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let visit = match sent.get("remember") {
        Some(_) => json!({ "name": sent["username"], "idle": null, "end": now + 30 * 24 * 60 * 60 }),
        None => json!({ "name": sent["username"], "idle": now + 30 * 60, "end": now + 8 * 60 * 60 }),
    };
    if session.cycle_id().await.is_err() || session.insert_value("visit", visit).await.is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    (StatusCode::FOUND, [(LOCATION, "http://localhost/protected")]).into_response()
}

async fn protected(session: Session, late: Option<Extension<TooLate>>) -> Response {
    match session.get_value("visit").await {
        Ok(Some(visit)) => Html(escaped(visit["name"].as_str().unwrap_or_default())).into_response(),
        _ if late.is_some() => Redirect::temporary("/login?late=1").into_response(),
        _ => Redirect::temporary("/login").into_response(),
    }
}

async fn logout(session: Session) -> Redirect {
    let _ = session.flush().await;
    Redirect::to("/login")
}
