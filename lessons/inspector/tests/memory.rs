//! Measures the memory of the inspector under huge requests and slow readers.
//!
//! It measures the whole process, so it is the only test here.
#![cfg(target_os = "linux")]

use std::{future::IntoFuture, net::SocketAddr};

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, Request, header},
    routing::post,
};
use http_body_util::BodyExt;
use session_inspector::Inspector;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tower::ServiceExt;
use tower_sessions::{
    Session, SessionManagerLayer, SessionStore,
    session::{Id, Record},
    session_store::Result,
};

const STREAMS: usize = 500;
const MIB: usize = 1024 * 1024;

fn app<S: SessionStore + Clone>(store: S) -> Router {
    let large = async |session: Session| {
        session.insert("large", "v".repeat(MIB / 4)).await.unwrap();
        "&".repeat(64 * 1024)
    };
    Router::new().route("/{*path}", post(large)).layer(SessionManagerLayer::new(store))
}

/// A store that keeps nothing, so that it does not grow.
#[derive(Clone, Debug)]
struct Forgetful;

#[async_trait::async_trait]
impl SessionStore for Forgetful {
    async fn save(&self, _: &Record) -> Result<()> {
        Ok(())
    }

    async fn load(&self, _: &Id) -> Result<Option<Record>> {
        Ok(None)
    }

    async fn delete(&self, _: &Id) -> Result<()> {
        Ok(())
    }
}

/// Sends one request with a long path, many cookies and a long form.
async fn send_much(app: &Router) {
    let long = "x".repeat(100_000);
    let cookies = format!("long={long}{}", "; a=b".repeat(20_000));
    let request = Request::post(format!("/{}", &long[..60_000]))
        .header(header::COOKIE, HeaderValue::try_from(cookies).unwrap())
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(format!("field={}", "y".repeat(MIB / 4))))
        .unwrap();
    app.clone().oneshot(request).await.unwrap().into_body().collect().await.unwrap();
}

/// Requests the events, and reads only the status.
async fn open_stream(at: SocketAddr) -> (TcpStream, u16) {
    let mut stream = TcpStream::connect(at).await.unwrap();
    stream.write_all(b"GET /events HTTP/1.1\r\nHost: inspector.localhost\r\n\r\n").await.unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).await.unwrap();
    let status = std::str::from_utf8(&status).unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    (stream, status)
}

/// Returns the memory of this process, in bytes. The second number of `/proc/self/statm` counts pages of 4 KiB.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[tokio::test]
async fn s500_streams_that_nobody_reads_and_200_huge_requests_take_a_bounded_amount_of_memory() {
    let inspector = Inspector::default();
    // A real store would keep each session.
    let app = inspector.wrap(app(inspector.observe(Forgetful)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, inspector.page("'none'")).into_future());
    send_much(&app).await;
    let before = resident();

    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        streams.push(open_stream(at).await);
    }
    for _ in 0..200 {
        send_much(&app).await;
        // The server gets a chance to send to the streams.
        tokio::task::yield_now().await;
    }
    let served = streams.iter().filter(|(_, status)| *status == 200).count();
    let refused = streams.iter().filter(|(_, status)| *status == 503).count();
    assert_eq!((served, refused), (32, STREAMS - 32));
    let grown = resident().saturating_sub(before);
    // The events have 8 MiB, and at most six times that as HTML. The allocator keeps some memory, too.
    assert!(grown < 96 * MIB, "{} MiB", grown / MIB);
}
