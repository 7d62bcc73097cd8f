//! A cookie of a request that is not the session's.

use axum::http::{HeaderMap, header::COOKIE};
use cookie::Cookie;

/// Returns the first cookie with this name.
pub(crate) fn sent(headers: &HeaderMap, name: &str) -> Option<Cookie<'static>> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut cookies = lines.flat_map(Cookie::split_parse).flatten();
    cookies.find(|cookie| cookie.name() == name).map(Cookie::into_owned)
}
