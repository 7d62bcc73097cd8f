//! Loose keys with seconds; a session that has ended leaves a note in a new one, which is read once.

use std::collections::HashMap;

use axum::{
    Extension, Form, Router,
    extract::{FromRequestParts, Request},
    http::{StatusCode, request::Parts},
    middleware::{Next, from_fn},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::Users;
use session_inspector::Clock;
use tower_sessions::{Expiry, Session, SessionManagerLayer, SessionStore, cookie::time::Duration, session::Error};

use super::{ENDED, FORM, escaped};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

pub(in crate::timeouts) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/login", get(form).post(login))
        .route("/protected", get(protected))
        .route("/help", get(|| async { Html("<p>Help yourself") }))
        .route("/logout", post(logout))
        .layer(from_fn(tick))
        .layer(SessionManagerLayer::new(store))
}

/// Whoever is logged in.
struct Name(String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Redirect;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Redirect> {
        let away = || Redirect::to("/login");
        let session = Session::from_request_parts(parts, state).await.map_err(|_| away())?;
        session.get("name").await.ok().flatten().map(Self).ok_or_else(away)
    }
}

async fn look(session: &Session, now: i64) -> Result<(), Error> {
    let is_brought = session.id().is_some();
    let (Some(began), Some(seen)) = (session.get::<i64>("began").await?, session.get::<i64>("seen").await?) else {
        // The cookie leads to no session: there was one.
        return if is_brought && session.is_empty().await { session.insert("note", "expired").await } else { Ok(()) };
    };
    let long = session.get::<bool>("long").await?.unwrap_or_default();
    let is_over = if long { now >= began + 30 * DAY } else { now >= began + 8 * HOUR || now >= seen + 30 * MINUTE };
    if is_over {
        session.flush().await?;
        session.cycle_id().await?;
        session.insert("note", "expired").await
    } else {
        session.insert("seen", now).await
    }
}

async fn tick(session: Session, clock: Clock, request: Request, next: Next) -> Response {
    let now = clock.now().unix_timestamp();
    if look(&session, now).await.is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let response = next.run(request).await;
    let long = session.get::<bool>("long").await.ok().flatten().unwrap_or_default();
    if let Some(began) = session.get::<i64>("began").await.ok().flatten().filter(|_| long) {
        session.set_expiry(Some(Expiry::OnInactivity(Duration::seconds(began + 30 * DAY - now))));
    }
    response
}

async fn form(session: Session) -> Html<String> {
    let note = session.remove::<String>("note").await.ok().flatten();
    Html(format!("{}{FORM}", note.map_or("", |_| ENDED)))
}

async fn login(
    session: Session,
    clock: Clock,
    Extension(users): Extension<Users>,
    Form(sent): Form<HashMap<String, String>>,
) -> Result<Redirect, StatusCode> {
    let field = |name: &str| sent.get(name).cloned().unwrap_or_default();
    if !users.verify(&field("username"), &field("password")) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let now = clock.now().unix_timestamp();
    let enter = async {
        session.clear().await;
        session.cycle_id().await?;
        session.insert("name", field("username")).await?;
        session.insert("began", now).await?;
        session.insert("seen", now).await?;
        session.insert("long", sent.contains_key("remember")).await
    };
    enter.await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Redirect::to("/protected"))
}

async fn protected(Name(name): Name) -> Html<String> {
    Html(format!("<p>It is {}.", escaped(&name)))
}

async fn logout(session: Session) -> Result<Redirect, StatusCode> {
    session.flush().await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Redirect::to("/login"))
}
