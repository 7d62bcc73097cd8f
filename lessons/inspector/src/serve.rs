//! A server for one app, on loopback.

use std::{
    convert::Infallible,
    io::{self, ErrorKind},
    net::Ipv4Addr,
};

use axum::{Router, middleware};
use tokio::net::TcpListener;
use tower_sessions::{MemoryStore, SessionStore};

use crate::{Inspector, Limits, Observed, hosts, local_hosts_only, serve_within};

/// How many ports after the wanted one are tried.
const TRIED: u16 = 100;
/// How many ports after the app's the inspector has its own, so that lessons beside each other keep theirs.
pub const BESIDE: u16 = 50;

/// Serves `app` behind an inspector, on a store in memory, until the process ends.
///
/// It listens on loopback at `port`, or at the next free one, and answers to names of this machine only. The inspector
/// has an origin of its own that no page of the app can read: `inspector.localhost`, at the port 50 after the app's, or
/// the next free one. Both addresses are printed.
///
/// # Errors
/// No port is free.
pub async fn serve(name: &str, port: u16, app: impl FnOnce(Observed<MemoryStore>) -> Router) -> io::Result<()> {
    serve_on(name, port, MemoryStore::default(), app).await
}

/// The same on a store of your own.
///
/// # Errors
/// No port is free.
pub async fn serve_on<S: SessionStore>(
    name: &str,
    port: u16,
    store: S,
    app: impl FnOnce(Observed<S>) -> Router,
) -> io::Result<()> {
    log_to_stderr();
    let bound = bind(name, port, store, app).await?;
    println!("{}Ctrl-C ends it.", bound.addresses);
    match bound.serve().await {}
}

/// Writes what goes wrong to standard error, from now on: pages do not say what a backend says, and tower-sessions tells
/// its failures nowhere else. Does nothing where a log is written already.
pub fn log_to_stderr() {
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::ERROR).with_writer(io::stderr);
    let _ = log.try_init();
}

/// An app and its inspector, each with where it listens, and both addresses for a person to read.
struct Bound {
    app: (TcpListener, Router),
    page: (TcpListener, Router),
    addresses: String,
}

impl Bound {
    async fn serve(self) -> Infallible {
        let (app, page) = (self.app, self.page);
        tokio::spawn(serve_within(Limits::default(), page.0, page.1));
        serve_within(Limits::default(), app.0, app.1).await
    }
}

async fn bind<S: SessionStore>(
    name: &str,
    port: u16,
    store: S,
    app: impl FnOnce(Observed<S>) -> Router,
) -> io::Result<Bound> {
    let inspector = Inspector::default();
    let app = local_hosts_only(inspector.wrap(app(inspector.observe(store))));
    let page = inspector.page("'none'").layer(middleware::from_fn(hosts::at_its_own_name));
    let app_at = listen(port).await?;
    let port = app_at.local_addr()?.port();
    let page_at = listen(port.checked_add(BESIDE).unwrap_or_default()).await?;
    let page_port = page_at.local_addr()?.port();
    let addresses =
        format!("{name:<12}http://localhost:{port}/\ninspector   http://{}:{page_port}/\n", hosts::INSPECTOR);
    Ok(Bound { app: (app_at, app), page: (page_at, page), addresses })
}

/// Listens on loopback at `port`, or at the first free one of the hundred after it; at any free one for port 0.
///
/// # Errors
/// All of them are taken, or the system allows none.
pub async fn listen(port: u16) -> io::Result<TcpListener> {
    let last = port.saturating_add(TRIED);
    for port in port..=last {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            bound => return bound,
        }
    }
    let message = format!("every port from {port} to {last} on 127.0.0.1 is taken; name another one");
    Err(io::Error::new(ErrorKind::AddrInUse, message))
}

#[cfg(test)]
mod tests {
    use axum::{
        body::Body,
        http::{Request, StatusCode, header},
        routing::get,
    };
    use futures_util::FutureExt;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };
    use tower::ServiceExt;

    use super::*;

    async fn ask(router: &Router, method: &str, host: &str) -> (StatusCode, String) {
        let request = Request::builder().method(method).uri("/").header(header::HOST, host).body(Body::empty());
        let response = router.clone().oneshot(request.unwrap()).await.unwrap();
        let location = response.headers().get(header::LOCATION).map(|location| location.to_str().unwrap().to_owned());
        (response.status(), location.unwrap_or_default())
    }

    #[tokio::test]
    async fn app_and_inspector_listen_on_loopback_at_ports_and_hosts_of_their_own() {
        let app = |_| Router::new().route("/", get(async || "the app"));
        let bound = bind("demo", 0, MemoryStore::default(), app).await.unwrap();
        let [at, page_at] = [&bound.app.0, &bound.page.0].map(|listener| listener.local_addr().unwrap());
        assert!(at.ip().is_loopback() && page_at.ip().is_loopback() && at.port() != page_at.port());
        let (port, page_port) = (at.port(), page_at.port());
        let expected =
            format!("demo        http://localhost:{port}/\ninspector   http://inspector.localhost:{page_port}/\n");
        assert_eq!(bound.addresses, expected);

        let ok = (StatusCode::OK, String::new());
        let refused = (StatusCode::MISDIRECTED_REQUEST, String::new());
        for host in ["localhost:4001", "127.0.0.1:4001", "hardened.localhost:4001"] {
            assert_eq!(ask(&bound.app.1, "GET", host).await, ok, "{host}");
            let there = (StatusCode::TEMPORARY_REDIRECT, "http://inspector.localhost:4001/".to_owned());
            assert_eq!(ask(&bound.page.1, "GET", host).await, there, "{host}");
            assert_eq!(ask(&bound.page.1, "POST", host).await, refused, "{host}");
        }
        for host in ["inspector.localhost:4001", "lesson-1.inspector.localhost", "evil.example"] {
            assert_eq!(ask(&bound.app.1, "GET", host).await, refused, "{host}");
        }
        assert_eq!(ask(&bound.page.1, "GET", "inspector.localhost:4051").await, ok);
        assert_eq!(ask(&bound.page.1, "GET", "evil.example").await, refused);
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_passed_over_and_none_that_is_free_is_an_error() {
        let taken = listen(0).await.unwrap();
        let port = taken.local_addr().unwrap().port();
        let next = listen(port).await.unwrap().local_addr().unwrap().port();
        assert!(next > port && next <= port.saturating_add(TRIED), "{port} {next}");
        let _last = listen(u16::MAX).await;
        let error = listen(u16::MAX).await.unwrap_err();
        assert_eq!(error.to_string(), "every port from 65535 to 65535 on 127.0.0.1 is taken; name another one");
    }

    /// What is answered at this port of loopback to a request for `/` of this host.
    async fn fetched(port: u16, host: &str) -> String {
        let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        let request = format!("GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n");
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn an_app_and_its_inspector_are_served_until_the_process_ends() {
        let app = |_| Router::new().route("/", get(async || "the app"));
        let bound = bind("demo", 0, MemoryStore::default(), app).await.unwrap();
        let [port, page_port] = [&bound.app.0, &bound.page.0].map(|listener| listener.local_addr().unwrap().port());
        let asked = async {
            let answer = fetched(port, "localhost").await;
            assert!(answer.contains("the app"), "{answer}");
            assert!(fetched(page_port, "inspector.localhost").await.contains("<h1>Session inspector</h1>"));
        };
        tokio::select! {
            ended = bound.serve() => match ended {},
            () = asked => {}
        }
        assert!(serve("demo", 0, app).now_or_never().is_none());
    }
}
