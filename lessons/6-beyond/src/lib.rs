//! Lesson 6, beyond the article: topics for after the first session. Run with `cargo run -p lesson-6`.
//!
//! Each topic is a module with a demo below a path of its own; `index` lists them. They share
//! one session. Some have a cookie of their own as well.

pub mod api;
pub mod connection;
pub mod elsewhere;
pub mod flask;
mod index;
mod page;
mod refusal;
pub mod release;
pub mod token;
mod two_at_once;
mod watching;

use std::time::Duration;

use axum::{
    Router,
    middleware::{from_fn_with_state, map_response, map_response_with_state},
};
use connection::Channel;
use lesson_page::removal::{self, SessionCookie};
use session_guard::{Guard, Guarded, guard};
use tower_sessions::{SessionManagerLayer, SessionStore, cookie::SameSite};

use crate::{
    elsewhere::{ClientChecks, Elsewhere, Registration},
    watching::{Watch, Watched},
};

/// The name of the session cookie.
const COOKIE: &str = "__Host-lesson-6";

/// The modules whose events the program shows in the terminal.
pub const LOGGED: &[&str] = &["lesson_6::watching"];

/// How often an open connection checks its session.
const CHECK_EVERY: Duration = Duration::from_secs(10);

/// The origins whose pages may use the API, when the lesson is served alone and in the studio.
const FRIENDS: &[&str] = &["http://friend.shop.localhost:4006", "http://friend.lesson-6.workbook.localhost:4000"];

/// The lesson on `store`.
pub fn app<S: SessionStore + Clone>(store: S) -> Router {
    app_with(ClientChecks::ALL, connections_and_api(), store)
}

/// Like [`app`], but visitors log in at the provider of this registration.
pub fn app_at<S: SessionStore + Clone>(registration: Registration, store: S) -> Router {
    with(Elsewhere::at(registration), connections_and_api(), store)
}

/// Like [`app`], with only these checks for the OpenID Connect login, and with these routes for connections and the
/// API.
pub fn app_with<S: SessionStore + Clone>(checks: ClientChecks, more: Router, store: S) -> Router {
    with(Elsewhere::new(checks), more, store)
}

fn connections_and_api() -> Router {
    connection::routes(Channel::in_process(), CHECK_EVERY).merge(api::routes(FRIENDS))
}

fn with<S: SessionStore + Clone>(elsewhere: Elsewhere, more: Router, store: S) -> Router {
    let watch = Watch::default();
    let cookie = SessionCookie { name: COOKIE, same_site: SameSite::Lax };
    let sessions = SessionManagerLayer::new(Guarded::new(Watched::new(store.clone(), watch.clone())))
        .with_name(cookie.name)
        .with_same_site(cookie.same_site);
    // What stands last sees a request first.
    let pages = Router::new()
        .merge(index::routes())
        .merge(flask::demo())
        .merge(token::routes())
        .merge(elsewhere.routes())
        .merge(more)
        .merge(release::routes())
        .merge(watching::routes(watch.clone()))
        .merge(two_at_once::routes(store))
        .merge(lesson_page::drop_session::routes())
        .layer(sessions)
        .layer(from_fn_with_state(Guard::new(COOKIE), guard))
        .layer(map_response_with_state(cookie, removal::complete))
        .layer(from_fn_with_state(watch, watching::watch));
    elsewhere.beside(pages).layer(map_response(refusal::in_words))
}
