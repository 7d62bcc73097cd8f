//! A list in the session.

use std::collections::BTreeMap;

use axum::{
    Router,
    extract::OriginalUri,
    http::StatusCode,
    response::{Html, Redirect},
    routing::{get, post},
};
use lesson_page::{Failure, Path};
use minijinja::{context, value::Serde};
use tower_sessions::Session;

use super::{stock::Stock, think};
use crate::page::PAGES;

const KEY: &str = "two-at-once";
const ITEMS: [&str; 3] = ["pear", "plum", "quince"];
/// The maximum count of one item.
const MOST: u32 = 99;

pub(super) fn routes() -> Router<Stock> {
    Router::new().route("/", get(view)).route("/{item}", post(add))
}

// ANCHOR: add
/// Loads the list, waits, and saves it with one more item.
async fn add(session: Session, uri: OriginalUri, Path(item): Path<String>) -> axum::response::Result<Redirect> {
    if !ITEMS.contains(&item.as_str()) {
        return Err((StatusCode::NOT_FOUND, "There is no such item.\n").into());
    }
    let mut list = list(&session).await?;
    think().await;
    let count = list.entry(item).or_default();
    *count = MOST.min(*count + 1);
    session.insert(KEY, list).await.map_err(Failure::from)?;
    Ok(Redirect::to(folder(&uri)))
}

async fn list(session: &Session) -> Result<BTreeMap<String, u32>, Failure> {
    Ok(session.get(KEY).await?.unwrap_or_default())
}
// ANCHOR_END: add

async fn view(session: Session, uri: OriginalUri) -> Result<Html<String>, Failure> {
    let (list, folder) = (list(&session).await?, uri.path().trim_end_matches('/'));
    let is_compared = !folder.ends_with("uncompared");
    PAGES.render("list.html", context! { list => Serde(list), items => Serde(ITEMS), folder, is_compared })
}

/// Returns the page of the list: the address without the item.
fn folder(uri: &OriginalUri) -> &str {
    uri.path().rsplit_once('/').map_or("/", |(folder, _)| folder)
}
