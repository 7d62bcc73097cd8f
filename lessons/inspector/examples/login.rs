//! An app with a login and two timeouts. Run it with `cargo run -p session-inspector --example login`.
//!
//! Log in, look at the inspector, and move the clock beyond one of the limits.
#![allow(missing_docs, reason = "an example has no readers of its docs")]

use axum::{
    Form, Router,
    response::{Html, Redirect},
    routing::{get, post},
};
use serde::Deserialize;
use session_inspector::Clock;
use time::{Duration, OffsetDateTime};
use tower_sessions::{Expiry, Session, SessionManagerLayer, SessionStore, session::Error};

const IDLE: Duration = Duration::minutes(30);
const ABSOLUTE: Duration = Duration::hours(8);

const PAGE: &str = r#"<h1>Who are you?</h1>
<form method="post" action="/login"><label>Name <input name="name"></label> <button>Log in</button></form>"#;

fn app<S: SessionStore + Clone>(store: S) -> Router {
    let sessions = SessionManagerLayer::new(store).with_expiry(Expiry::OnInactivity(IDLE)).with_always_save(true);
    Router::new().route("/", get(page)).route("/login", post(log_in)).layer(sessions)
}

async fn page(session: Session, clock: Clock) -> Result<Html<&'static str>, String> {
    let ends = session.get::<i64>("ends").await.map_err(words)?;
    let Some(ends) = ends.and_then(|ends| OffsetDateTime::from_unix_timestamp(ends).ok()) else {
        return Ok(Html(PAGE));
    };
    if clock.now() >= ends {
        session.flush().await.map_err(words)?;
        return Ok(Html(PAGE));
    }
    clock.note_absolute_limit(ends);
    Ok(Html("<h1>Welcome back</h1>"))
}

#[derive(Deserialize)]
struct Login {
    name: String,
}

async fn log_in(session: Session, clock: Clock, Form(Login { name }): Form<Login>) -> Result<Redirect, String> {
    let ends = clock.now() + ABSOLUTE;
    session.cycle_id().await.map_err(words)?;
    session.insert("name", name).await.map_err(words)?;
    session.insert("ends", ends.unix_timestamp()).await.map_err(words)?;
    clock.note_absolute_limit(ends);
    Ok(Redirect::to("/"))
}

fn words(error: Error) -> String {
    error.to_string()
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    session_inspector::serve("login", 4098, app).await
}
