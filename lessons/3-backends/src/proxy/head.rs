//! The head of a request or an answer, as the load balancer passes it on.

use std::net::IpAddr;

use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Version,
    header::{
        AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, EXPECT, FORWARDED, HOST, ORIGIN,
        PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, REFERER, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
    },
    request::Parts,
    uri::{Authority, PathAndQuery, Scheme, Uri},
};

/// Returns the path that a request names. `CONNECT` and `OPTIONS *` name none, and are not for an instance.
pub fn path(uri: &Uri) -> Option<&PathAndQuery> {
    uri.path_and_query().filter(|path| path.as_str().starts_with('/'))
}

/// Returns the head of the request for the instance. `Host` is unchanged. The visitor's address is the one of the
/// connection to this load balancer.
pub(super) fn for_instance(port: u16, visitor: IpAddr, mut parts: Parts) -> Parts {
    remove_hop_by_hop(&mut parts.headers);
    // Any client can send these headers, so their values are not passed on in the name of the load balancer.
    let forwarded = |name: &&HeaderName| name.as_str().starts_with("x-forwarded-") || **name == FORWARDED;
    let claims: Vec<_> = parts.headers.keys().filter(forwarded).cloned().collect();
    for name in claims.into_iter().chain([HeaderName::from_static("x-real-ip"), EXPECT, CONTENT_LENGTH]) {
        parts.headers.remove(name);
    }
    if let Ok(visitor) = HeaderValue::try_from(visitor.to_string()) {
        parts.headers.insert("x-forwarded-for", visitor);
    }
    parts.uri = at(port, &parts.uri);
    parts.version = Version::HTTP_11;
    parts
}

/// Whether instances base decisions on this header. Such a header does not belong to one connection, so `Connection`
/// must not name it (RFC 9110, section 7.6.1). A visitor who names it there does not remove it.
fn is_kept(name: &HeaderName) -> bool {
    matches!(*name, HOST | ORIGIN | COOKIE | AUTHORIZATION | CONTENT_TYPE | REFERER)
        || name.as_str().starts_with("sec-")
}

/// Removes the headers that belong to one connection only (RFC 9110, section 7.6.1), including those that `Connection`
/// names.
pub(super) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok()).flat_map(|it| it.split(','));
    let named: Vec<HeaderName> =
        named.filter_map(|name| name.trim().parse().ok()).filter(|name| !is_kept(name)).collect();
    let always = [CONNECTION, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];
    let older = [HeaderName::from_static("keep-alive"), HeaderName::from_static("proxy-connection")];
    for name in named.into_iter().chain(always).chain(older) {
        headers.remove(name);
    }
}

fn at(port: u16, asked: &Uri) -> Uri {
    let mut parts = axum::http::uri::Parts::default();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = format!("127.0.0.1:{port}").parse::<Authority>().ok();
    parts.path_and_query = Some(path(asked).cloned().unwrap_or_else(|| PathAndQuery::from_static("/")));
    Uri::from_parts(parts).unwrap_or_default()
}
