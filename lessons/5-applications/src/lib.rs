//! Lesson 5, applications: the shop that the article builds in pieces, as one app.
//! Run with `cargo run -p lesson-5`.
//!
//! # Layout
//!
//! - [`shop`]: what outlives a session: the database, the accounts in it, who is logged in where, the orders.
//! - `visitor`: who sent a request; `login`, `my_sessions`, `roles`: in and out, where else, and what one may do.
//! - `cart`, `checkout`, `history`, `language`, `preferences`, `flash`: one feature each, with what it keeps in the
//!   session (`kept`).
//! - `turns`: requests of one session take turns.
//! - `page`: a page with all that every page shows.

mod cart;
mod catalogue;
mod checkout;
mod flash;
mod history;
mod kept;
mod language;
mod login;
mod my_sessions;
mod page;
mod preferences;
mod roles;
pub mod shop;
mod turns;
mod visitor;

use std::future::ready;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state, map_response},
    routing::{get, post},
};
use lesson_4::defence::{
    guesses::LONGEST_FORM, headers::Headers, origin, password::Passwords, renewal::Renewal, revival::NeverRevive,
};
use lesson_page::{TIME_LIMIT, time_limit};
use time::Duration;
use tower_sessions::{Expiry, SessionManagerLayer, SessionStore};

use crate::{page::PAGES, shop::Shop, turns::Turns};

/// The name of the session cookie.
const COOKIE: &str = "lesson-5";
/// Who may show these pages in a frame: the workbook's studio, beside the chapter.
const STUDIO: &str = "http://workbook.localhost:*";
/// A session that nobody uses for so long is over.
const IDLE: Duration = Duration::DAY;

/// The lesson on `store`, with a shop of its own in memory.
pub fn app<S: SessionStore + Clone>(store: S) -> Router {
    app_with(Shop::in_memory(Passwords::new()), store)
}

// ANCHOR: layers
/// The pages of this shop, with sessions in `store`.
pub fn app_with<S: SessionStore + Clone>(shop: Shop, store: S) -> Router {
    app_within(TIME_LIMIT, shop, store)
}

/// The same, and each answer takes no longer than `limit`.
pub fn app_within<S: SessionStore + Clone>(limit: std::time::Duration, shop: Shop, store: S) -> Router {
    let sessions = SessionManagerLayer::new(NeverRevive::new(store))
        .with_name(COOKIE)
        .with_expiry(Expiry::OnInactivity(IDLE))
        .with_same_site(tower_sessions::cookie::SameSite::Lax);
    let renewal = Renewal::new(COOKIE, Duration::minutes(15), Duration::seconds(30));
    let headers = Headers::new(&PAGES.style_source(), STUDIO, false);
    // What stands last sees a request first.
    let pages = pages()
        .layer(DefaultBodyLimit::max(LONGEST_FORM))
        .layer(from_fn(history::track))
        .layer(from_fn_with_state(renewal.clone(), Renewal::renew))
        .layer(sessions)
        .layer(from_fn_with_state(renewal, Renewal::follow))
        .layer(from_fn_with_state(Turns::default(), turns::take));
    time_limit(pages, limit)
        .layer(from_fn(origin::check))
        .layer(map_response(move |response| ready(headers.on(response))))
        .with_state(shop)
}
// ANCHOR_END: layers

fn pages() -> Router<Shop> {
    Router::new()
        .route("/", get(language::hello))
        .route("/set_language/{language}", post(language::set))
        .route("/login", get(login::form).post(login::login))
        .route("/register", post(login::register))
        .route("/logout", post(login::logout))
        .route("/profile", get(login::profile))
        .route("/dashboard", get(roles::dashboard))
        .route("/accounts/{id}/role", post(roles::set_role))
        .route("/accounts/{id}/end_sessions", post(roles::end_sessions))
        .route("/accounts/{id}/delete", post(roles::delete))
        .route("/add_to_cart/{item}", post(cart::add))
        .route("/remove_from_cart/{item}", post(cart::remove))
        .route("/clear_cart", post(cart::clear))
        .route("/view_cart", get(cart::view))
        .route("/checkout", post(checkout::checkout))
        .route("/view_history", get(history::view))
        .route("/set_preferences", get(preferences::form).post(preferences::set))
        .route("/sessions", get(my_sessions::list))
        .route("/sessions/{id}/end", post(my_sessions::end))
        .route("/sessions/end_others", post(my_sessions::end_others))
        .route("/sessions/confirm", post(my_sessions::confirm))
        .route("/password", post(my_sessions::change_password))
        .method_not_allowed_fallback(page::not_so)
        .fallback(page::missing)
}
