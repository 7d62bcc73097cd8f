//! Serves a page that counts its visits, on your store. Run with `cargo run -p exercise-5`.

use std::io;

use axum::{Router, http::StatusCode, routing::get};
use exercise_5::FileStore;
use session_inspector::Observed;
use tower_sessions::{Session, SessionManagerLayer, SessionStore};

#[tokio::main]
async fn main() -> io::Result<()> {
    let port = checks::port("exercise-5", 4105);
    let folder = std::env::temp_dir().join("session-workbook-exercise-5");
    println!("Sessions are kept in {}.", folder.display());
    session_inspector::serve_on("exercise-5", port, FileStore::open(&folder)?, counter).await
}

fn counter<S: SessionStore + Clone>(store: Observed<S>) -> Router {
    Router::new().route("/", get(count)).layer(SessionManagerLayer::new(store).with_name("exercise-5"))
}

async fn count(session: Session) -> Result<String, StatusCode> {
    let failed = |_| StatusCode::INTERNAL_SERVER_ERROR;
    let visits: u32 = session.get("visits").await.map_err(failed)?.unwrap_or_default();
    session.insert("visits", visits + 1).await.map_err(failed)?;
    Ok(format!("You have been here {visits} times before. Reload the page.\n"))
}
