//! Lesson 1, basics: one login in two ways, side by side: in a server-side session and in a signed cookie.
//! Run with `cargo run -p lesson-1`.

pub mod key;
mod mallory;
mod page;
mod server_side;
mod signed_cookie;
pub mod signed_value;

use std::collections::HashMap;

use axum::{Router, extract::Query, response::Html, routing::get};
use axum_extra::extract::{CookieJar, SignedCookieJar, cookie::Key};
use lesson_page::Failure;
use minijinja::context;
use session_inspector::Clock;
use tower_sessions::{Session, SessionManagerLayer, SessionStore};

use crate::{page::PAGES, server_side::Visitor};

/// The name of the cookie that carries the session ID. No other lesson uses it, because two apps on one host that share
/// a cookie name read each other's cookies.
const COOKIE: &str = "lesson-1";

/// Returns the lesson on `store`, with a random key that ends with the process.
pub fn app<S: SessionStore + Clone>(store: S) -> Router {
    app_with_key(store, Key::generate())
}

/// Returns the lesson on `store`. `key` signs the cookie of the part without a session on the server.
pub fn app_with_key<S: SessionStore + Clone>(store: S, key: Key) -> Router {
    let pages = Router::new()
        .route("/", get(index))
        .merge(server_side::routes())
        .nest("/cookie", signed_cookie::routes())
        .merge(lesson_page::drop_session::routes())
        // ANCHOR: layer
        .layer(SessionManagerLayer::new(store).with_name(COOKIE))
        // ANCHOR_END: layer
        .with_state(key);
    mallory::overhears(pages)
}

async fn index(
    session: Session,
    signed: SignedCookieJar,
    plain: CookieJar,
    clock: Clock,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Html<String>, Failure> {
    let said = |half: &str| query.get(half).and_then(|what| page::sentence(what));
    PAGES.render(
        "index.html",
        context! {
            server => context! {
                user => Visitor::of(&session).await?.map(|visitor| visitor.username),
                id => session.id().map(|id| id.to_string()),
                said => said("server"),
            },
            cookie => context! {
                user => signed_cookie::read(&signed, &clock).map(|visitor| visitor.username),
                value => plain.get(signed_cookie::COOKIE).map(|cookie| cookie.value().to_owned()),
                readable => plain.get(signed_cookie::COOKIE).and_then(|cookie| signed_cookie::without_the_key(cookie.value())),
                said => said("cookie"),
            },
        },
    )
}
