//! The shop's pages, with any set of defenses: the vulnerable shop has none, and the hardened shop has all.

mod login;
mod pages;
mod visitor;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state, map_request, map_response_with_state},
    routing::{MethodRouter, get, post},
};
use lesson_page::{
    TIME_LIMIT, drop_session,
    removal::{self, SessionCookie},
    time_limit, unavailable,
};
use session_guard::{Guard, Guarded, Renewal, guard, readable_cookies};
use time::Duration;
use tower_sessions::{SessionManagerLayer, SessionStore, cookie::SameSite, session::Id};

use crate::{
    article,
    defence::{
        Defence, Defences, csrf,
        device::Devices,
        guesses::{Guesses, LONGEST_FORM},
        headers::Headers,
        origin,
    },
    page,
    request::method_not_allowed,
    shop::Shop,
};

/// The two names of the cookie with the session ID. Any host of the domain can set a cookie with the first name, but
/// only the shop itself one with the second (RFC 6265bis 4.1.3.2).
pub(crate) const COOKIES: [&str; 2] = ["shop", "__Host-shop"];

/// The pages of one shop, and their state. Clones share it.
#[derive(Clone)]
pub(crate) struct Site(Arc<Inner>);

pub(crate) struct Inner {
    /// `vulnerable` or `hardened`. It is also the key of the visitor in the session, so that a session of one shop is
    /// not valid in the other.
    pub(crate) name: &'static str,
    pub(crate) defences: Defences,
    pub(crate) shop: Shop,
    /// Signs the article's cookie.
    key: Vec<u8>,
    guesses: Guesses,
    devices: Devices,
    https: bool,
}

impl std::ops::Deref for Site {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Site {
    pub(crate) fn new(name: &'static str, defences: Defences, shop: Shop, https: bool) -> Self {
        let key = if defences.has(Defence::RandomKey) {
            [Id::default(), Id::default()].iter().flat_map(|id| id.0.to_be_bytes()).collect()
        } else {
            article::PUBLISHED_KEY.to_vec()
        };
        let (guesses, devices) = (Guesses::new(), Devices::random());
        Self(Arc::new(Inner { name, defences, shop, key, guesses, devices, https }))
    }

    /// Returns the name of the cookie with the session ID.
    pub(crate) fn cookie(&self) -> &'static str {
        COOKIES[usize::from(self.defences.has(Defence::HostPrefix))]
    }

    // ANCHOR: layers
    /// Returns the site's pages on `store`.
    pub(crate) fn serve<S: SessionStore + Clone>(self, store: S) -> Router {
        if self.is_guarded() { self.on(Guarded::new(store)) } else { self.on(store) }
    }

    fn on<S: SessionStore + Clone>(self, store: S) -> Router {
        let has = |defence| self.defences.has(defence);
        let same_site = if has(Defence::SameSite) { SameSite::Lax } else { SameSite::None };
        let cookie = SessionCookie { name: self.cookie(), same_site };
        let sessions = SessionManagerLayer::new(store)
            .with_name(cookie.name)
            .with_http_only(has(Defence::HttpOnly))
            .with_same_site(same_site);
        let mut pages = self.pages().layer(DefaultBodyLimit::max(LONGEST_FORM));
        if has(Defence::CsrfToken) {
            pages = pages.layer(from_fn(csrf::require_token));
        }
        if has(Defence::RenewOften) {
            pages = pages.layer(from_fn_with_state(Renewal::new(Duration::minutes(15)), Renewal::renew));
        }
        pages = pages.merge(drop_session::routes()).layer(sessions);
        if self.is_guarded() {
            pages = pages.layer(from_fn_with_state(Guard::new(cookie.name), guard));
        }
        if has(Defence::HostPrefix) {
            pages = pages.layer(map_request(readable_cookies)); // compares the name as it was sent
        }
        pages = pages.layer(map_response_with_state(cookie, removal::complete));
        pages = time_limit(pages, TIME_LIMIT).layer(from_fn(unavailable::say));
        if has(Defence::OriginCheck) {
            pages = pages.layer(origin::check());
        }
        if has(Defence::Headers) {
            pages = Headers::new(page::STYLE.as_str(), "'none'", self.https).around(pages);
        }
        pages.with_state(self)
    }
    // ANCHOR_END: layers

    /// Whether the guard is on. Both defenses apply to overlapping requests of one session, and use the same layers
    /// around the session layer.
    fn is_guarded(&self) -> bool {
        self.defences.has(Defence::SaveOnlyUpdates) || self.defences.has(Defence::RenewOften)
    }

    fn pages(&self) -> Router<Self> {
        Router::new()
            .route("/", get(pages::index))
            .route("/login", post(login::login))
            .route("/logout", self.also_by_get(post(login::logout), get(login::logout)))
            .route("/clear_session", post(login::clear_session))
            .route("/buy", self.also_by_get(post(pages::buy), get(pages::buy_by_get)))
            .route("/wish", post(pages::wish))
            .route("/note", post(pages::note))
            .route("/email", post(pages::email))
            .route("/banner", post(pages::banner))
            .method_not_allowed_fallback(method_not_allowed)
    }

    /// Accepts a GET, too, as the article does.
    fn also_by_get(&self, post: MethodRouter<Self>, get: MethodRouter<Self>) -> MethodRouter<Self> {
        if self.defences.has(Defence::PostOnly) { post } else { post.merge(get) }
    }
}
