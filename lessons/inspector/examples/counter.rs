//! A counter with the inspector in front of it, and a server for both. Run with `cargo run -p session-inspector
//! --example counter`.
#![allow(missing_docs, reason = "an example has no readers of its docs")]

use std::future::IntoFuture;

use axum::{Router, routing::post};
use session_inspector::Inspector;
use tower_sessions::{MemoryStore, Session, SessionManagerLayer, SessionStore, session::Error};

fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new().route("/", post(count).get(page)).layer(SessionManagerLayer::new(store))
}

async fn page() -> axum::response::Html<&'static str> {
    axum::response::Html(r#"<form method="post"><button>Count</button></form>"#)
}

async fn count(session: Session) -> Result<String, String> {
    let counted = async {
        let count = session.get::<u32>("count").await?.unwrap_or_default() + 1;
        session.insert("count", count).await?;
        Ok::<_, Error>(count)
    };
    counted.await.map(|count| format!("counted to {count}")).map_err(|error| error.to_string())
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let inspector = Inspector::default();
    let app = inspector.wrap(app(inspector.observe(MemoryStore::default())));
    let page = inspector.page("'none'");

    let app_at = session_inspector::listen(4099).await?;
    let page_at = session_inspector::listen(4149).await?;
    println!("http://localhost:{}/", app_at.port());
    println!("http://inspector.localhost:{}/", page_at.port());
    tokio::try_join!(axum::serve(app_at, app).into_future(), axum::serve(page_at, page).into_future()).map(|_| ())
}
