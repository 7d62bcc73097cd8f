//! Information about a request, from its headers and from its connection.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{
        HeaderMap, Method, StatusCode,
        header::{COOKIE, USER_AGENT},
        request::Parts,
    },
};
use cookie::Cookie;
use serde::{Deserialize, Serialize};

/// Returns the cookies of a request, without malformed parts.
pub(crate) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = Cookie<'_>> {
    let all = headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    all.flat_map(Cookie::split_parse).flatten()
}

/// Returns the first cookie with this name.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<Cookie<'h>> {
    cookies(headers).find(|cookie| cookie.name() == name)
}

/// The sender of a request: its address and its `User-Agent`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Client {
    /// The connection's address. Any client can send a header such as `X-Forwarded-For`, so trust it only from your own
    /// proxy.
    pub address: IpAddr,
    /// The `User-Agent`.
    pub agent: String,
}

impl Client {
    /// Returns the sender of the request with these parts. Without a connection, as in a test, its address is
    /// `0.0.0.0`.
    pub fn of(parts: &Parts) -> Self {
        let connection = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Self {
            address: connection.map_or(Ipv4Addr::UNSPECIFIED.into(), |ConnectInfo(peer)| peer.ip()),
            agent: parts.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default().to_owned(),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts))
    }
}

/// The answer to a method that an address does not accept, in an app whose GETs change nothing. Use it with
/// `method_not_allowed_fallback`. The header `Allow` lists the accepted methods.
pub async fn method_not_allowed(method: Method) -> (StatusCode, String) {
    let sentence = match method {
        Method::GET | Method::HEAD => {
            "This address changes something, so a link does nothing here: use the form.\n".to_owned()
        }
        Method::POST => "This address only shows a page, so a form does nothing here.\n".to_owned(),
        other => format!("This address does not answer a request with {other}.\n"),
    };
    (StatusCode::METHOD_NOT_ALLOWED, sentence)
}
