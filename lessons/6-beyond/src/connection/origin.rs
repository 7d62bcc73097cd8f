//! The origin checks for WebSockets and for server-sent events.

use axum::{
    extract::FromRequestParts,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{HOST, ORIGIN},
        request::Parts,
    },
};

const FOREIGN: (StatusCode, &str) = (StatusCode::FORBIDDEN, "This connection was not opened by a page of this site.\n");

// ANCHOR: origin
/// A handshake that a page of this same host and port started (ASVS 5.0 4.4.2).
///
/// A browser sends `Origin` with every WebSocket handshake, and no page can change it. A handshake without the header
/// does not come from a browser, and is refused, too.
pub(super) struct OwnOrigin;

impl<S: Sync> FromRequestParts<S> for OwnOrigin {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        is_own(&parts.headers).then_some(Self).ok_or(FOREIGN)
    }
}

/// Whether `Origin` has the host and the port of the request. It does not check the scheme. If there is TLS, here or in
/// a proxy, compare the header with a list of whole origins instead, such as `https://shop.example`.
fn is_own(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(origin), Some(host)) = (text(ORIGIN), text(HOST)) else { return false };
    origin.split_once("://").is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host))
}
// ANCHOR_END: origin

/// A request that did not come from a page of another origin, according to `Sec-Fetch-Site`.
///
/// A script of another origin cannot read server-sent events, because no CORS header allows it. But a page on a
/// neighboring host could open as many streams as a login may have, and so lock out the user's own pages. A browser
/// sends the header over HTTPS and to this machine. A request without it passes.
pub(super) struct NoOtherOrigin;

impl<S: Sync> FromRequestParts<S> for NoOtherOrigin {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let site = parts.headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
        let is_other = site.is_some_and(|site| site != b"same-origin" && site != b"none");
        (!is_other).then_some(Self).ok_or(FOREIGN)
    }
}
