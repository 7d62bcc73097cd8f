//! Lesson 3, backends: one app, and any backend for its sessions. Run with `cargo run -p lesson-3 -- --store
//! sqlite:sessions.sqlite`.

pub mod address;
pub mod at_rest;
pub mod balancer;
pub mod cleaning;
pub mod front;
pub mod instance;
mod page;
pub mod proxy;
pub mod store;

use axum::{
    Extension, Router,
    middleware::{from_fn, from_fn_with_state},
    response::{Html, Redirect},
    routing::{get, post},
};
use lesson_page::{Failure, TIME_LIMIT, drop_session, time_limit, unavailable};
use minijinja::{context, value::Serde};
use serde::{Deserialize, Serialize};
use session_guard::{Guard, guard, run_again};
use tower_sessions::{Session, SessionManagerLayer, SessionStore, session::Error};

use crate::page::{Done, PAGES};

/// The cookie that carries the session ID.
const COOKIE: &str = "lesson-3";

/// The place where an app runs, for its pages.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Place {
    /// The address of the store, such as `sqlite:sessions.sqlite`, or empty if it is unknown.
    pub store: String,
    /// The number of this instance, if there are several.
    pub instance: Option<usize>,
}

/// Returns the lesson on `store`.
pub fn app<S: SessionStore + Clone>(store: S) -> Router {
    app_at(Place::default(), store)
}

/// Returns the lesson on `store`, with pages that name the place.
pub fn app_at<S: SessionStore + Clone>(place: Place, store: S) -> Router {
    let app = Router::new()
        .route("/set_session", post(set_session))
        .route("/count", post(count))
        .route("/clear_session", post(clear_session))
        .route_layer(from_fn(run_again)) // these routes change only the session
        .route("/", get(index))
        .route("/get_session", get(get_session))
        .route("/logout", post(logout))
        .merge(drop_session::routes())
        .layer(SessionManagerLayer::new(store).with_name(COOKIE))
        .layer(from_fn_with_state(Guard::new(COOKIE), guard))
        .layer(Extension(place));
    time_limit(app, TIME_LIMIT).layer(from_fn(unavailable::say))
}

/// The data that the session holds about its visitor.
#[derive(Default, Deserialize, Serialize)]
struct Visitor {
    username: Option<String>,
    count: u64,
}

impl Visitor {
    const KEY: &str = "visitor";

    async fn of(session: &Session) -> Result<Self, Error> {
        Ok(session.get(Self::KEY).await?.unwrap_or_default())
    }

    async fn remember(&self, session: &Session) -> Result<(), Error> {
        session.insert(Self::KEY, self).await
    }
}

async fn index(session: Session, Extension(place): Extension<Place>, done: Done) -> Result<Html<String>, Failure> {
    let visitor = Visitor::of(&session).await?;
    let id = session.id();
    PAGES.render(
        "index.html",
        context! {
            place => Serde(place),
            visitor => Serde(visitor),
            done => done.sentence(),
            id => id.map(|id| id.to_string()),
            key => id.map(|id| at_rest::key(&id)),
        },
    )
}

async fn set_session(session: Session) -> Result<Redirect, Failure> {
    let visitor = Visitor { username: Some("JohnDoe".to_owned()), ..Visitor::of(&session).await? };
    visitor.remember(&session).await?;
    Ok(Done::Set.back())
}

async fn get_session(session: Session, Extension(place): Extension<Place>) -> Result<Html<String>, Failure> {
    PAGES.render("who.html", context! { place => Serde(place), username => Visitor::of(&session).await?.username })
}

async fn count(session: Session) -> Result<Redirect, Failure> {
    let mut visitor = Visitor::of(&session).await?;
    visitor.count += 1;
    visitor.remember(&session).await?;
    Ok(Redirect::to("/"))
}

async fn clear_session(session: Session) -> Result<Redirect, Failure> {
    // Load first: `clear` alone would accept any ID that the browser sends, even one that nobody issued.
    Visitor::of(&session).await?;
    session.clear().await;
    Ok(Done::Cleared.back())
}

async fn logout(session: Session) -> Result<Redirect, Failure> {
    session.flush().await?;
    Ok(Done::LoggedOut.back())
}
