//! Lesson 6, beyond the article: what comes after the first session.
//! Run with `cargo run -p lesson-6`.
//!
//! Each topic is a module with a demo below a path of its own; `index` lists them. All share one session.

mod index;
mod page;
mod two_at_once;

use axum::{
    Router,
    middleware::{from_fn_with_state, map_response_with_state},
};
use lesson_page::removal::{self, SessionCookie};
use session_guard::{Guard, Guarded, guard};
use tower_sessions::{SessionManagerLayer, SessionStore, cookie::SameSite};

/// The name of the session cookie.
const COOKIE: &str = "__Host-lesson-6";

/// The lesson on `store`.
pub fn app<S: SessionStore + Clone>(store: S) -> Router {
    let cookie = SessionCookie { name: COOKIE, same_site: SameSite::Lax };
    let sessions =
        SessionManagerLayer::new(Guarded::new(store.clone())).with_name(cookie.name).with_same_site(cookie.same_site);
    // What stands last sees a request first.
    Router::new()
        .merge(index::routes())
        .merge(two_at_once::routes(store))
        .merge(lesson_page::drop_session::routes())
        .layer(sessions)
        .layer(from_fn_with_state(Guard::new(COOKIE), guard))
        .layer(map_response_with_state(cookie, removal::complete))
}
