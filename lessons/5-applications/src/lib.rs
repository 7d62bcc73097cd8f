//! Lesson 5, applications: the shop that the article builds in pieces, as one app.
//! Run with `cargo run -p lesson-5`.
//!
//! # Layout
//!
//! - [`shop`]: the data that outlives a session, in the database: accounts, logins and orders.
//! - `visitor`: the sender of a request; `login`: login, registration, logout; `my_sessions`: a user's other logins;
//!   `roles`: the permissions of a user.
//! - `cart`, `checkout`, `history`, `language`, `preferences`, `flash`: one feature each, with its part of the session
//!   data (`session_data`).
//! - `page`: the parts that all pages share.

mod cart;
mod catalogue;
mod checkout;
mod flash;
mod history;
mod language;
mod login;
mod my_sessions;
mod page;
mod preferences;
mod roles;
mod session_data;
pub mod shop;
mod visitor;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state, map_response_with_state},
    routing::{get, post},
};
use lesson_4::{
    defence::{guesses::LONGEST_FORM, headers::Headers, origin, password::Passwords},
    request::method_not_allowed,
};
use lesson_page::{
    TIME_LIMIT, drop_session,
    removal::{self, SessionCookie},
    time_limit, unavailable,
};
use session_guard::{Guard, Guarded, Renewal, guard, run_again};
use time::Duration;
use tower_sessions::{Expiry, SessionManagerLayer, SessionStore, cookie::SameSite};

use crate::{page::PAGES, shop::Shop};

/// The name of the session cookie. Because of its prefix, no other host can set it (RFC 6265bis 4.1.3.2).
const COOKIE: &str = "__Host-lesson-5";
/// The idle timeout of a session.
const IDLE: Duration = Duration::DAY;

/// Returns the lesson on `store`, with its own shop in memory.
pub fn app<S: SessionStore + Clone>(store: S) -> Router {
    app_with(Shop::in_memory(Passwords::new()), store)
}

// ANCHOR: layers
/// Returns the pages of this shop, with sessions in `store`.
pub fn app_with<S: SessionStore + Clone>(shop: Shop, store: S) -> Router {
    app_within(TIME_LIMIT, shop, store)
}

/// Like [`app_with`], with a time limit of `limit` for each answer.
pub fn app_within<S: SessionStore + Clone>(limit: std::time::Duration, shop: Shop, store: S) -> Router {
    let cookie = SessionCookie { name: COOKIE, same_site: SameSite::Lax };
    let sessions = SessionManagerLayer::new(Guarded::new(store))
        .with_name(cookie.name)
        .with_expiry(Expiry::OnInactivity(IDLE))
        .with_same_site(cookie.same_site);
    // The last layer receives a request first.
    let pages = pages()
        .layer(DefaultBodyLimit::max(LONGEST_FORM))
        .layer(from_fn(history::track))
        .layer(from_fn_with_state(Renewal::new(Duration::minutes(15)), Renewal::renew))
        .merge(drop_session::routes())
        .layer(sessions)
        .layer(from_fn_with_state(Guard::new(COOKIE), guard))
        .layer(map_response_with_state(cookie, removal::complete));
    let pages = time_limit(pages, limit).layer(from_fn(unavailable::say)).layer(origin::check());
    Headers::new(&PAGES.style_source(), &frame_ancestors(), false).around(pages).with_state(shop)
}
// ANCHOR_END: layers

/// Returns the sites that may show these pages in a frame: the studio that has started this program, or none if it runs
/// alone.
fn frame_ancestors() -> String {
    std::env::var(session_inspector::Parent::VARIABLE).unwrap_or_else(|_| "'none'".to_owned())
}

// ANCHOR: again
/// Returns the routes that change nothing but the session, or that have the same effect when they run twice. After a
/// conflict such a request runs again, and so does every GET.
fn pages() -> Router<Shop> {
    Router::new()
        .route("/set_language/{language}", post(language::set))
        .route("/add_to_cart/{item}", post(cart::add))
        .route("/remove_from_cart/{item}", post(cart::remove))
        .route("/clear_cart", post(cart::clear))
        .route("/set_preferences", get(preferences::form).post(preferences::set))
        .route("/checkout", post(checkout::checkout)) // its token lets it buy once
        .route("/accounts/{id}/role", post(roles::set_role))
        .route_layer(from_fn(run_again))
        .merge(others())
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(page::not_found)
}
// ANCHOR_END: again

fn others() -> Router<Shop> {
    Router::new()
        .route("/", get(language::hello))
        .route("/login", get(login::form).post(login::login))
        .route("/register", post(login::register))
        .route("/logout", post(login::logout))
        .route("/profile", get(login::profile))
        .route("/dashboard", get(roles::dashboard))
        .route("/accounts/{id}/end_sessions", post(roles::end_sessions))
        .route("/accounts/{id}/delete", post(roles::delete))
        .route("/view_cart", get(cart::view))
        .route("/view_history", get(history::view))
        .route("/sessions", get(my_sessions::list))
        .route("/sessions/{id}/end", post(my_sessions::end))
        .route("/sessions/end_others", post(my_sessions::end_others))
        .route("/sessions/confirm", post(my_sessions::confirm))
        .route("/password", post(my_sessions::change_password))
}
