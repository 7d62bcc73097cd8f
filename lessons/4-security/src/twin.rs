//! The shop's pages, with as many defences as it is given: none make the vulnerable twin, all the hardened one.

mod forms;
mod login;
mod pages;
mod visitor;

use std::{future::ready, sync::Arc};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state, map_response},
    routing::{MethodRouter, get, post},
};
use lesson_page::{TIME_LIMIT, time_limit};
use time::Duration;
use tower_sessions::{SessionManagerLayer, SessionStore, cookie::SameSite, session::Id};

use crate::{
    article,
    defence::{
        Defence, Defences,
        device::Devices,
        guesses::{Guesses, LONGEST_FORM},
        headers::Headers,
        origin,
        renewal::Renewal,
        revival::NeverRevive,
    },
    page,
    shop::Shop,
};

/// The name of the cookie with the session ID.
pub(crate) const COOKIE: &str = "shop";

/// One twin. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Twin(Arc<Inner>);

pub(crate) struct Inner {
    /// `vulnerable` or `hardened`: where the session keeps its visitor, so that one twin's session is none in the other.
    pub(crate) name: &'static str,
    pub(crate) defences: Defences,
    pub(crate) shop: Shop,
    /// Signs the article's cookie.
    key: Vec<u8>,
    guesses: Guesses,
    devices: Devices,
    https: bool,
}

impl std::ops::Deref for Twin {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Twin {
    pub(crate) fn new(name: &'static str, defences: Defences, shop: Shop, https: bool) -> Self {
        let key = if defences.has(Defence::RandomKey) {
            [Id::default(), Id::default()].iter().flat_map(|id| id.0.to_be_bytes()).collect()
        } else {
            article::PUBLISHED_KEY.to_vec()
        };
        let (guesses, devices) = (Guesses::new(), Devices::random());
        Self(Arc::new(Inner { name, defences, shop, key, guesses, devices, https }))
    }

    // ANCHOR: layers
    /// The twin's pages on `store`.
    pub(crate) fn serve<S: SessionStore + Clone>(self, store: S) -> Router {
        if self.defences.has(Defence::NeverRevive) { self.on(NeverRevive::new(store)) } else { self.on(store) }
    }

    fn on<S: SessionStore + Clone>(self, store: S) -> Router {
        let has = |defence| self.defences.has(defence);
        let sessions = SessionManagerLayer::new(store)
            .with_name(COOKIE)
            .with_http_only(has(Defence::HttpOnly))
            .with_same_site(if has(Defence::SameSite) { SameSite::Lax } else { SameSite::None });
        let mut pages = self.pages().layer(DefaultBodyLimit::max(LONGEST_FORM));
        if has(Defence::RenewOften) {
            let renewal = Renewal::new(COOKIE, Duration::minutes(15), Duration::seconds(30));
            pages = pages.layer(from_fn_with_state(renewal.clone(), Renewal::renew));
            pages = pages.layer(sessions).layer(from_fn_with_state(renewal, Renewal::follow));
        } else {
            pages = pages.layer(sessions);
        }
        pages = time_limit(pages, TIME_LIMIT);
        if has(Defence::OriginCheck) {
            pages = pages.layer(from_fn(origin::check));
        }
        if has(Defence::Headers) {
            let headers = Headers::new(page::STYLE.as_str(), "'none'", self.https);
            pages = pages.layer(map_response(move |response| ready(headers.on(response))));
        }
        pages.with_state(self)
    }
    // ANCHOR_END: layers

    fn pages(&self) -> Router<Self> {
        Router::new()
            .route("/", get(pages::index))
            .route("/login", post(login::login))
            .route("/logout", self.or_get(post(login::logout), get(login::logout)))
            .route("/clear_session", post(login::clear_session))
            .route("/buy", self.or_get(post(pages::buy), get(pages::buy_by_get)))
            .route("/wish", post(pages::wish))
            .route("/note", post(pages::note))
            .route("/email", post(pages::email))
            .route("/banner", post(pages::banner))
            .method_not_allowed_fallback(pages::not_so)
    }

    /// The article changes things on a GET, too.
    fn or_get(&self, post: MethodRouter<Self>, get: MethodRouter<Self>) -> MethodRouter<Self> {
        if self.defences.has(Defence::PostOnly) { post } else { post.merge(get) }
    }
}
