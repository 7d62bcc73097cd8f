//! A list of what was added, counted when it is shown; strings, and 302.

use axum::{
    Router,
    extract::Path,
    http::{StatusCode, header::LOCATION},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use tower_sessions::{Session, SessionManagerLayer, SessionStore, session::Error};

use super::escaped;

pub(in crate::cart) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/", get(async || "an extra page"))
        .route("/view_cart", get(view))
        .route("/add_to_cart/{item}", post(add))
        .route("/remove_from_cart/{item}", post(remove))
        .route("/clear_cart", post(clear))
        .layer(SessionManagerLayer::new(store).with_secure(false).with_name("sid"))
}

async fn items(session: &Session) -> Result<Vec<String>, Error> {
    Ok(session.get("items").await?.unwrap_or_default())
}

fn answer(done: Result<Response, Error>) -> Response {
    done.unwrap_or_else(|_| StatusCode::SERVICE_UNAVAILABLE.into_response())
}

fn found() -> Response {
    (StatusCode::FOUND, [(LOCATION, "/view_cart?seen=no")]).into_response()
}

async fn view(session: Session) -> Response {
    let Ok(items) = items(&session).await else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    if items.is_empty() {
        return Html("<p>Your cart is empty.</p>").into_response();
    }
    let count = |item: &String| items.iter().filter(|other| *other == item).count();
    let is_first = |place: usize| !items[..place].contains(&items[place]);
    let line = |item: &String| format!("<p>{} × <b>{}</b></p>", escaped(item), count(item));
    let lines = items.iter().enumerate().filter(|(place, _)| is_first(*place)).map(|(_, item)| line(item));
    Html(lines.collect::<String>()).into_response()
}

async fn add(session: Session, Path(item): Path<String>) -> Response {
    answer(
        async {
            let mut items = items(&session).await?;
            let count = items.iter().filter(|other| **other == item).count();
            let mut different = items.clone();
            different.sort();
            different.dedup();
            if item.chars().count() > 100 || count == 99 || count == 0 && different.len() == 50 {
                return Ok(StatusCode::CONFLICT.into_response());
            }
            items.push(item);
            session.insert("items", items).await?;
            Ok(found())
        }
        .await,
    )
}

async fn remove(session: Session, Path(item): Path<String>) -> Response {
    answer(
        async {
            let mut items = items(&session).await?;
            items.retain(|other| *other != item);
            session.insert("items", items).await?;
            Ok(found())
        }
        .await,
    )
}

async fn clear(session: Session) -> Response {
    answer(session.insert("items", Vec::<String>::new()).await.map(|()| found()))
}
