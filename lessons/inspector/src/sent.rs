//! A request as it came, to be sent again. The page shows it masked, but it is sent unmasked.

use std::net::SocketAddr;

use axum::{
    body::Bytes,
    extract::{ConnectInfo, Request},
    http::{
        HeaderMap, Method,
        header::{CONTENT_TYPE, COOKIE, HOST},
    },
};

/// The maximum size of a request that is stored, in bytes. A larger one cannot be sent again.
const KEPT: usize = 64 * 1024;

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The address at the other end of the connection, if the server provides it.
    pub(crate) peer: Option<SocketAddr>,
}

impl Sent {
    /// Returns the request without its body, which has not arrived yet.
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        Self {
            method: request.method().clone(),
            target: request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned(),
            headers: request.headers().clone(),
            body: Bytes::new(),
            peer: peer.map(|ConnectInfo(peer)| *peer),
        }
    }

    /// The size of the request in bytes.
    pub(crate) fn size(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>();
        self.method.as_str().len() + self.target.len() + headers + self.body.len()
    }

    /// Returns the request, if it is small enough to be stored.
    pub(crate) fn kept(self) -> Option<Self> {
        (self.size() <= KEPT).then_some(self)
    }

    /// Returns the cookies, in the format of the `Cookie` header.
    pub(crate) fn cookie(&self) -> String {
        let all: Vec<_> = self.headers.get_all(COOKIE).iter().map(|header| lossy(header.as_bytes())).collect();
        all.join("; ")
    }

    pub(crate) fn host(&self) -> String {
        self.headers.get(HOST).map_or_else(|| "localhost".to_owned(), |host| lossy(host.as_bytes()))
    }

    /// Returns the media type of the body.
    pub(crate) fn kind(&self) -> &str {
        self.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default()
    }
}

pub(crate) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
