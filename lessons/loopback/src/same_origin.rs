//! Who may do more than read: the site's own pages, and no others.
//!
//! `tower_http::csrf` has nearly the same rule. It lets a request pass that has neither header, it knows nothing of
//! reading that has to be refused, and with its other features it would come along into every exercise.

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

/// A middleware: anything but reading takes a page of this very origin. `Sec-Fetch-Site` says `same-origin`, or `none`
/// where the person at the browser asked and no page; where a browser does not send it, the Origin has to be our Host.
/// A request with neither header is refused.
pub async fn same_origin_only(request: Request, next: Next) -> Response {
    if request.method().is_safe() || is_same_origin(request.headers()) { next.run(request).await } else { refused() }
}

/// A middleware: no script of another origin asks for this. It could not read the answer, but it could take the place of
/// a page that may.
pub async fn no_foreign_reader(request: Request, next: Next) -> Response {
    if is_foreign(request.headers()) { refused() } else { next.run(request).await }
}

fn refused() -> Response {
    (StatusCode::FORBIDDEN, "Only this site's own pages may do this.\n").into_response()
}

/// Whether a script of another origin sends this. To read, a page of our own may come with neither header: that is how
/// browsers without `Sec-Fetch-Site` send it, and a script of another origin always has an Origin there.
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
