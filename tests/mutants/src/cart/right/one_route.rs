//! One handler for every change, explicit saves, plain text instead of HTML.

use std::collections::BTreeMap;

use axum::{
    Router,
    extract::Path,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use tower_sessions::{Expiry, Session, SessionManagerLayer, SessionStore, session::Error};

type Items = BTreeMap<String, usize>;

pub(in crate::cart) fn app<S: SessionStore + Clone>(store: S) -> Router {
    let week = time::Duration::WEEK;
    Router::new()
        .route("/view_cart", get(view))
        .route("/{what}", post(async |session, Path(what): Path<String>| change(session, what, String::new()).await))
        .route("/{what}/{item}", post(async |session, Path((what, item))| change(session, what, item).await))
        .layer(SessionManagerLayer::new(store).with_expiry(Expiry::OnInactivity(week)))
}

async fn items(session: &Session) -> Result<Items, Error> {
    Ok(session.get("basket").await?.unwrap_or_default())
}

async fn view(session: Session) -> Response {
    match items(&session).await {
        Ok(items) if items.is_empty() => "Your cart is empty".into_response(),
        Ok(items) => {
            items.iter().map(|(item, count)| format!("{item} × {count}\n")).collect::<String>().into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn change(session: Session, what: String, item: String) -> Response {
    let Ok(mut items) = items(&session).await else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    match what.as_str() {
        "add_to_cart" => {
            let is_full = !items.contains_key(&item) && items.len() == 50;
            let count = items.entry(item.clone()).or_default();
            *count += 1;
            if is_full || *count > 99 || item.chars().count() > 100 {
                return StatusCode::UNPROCESSABLE_ENTITY.into_response();
            }
        }
        "remove_from_cart" => drop(items.remove(&item)),
        "clear_cart" => items.clear(),
        _ => return StatusCode::NOT_FOUND.into_response(),
    }
    if session.insert("basket", items).await.is_err() || session.save().await.is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    Redirect::to("/view_cart").into_response()
}
