//! A request as it came, to be sent again. What the page shows of it is masked; what is sent again is not.

use std::net::SocketAddr;

use axum::{
    body::Bytes,
    extract::{ConnectInfo, Request},
    http::{
        HeaderMap, Method,
        header::{CONTENT_TYPE, COOKIE, HOST},
    },
};

/// How many bytes of a request are kept to send it again; a longer one cannot be.
const KEPT: usize = 64 * 1024;

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Who was at the other end of the connection, where the server says so.
    pub(crate) peer: Option<SocketAddr>,
}

impl Sent {
    /// All of a request but its body, which has not come yet.
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

    /// What it takes.
    pub(crate) fn size(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>();
        self.method.as_str().len() + self.target.len() + headers + self.body.len()
    }

    /// Itself, if there is room for it.
    pub(crate) fn kept(self) -> Option<Self> {
        (self.size() <= KEPT).then_some(self)
    }

    /// Its cookies, as a browser sends them.
    pub(crate) fn cookie(&self) -> String {
        let all: Vec<_> = self.headers.get_all(COOKIE).iter().map(|header| lossy(header.as_bytes())).collect();
        all.join("; ")
    }

    pub(crate) fn host(&self) -> String {
        self.headers.get(HOST).map_or_else(|| "localhost".to_owned(), |host| lossy(host.as_bytes()))
    }

    /// The media type of its body.
    pub(crate) fn kind(&self) -> &str {
        self.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default()
    }
}

pub(crate) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
