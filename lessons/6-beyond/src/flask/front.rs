//! The axum app in front: it answers the routes that have moved, and forwards all other requests to Flask.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::{
    Extension,
    extract::{ConnectInfo, Request},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use lesson_3::proxy::{Limits, Lost, Proxy};
use minijinja::context;

use crate::page::PAGES;

/// The Flask app, on this machine.
#[derive(Clone, Debug)]
pub(super) struct Flask {
    pub(super) port: u16,
    proxy: Proxy,
}

impl Flask {
    pub(super) fn new(port: u16) -> Self {
        Self { port, proxy: Proxy::new(Limits::default()) }
    }
}

// ANCHOR: still
/// Forwards the request to Flask with its cookies. Returns the answer with its `Set-Cookie`.
pub(super) async fn still_flask(Extension(flask): Extension<Flask>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let visitor = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(visitor)| visitor.ip());
    let body = match flask.proxy.whole(body).await {
        Ok(body) => body,
        Err(refusal) => return refusal.into_response(),
    };
    let is_safe = parts.method.is_safe();
    match flask.proxy.send(flask.port, visitor.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), parts, body).await {
        Ok(response) => response,
        Err(Lost::NotReached) => not_running(flask.port),
        Err(lost) => lost.say(is_safe).into_response(),
    }
}
// ANCHOR_END: still

/// Returns the page for a Flask app that is not running. It shows a recording of one.
fn not_running(port: u16) -> Response {
    let page = PAGES.render("flask_recorded.html", context! { port, recorded => recorded() });
    page.map_or_else(IntoResponse::into_response, |page| (StatusCode::SERVICE_UNAVAILABLE, page).into_response())
}

/// Returns the transcript of a visit to a real Flask, which a test verifies.
fn recorded() -> &'static str {
    let snapshot = include_str!("../../tests/snapshots/two_apps.snap");
    snapshot.splitn(3, "---\n").last().unwrap_or_default()
}
