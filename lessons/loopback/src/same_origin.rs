//! Allows only the site's own pages to change anything.
//!
//! `tower_http::csrf` has nearly the same rule. But it accepts a request that has neither header, it cannot refuse
//! reads, and with its other features it would become a dependency of every exercise.

use axum::{
    extract::Request,
    http::{
        HeaderMap, StatusCode,
        header::{HOST, ORIGIN},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};

const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// A middleware that accepts safe methods from anywhere, and any other request only from a page of this same origin.
/// `Sec-Fetch-Site` must be `same-origin`, or `none`, which means that the user and not a page started the request. If
/// a browser does not send that header, `Origin` must match `Host`. A request with neither header is refused.
pub async fn same_origin_only(request: Request, next: Next) -> Response {
    if request.method().is_safe() || is_same_origin(request.headers()) { next.run(request).await } else { refused() }
}

/// A middleware that refuses requests from scripts of other origins. Such a script could not read the answer, but it
/// could occupy a connection that another page needs.
pub async fn no_foreign_reader(request: Request, next: Next) -> Response {
    if is_foreign(request.headers()) { refused() } else { next.run(request).await }
}

fn refused() -> Response {
    (StatusCode::FORBIDDEN, "Only this site's own pages may do this.\n").into_response()
}

/// Whether a script of another origin sent this request. Browsers without `Sec-Fetch-Site` send neither header with a
/// read from our own page, but send `Origin` with a CORS request of another origin.
fn is_foreign(headers: &HeaderMap) -> bool {
    let has_either = headers.contains_key(SEC_FETCH_SITE) || headers.contains_key(ORIGIN);
    has_either && !is_same_origin(headers)
}

fn is_same_origin(headers: &HeaderMap) -> bool {
    let bytes = |name: &str| headers.get(name).map(|value| value.as_bytes());
    match (bytes(SEC_FETCH_SITE), headers.get(ORIGIN).and_then(|origin| origin.to_str().ok()), bytes(HOST.as_str())) {
        (Some(site), ..) => matches!(site, b"same-origin" | b"none"),
        (None, Some(origin), Some(host)) => {
            origin.split_once("://").is_some_and(|(_, authority)| authority.as_bytes() == host)
        }
        _ => false,
    }
}
