//! A server that slow clients cannot block. `axum::serve` limits neither the time for a request's headers nor the
//! number of connections.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    response::Response,
    serve::Listener,
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tower::ServiceExt;

/// The limits of the server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The maximum number of connections that are served at a time. Further ones wait in the system's queue.
    pub connections: usize,
    /// The maximum time for a request's headers, from the moment when the connection is ready for them. This also ends
    /// unused connections.
    pub header_time: Duration,
    /// The maximum size of a request's headers, in bytes. Longer ones get 431.
    pub header_size: usize,
    /// The maximum number of headers. A request with more gets 431.
    pub headers: usize,
}

impl Default for Limits {
    /// 512 connections, and 15 seconds for at most a hundred headers of 16 KiB together. That is enough for a browser
    /// that sends three cookies of the maximum size.
    fn default() -> Self {
        Self { connections: 512, header_time: Duration::from_secs(15), header_size: 16 * 1024, headers: 100 }
    }
}

/// Serves `app` within these limits until the process ends. Handlers get the address of a connection as
/// `ConnectInfo<SocketAddr>`.
pub async fn serve_within<L>(limits: Limits, mut listener: L, app: Router) -> Infallible
where
    L: Listener<Io = TcpStream, Addr = SocketAddr>,
{
    let places = Arc::new(Semaphore::new(limits.connections));
    loop {
        let place = places.clone().acquire_owned().await.expect("nobody closes it");
        let (stream, peer) = listener.accept().await;
        answer(limits, stream, peer, app.clone(), place);
    }
}

/// Serves a connection in a task of its own, and then gives its place back. Because this is not generic, hyper's
/// connection is compiled once, and not with each program that serves something.
fn answer(limits: Limits, stream: TcpStream, peer: SocketAddr, app: Router, place: OwnedSemaphorePermit) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        let app = app.clone();
        async move {
            Ok::<Response, Infallible>(app.oneshot(request.map(Body::new)).await.unwrap_or_else(|never| match never {}))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_time)
        .max_headers(limits.headers)
        .max_header_size(limits.header_size)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::spawn(async move {
        // A client that disconnects or exceeds a limit is not an error of this program.
        let _ = connection.await;
        drop(place);
    });
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
        task::JoinSet,
        time::timeout,
    };

    use super::*;

    const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";

    async fn listening(limits: Limits, app: Router) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve_within(limits, listener, app));
        address
    }

    /// Sends these bytes, and returns everything that the server sends until it closes the connection.
    async fn send(address: SocketAddr, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        let read = timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
        // The system resets a connection that the server closes before it has read everything.
        let _ = read.expect("the server ends the connection");
        String::from_utf8(answer).unwrap()
    }

    fn hello() -> Router {
        Router::new().route("/", get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() }))
    }

    #[tokio::test]
    async fn an_app_is_served_and_knows_the_clients_address() {
        let address = listening(Limits::default(), hello()).await;
        let answer = send(address, &[GET, b"\r\n"].concat()).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("\r\n\r\n127.0.0.1"), "{answer}");
    }

    #[tokio::test]
    async fn a_client_that_never_ends_its_headers_makes_room_for_others() {
        let limits = Limits { connections: 1, header_time: Duration::from_millis(50), ..Limits::default() };
        let address = listening(limits, hello()).await;
        // One client sends nothing, the other an incomplete request. They occupy the only place until their time is
        // over.
        let (silent, slow) = tokio::join!(send(address, b""), send(address, GET));
        assert!(!silent.contains("200") && !slow.contains("200"), "{silent} {slow}");
        assert!(send(address, &[GET, b"\r\n"].concat()).await.contains("200 OK"));
    }

    #[tokio::test]
    async fn headers_that_are_too_long_or_too_many_are_refused() {
        let address = listening(Limits::default(), hello()).await;
        let long = format!("x: {}\r\n\r\n", "a".repeat(17 * 1024));
        let many = "x: a\r\n".repeat(101) + "\r\n";
        for headers in [long, many] {
            let answer = send(address, &[GET, headers.as_bytes()].concat()).await;
            assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
        }
        let just_right = format!("cookie: {}\r\n\r\n", "a".repeat(15 * 1024));
        assert!(send(address, &[GET, just_right.as_bytes()].concat()).await.contains("200 OK"));
    }

    #[tokio::test]
    async fn no_more_connections_are_served_at_a_time_than_the_limit_says() {
        static NOW: AtomicUsize = AtomicUsize::new(0);
        static MOST: AtomicUsize = AtomicUsize::new(0);
        let handler = || async {
            MOST.fetch_max(NOW.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            for _ in 0..1000 {
                tokio::task::yield_now().await; // lets the other requests start
            }
            NOW.fetch_sub(1, Ordering::SeqCst);
        };
        let limits = Limits { connections: 2, ..Limits::default() };
        let address = listening(limits, Router::new().route("/", get(handler))).await;
        let mut crowd = JoinSet::new();
        for _ in 0..20 {
            crowd.spawn(async move { send(address, &[GET, b"\r\n"].concat()).await });
        }
        assert!(crowd.join_all().await.iter().all(|answer| answer.contains("200 OK")));
        assert_eq!(MOST.load(Ordering::SeqCst), 2);
    }
}
