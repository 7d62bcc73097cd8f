//! Lesson 6, beyond the article: a demo for each topic. Run with `cargo run -p lesson-6`.
//!
//! Each topic is a module with a demo below its own path, and `index` lists them. They share one session. Some also
//! have their own cookie.

mod api;
pub mod connection;
pub mod elsewhere;
pub mod flask;
mod index;
mod page;
mod refusal;
pub mod release;
mod sent_cookie;
pub mod token;
mod two_at_once;
mod watching;

use std::time::Duration;

use axum::{
    Router,
    middleware::{from_fn_with_state, map_response, map_response_with_state},
};
use connection::{Channel, PublishingStore};
use lesson_page::removal::{self, SessionCookie};
use session_guard::{Guard, Guarded, guard};
use tower_sessions::{SessionManagerLayer, SessionStore, cookie::SameSite};

use crate::{
    elsewhere::{ClientChecks, Elsewhere, Registration},
    watching::{Monitor, MonitoredStore},
};

/// The name of the session cookie.
const COOKIE: &str = "__Host-lesson-6";

/// The modules whose events the program prints in the terminal.
pub const LOGGED: &[&str] = &["lesson_6::watching"];

/// The interval at which an open connection checks its session.
const CHECK_EVERY: Duration = Duration::from_secs(10);

/// The port of the lesson when it is served alone.
pub const PORT: u16 = 4006;

/// Returns the origins whose pages may use the API, when the lesson is served alone at this port, and in the studio.
fn friends(port: u16) -> [String; 2] {
    [format!("http://friend.shop.localhost:{port}"), "http://friend.lesson-6.workbook.localhost:4000".to_owned()]
}

/// Returns the lesson on `store`.
pub fn app<S: SessionStore + Clone>(store: S) -> Router {
    app_on(PORT, None, store)
}

/// Like [`app`], but visitors log in at the provider of this registration.
pub fn app_at<S: SessionStore + Clone>(registration: Registration, store: S) -> Router {
    app_on(PORT, Some(registration), store)
}

/// Returns the lesson for this port, with the provider of this registration or with its own.
pub fn app_on<S: SessionStore + Clone>(port: u16, registration: Option<Registration>, store: S) -> Router {
    let elsewhere = registration.map_or_else(|| Elsewhere::new(ClientChecks::ALL), Elsewhere::at);
    let friends = friends(port);
    let channel = Channel::in_process();
    let connections = connection::routes(channel.clone(), CHECK_EVERY);
    with(elsewhere, &friends.each_ref().map(String::as_str), connections, channel, store)
}

/// Like [`app`], with only these checks for the OpenID Connect login, and with these routes for connections, which
/// `channel` notifies when a session ends.
pub fn app_with<S: SessionStore + Clone>(
    checks: ClientChecks,
    connections: Router,
    channel: Channel,
    store: S,
) -> Router {
    with(Elsewhere::new(checks), &[], connections, channel, store)
}

/// Like [`app`], with an API for the pages of these origins.
pub fn app_for<S: SessionStore + Clone>(friends: &[&str], store: S) -> Router {
    with(Elsewhere::new(ClientChecks::ALL), friends, Router::new(), Channel::in_process(), store)
}

fn with<S: SessionStore + Clone>(
    elsewhere: Elsewhere,
    friends: &[&str],
    connections: Router,
    channel: Channel,
    store: S,
) -> Router {
    let monitor = Monitor::default();
    let cookie = SessionCookie { name: COOKIE, same_site: SameSite::Lax };
    let watched = PublishingStore::new(MonitoredStore::new(store.clone(), monitor.clone()), channel);
    let sessions =
        SessionManagerLayer::new(Guarded::new(watched)).with_name(cookie.name).with_same_site(cookie.same_site);
    // The last layer receives a request first.
    let with_sessions = |routes: Router| {
        routes
            .layer(sessions.clone())
            .layer(from_fn_with_state(Guard::new(COOKIE), guard))
            .layer(map_response_with_state(cookie, removal::complete))
            .layer(from_fn_with_state(monitor.clone(), watching::watch))
    };
    let pages = Router::new()
        .merge(index::routes())
        .merge(flask::demo())
        .merge(token::routes())
        .merge(elsewhere.routes())
        .merge(connections)
        .merge(api::pages(friends))
        .merge(release::routes())
        .merge(watching::routes(monitor.clone()))
        .merge(two_at_once::routes(store))
        .merge(lesson_page::drop_session::routes());
    let api = api::readable_by(friends, with_sessions(api::routes(friends)));
    elsewhere.beside(with_sessions(pages).merge(api)).layer(map_response(refusal::in_words))
}
