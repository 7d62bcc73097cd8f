//! Two requests at once: the lost update, the version that prevents it, and data that no version of a session can
//! protect.
//!
//! - `list`: a list in the session, over a store that compares nothing, and over one that compares;
//! - `stock`: data that all visitors share, sold without a version and with one.

mod list;
mod stock;

use std::time::Duration;

use axum::{
    Router,
    middleware::from_fn,
    response::Html,
    routing::{get, post},
};
use lesson_page::Failure;
use minijinja::context;
use session_guard::run_again;
use tower_http::csrf::CsrfLayer;
use tower_sessions::{SessionManagerLayer, SessionStore};

use crate::page::PAGES;
use stock::Stock;

/// The path of the demo.
pub(crate) const PATH: &str = "/two-at-once";
/// The cookie of the session whose saves are not compared.
const UNCOMPARED: &str = "__Host-lesson-6-uncompared";
/// The time that a handler waits between load and save, long enough to press a button in another tab.
const PAUSE: Duration = Duration::from_secs(2);

// ANCHOR: routes
/// Returns the same list twice: over the bare store, and over the lesson's own layers, which compare.
pub(crate) fn routes<S: SessionStore + Clone>(store: S) -> Router {
    let uncompared = SessionManagerLayer::new(store).with_name(UNCOMPARED);
    Router::new()
        .route(PATH, get(overview))
        .nest("/two-at-once/uncompared", list::routes().layer(uncompared))
        .nest("/two-at-once/compared", list::routes().layer(from_fn(run_again)))
        .route("/two-at-once/stock", get(stock::view))
        .route("/two-at-once/stock/uncompared", post(stock::sell_uncompared))
        .route("/two-at-once/stock/compared", post(stock::sell_compared))
        .route("/two-at-once/stock/refill", post(stock::refill))
        .layer(CsrfLayer::new())
        .with_state(Stock::default())
}
// ANCHOR_END: routes

async fn overview() -> Result<Html<String>, Failure> {
    PAGES.render("two_at_once.html", context! {})
}

/// Waits, like a handler that asks another server for a price or sends an email.
async fn think() {
    tokio::time::sleep(PAUSE).await;
}
