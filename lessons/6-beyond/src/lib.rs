//! Lesson 6, beyond the article: what comes after the first session.
//! Run with `cargo run -p lesson-6`.
//!
//! Each topic is a module with a demo below a path of its own; `index` lists them. All share one session.

pub mod elsewhere;
pub mod flask;
mod index;
mod page;
pub mod release;
mod watching;

use axum::{
    Router,
    middleware::{from_fn_with_state, map_response_with_state},
};
use lesson_page::removal::{self, SessionCookie};
use session_guard::{Guard, Guarded, guard};
use tower_sessions::{SessionManagerLayer, SessionStore, cookie::SameSite};

use crate::{
    elsewhere::{Care, Elsewhere},
    watching::{Watch, Watched},
};

/// The name of the session cookie.
const COOKIE: &str = "__Host-lesson-6";

/// The lesson on `store`.
pub fn app<S: SessionStore + Clone>(store: S) -> Router {
    app_with(Care::ALL, store)
}

/// The same, whose login elsewhere makes these checks alone.
pub fn app_with<S: SessionStore + Clone>(care: Care, store: S) -> Router {
    let elsewhere = Elsewhere::new(care);
    let watch = Watch::default();
    let cookie = SessionCookie { name: COOKIE, same_site: SameSite::Lax };
    let sessions = SessionManagerLayer::new(Guarded::new(Watched::new(store, watch.clone())))
        .with_name(cookie.name)
        .with_same_site(cookie.same_site);
    // What stands last sees a request first.
    let pages = Router::new()
        .merge(index::routes())
        .merge(release::routes())
        .merge(watching::routes(watch.clone()))
        .merge(elsewhere.routes())
        .merge(flask::demo())
        .merge(lesson_page::drop_session::routes())
        .layer(sessions)
        .layer(from_fn_with_state(Guard::new(COOKIE), guard))
        .layer(map_response_with_state(cookie, removal::complete))
        .layer(from_fn_with_state(watch, watching::watch));
    elsewhere.beside(pages)
}
