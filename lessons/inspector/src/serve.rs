//! A server for one app, on loopback.

use std::{convert::Infallible, env, io};

use axum::{Router, middleware};
use futures_util::future::BoxFuture;
use loopback_serve::{
    INSPECTOR, Limits, Loopback, Parent, Ports, at_its_own_name, listen, local_hosts_only, log_to_stderr, serve_within,
};
use tower_sessions::{MemoryStore, SessionStore};

use crate::{Inspector, Observed};

/// The difference between the app's port and the inspector's, so that several lessons can run at the same time.
pub const BESIDE: u16 = 50;

/// Serves `app` behind an inspector, on a store in memory, until the process ends.
///
/// It listens on loopback at `port` or at the next free one, and answers only to names of this machine. The inspector
/// has an origin of its own that no page of the app can read: `inspector.localhost`, at the port 50 after the app's, or
/// the next free one. The function prints both addresses. If a [`Parent`] started this program, it gets two free ports
/// instead.
///
/// # Errors
/// No port is free.
pub async fn serve(name: &str, port: u16, app: impl FnOnce(Observed<MemoryStore>) -> Router) -> io::Result<()> {
    serve_on(name, port, MemoryStore::default(), app).await
}

/// Like [`serve`], on a store of your own.
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
    let (app, inspector) = watched(store, app);
    serve_both(name, port, app, inspector).await
}

/// Serves an app and its inspector. Because the future is boxed here, the server is compiled once, and not with each
/// program.
fn serve_both(name: &str, port: u16, app: Router, inspector: Inspector) -> BoxFuture<'_, io::Result<()>> {
    Box::pin(async move {
        match Parent::named_in(env::vars()) {
            Some(parent) => {
                let bound = bind_for(&parent, app, &inspector).await?;
                println!("{}", bound.ports().line());
                parent.ends_this();
                match bound.serve().await {}
            }
            None => {
                let bound = bind(port, app, &inspector).await?;
                println!("{}Ctrl-C ends it.", bound.addresses(name));
                match bound.serve().await {}
            }
        }
    })
}

/// An app and its inspector, each with its listener.
struct Bound {
    app: (Loopback, Router),
    page: (Loopback, Router),
}

impl Bound {
    async fn serve(self) -> Infallible {
        let (app, page) = (self.app, self.page);
        tokio::spawn(serve_within(Limits::default(), page.0, page.1));
        serve_within(Limits::default(), app.0, app.1).await
    }

    fn ports(&self) -> Ports {
        Ports { app: self.app.0.port(), inspector: self.page.0.port() }
    }

    /// Returns both addresses, as text for a person.
    fn addresses(&self, name: &str) -> String {
        let Ports { app, inspector } = self.ports();
        format!("{name:<12}http://localhost:{app}/\ninspector   http://{}:{inspector}/\n", INSPECTOR)
    }
}

fn watched<S: SessionStore>(store: S, app: impl FnOnce(Observed<S>) -> Router) -> (Router, Inspector) {
    let inspector = Inspector::default();
    (local_hosts_only(inspector.wrap(app(inspector.observe(store)))), inspector)
}

async fn bind(port: u16, app: Router, inspector: &Inspector) -> io::Result<Bound> {
    let page = inspector.page("'none'").layer(middleware::from_fn(at_its_own_name));
    let app_at = listen(port).await?;
    let page_at = listen(app_at.port().checked_add(BESIDE).unwrap_or_default()).await?;
    Ok(Bound { app: (app_at, app), page: (page_at, page) })
}

/// Binds to any two free ports for a parent, which has its own host names.
async fn bind_for(parent: &Parent, app: Router, inspector: &Inspector) -> io::Result<Bound> {
    Ok(Bound { app: (listen(0).await?, app), page: (listen(0).await?, inspector.page(&parent.frame_ancestors)) })
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

    use std::net::Ipv4Addr;

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
        let (watched, inspector) = watched(MemoryStore::default(), app);
        let bound = bind(0, watched, &inspector).await.unwrap();
        let Ports { app: port, inspector: page_port } = bound.ports();
        assert_ne!(port, page_port);
        let expected =
            format!("demo        http://localhost:{port}/\ninspector   http://inspector.localhost:{page_port}/\n");
        assert_eq!(bound.addresses("demo"), expected);

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

    /// Returns the answer at this port of loopback to a request for `/` with this host.
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
        let (watched, inspector) = watched(MemoryStore::default(), app);
        let bound = bind(0, watched, &inspector).await.unwrap();
        let Ports { app: port, inspector: page_port } = bound.ports();
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
