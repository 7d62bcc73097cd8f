//! Mistakes in the cookie's attributes.

use axum::Router;
use tower_sessions::{SessionManagerLayer, SessionStore, cookie::SameSite};

use super::Parts;

fn with<S: SessionStore + Clone>(store: S, change: fn(SessionManagerLayer<S>) -> SessionManagerLayer<S>) -> Router {
    Parts::default().routes().layer(change(SessionManagerLayer::new(store)))
}

pub(super) fn for_scripts<S: SessionStore + Clone>(store: S) -> Router {
    with(store, |layer| layer.with_http_only(false))
}

pub(super) fn for_other_sites<S: SessionStore + Clone>(store: S) -> Router {
    with(store, |layer| layer.with_same_site(SameSite::None))
}

pub(super) fn for_the_login_page_only<S: SessionStore + Clone>(store: S) -> Router {
    with(store, |layer| layer.with_path("/login"))
}

pub(super) fn a_browser_refuses<S: SessionStore + Clone>(store: S) -> Router {
    with(store, |layer| layer.with_name("__Host-id").with_secure(false))
}
