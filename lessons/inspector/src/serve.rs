//! A server for one app, on loopback.

use std::{
    io::{self, ErrorKind},
    net::{Ipv4Addr, SocketAddr},
};

use axum::Router;
use tokio::net::TcpListener;
use tower_sessions::{MemoryStore, SessionStore};

use crate::{Inspector, Observed, PATH};

/// How many ports after the wanted one are tried.
const TRIED: u16 = 100;

/// Serves `app` behind an inspector, on a store in memory, until the process ends.
///
/// It listens on loopback at `port`, or at the next free one, and prints where.
pub async fn serve(name: &str, port: u16, app: impl FnOnce(Observed<MemoryStore>) -> Router) -> io::Result<()> {
    serve_on(name, port, MemoryStore::default(), app).await
}

/// The same on a store of your own.
pub async fn serve_on<S: SessionStore>(
    name: &str,
    port: u16,
    store: S,
    app: impl FnOnce(Observed<S>) -> Router,
) -> io::Result<()> {
    let inspector = Inspector::default();
    let app = inspector.wrap(app(inspector.observe(store)));
    let listener = listen(port).await?;
    let port = listener.local_addr()?.port();
    println!("{name:<12}http://localhost:{port}/\ninspector   http://localhost:{port}{PATH}\nCtrl-C ends it.");
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await
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
