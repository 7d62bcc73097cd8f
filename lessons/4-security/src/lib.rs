//! Lesson 4, security: each attack succeeds on one shop and fails on another. Run with `cargo run -p lesson-4`.
//!
//! # Layout
//!
//! - [`attack`]: the attacks as scripts, with the defenses that stop each of them.
//! - [`defence`]: the defenses. Those that are more than a setting are modules that other programs can use.
//! - `site`: the shop's pages, with any set of defenses; [`shop`]: its accounts, orders and notes.
//! - [`request`]: information about a request without its session.
//! - `article`: the article's signed cookie, as Flask makes it.
//! - `lab`: both shops, and the results of attacks on them; `retold`: the attacks on the inspector's timeline.
//! - `index`: the start page, and a page for each attack; `evil`: mallory's own pages.

mod article;
pub mod attack;
pub mod defence;
mod evil;
mod index;
mod lab;
mod page;
pub mod request;
mod retold;
pub mod shop;
mod site;

use axum::{
    Router,
    extract::{Request, State},
    http::header::HOST,
    response::{IntoResponse, Response},
};
use tower::ServiceExt;
use tower_sessions::SessionStore;

use crate::{
    defence::Defences,
    lab::{Lab, Version},
    shop::Shop,
    site::Site,
};

/// Returns the lesson on `store`, over plain HTTP.
pub fn app<S: SessionStore + Clone>(store: S) -> Router {
    app_with(false, store)
}

// ANCHOR: hosts
/// Returns the lesson on `store`. `https` states that there is TLS in front of it, so the hardened shop may require it.
///
/// Each part has its own host. A script that runs on the vulnerable shop must not reach the other one, as it could if
/// they shared an origin (ASVS 5.0 3.5.4).
pub fn app_with<S: SessionStore + Clone>(https: bool, store: S) -> Router {
    let lab = Lab::new(https, store);
    let hosts = Hosts { evil: evil::routes(lab.clone()), index: index::routes(lab.clone()), lab };
    Router::new().fallback(by_host).with_state(hosts)
}

/// Returns a single shop with these defenses, without the rest of the lesson.
pub fn shop_with<S: SessionStore + Clone>(defences: Defences, shop: Shop, store: S) -> Router {
    Site::new("own", defences, shop, false).serve(store)
}

#[derive(Clone)]
struct Hosts {
    lab: Lab,
    evil: Router,
    index: Router,
}

// ANCHOR: by_host
/// Chooses the part by the first label of the host name.
async fn by_host(State(hosts): State<Hosts>, request: Request) -> Response {
    let part = match host(&request).split('.').next() {
        Some("vulnerable") => hosts.lab.pages(Version::Vulnerable),
        Some("hardened") => hosts.lab.pages(Version::Hardened),
        Some("evil") => hosts.evil,
        _ => hosts.index,
    };
    part.oneshot(request).await.into_response()
}
// ANCHOR_END: by_host
// ANCHOR_END: hosts

fn host(request: &Request) -> &str {
    request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default()
}
