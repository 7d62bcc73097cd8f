//! A middleware that loads the cart, lends it to the handlers, and puts it back if they changed it.

use std::sync::{Arc, Mutex};

use axum::{
    Extension, Router,
    extract::{Path, Request},
    http::StatusCode,
    middleware::{Next, from_fn},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use tower_sessions::{Session, SessionManagerLayer, SessionStore};

use super::escaped;

type Items = Vec<(String, u32)>;
type Lent = Arc<Mutex<Items>>;

pub(in crate::cart) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/view_cart", get(view))
        .route("/add_to_cart/{item}", post(add))
        .route("/remove_from_cart/{item}", post(remove))
        .route("/clear_cart", post(clear))
        .layer(from_fn(lend))
        .layer(SessionManagerLayer::new(store))
}

async fn lend(session: Session, mut request: Request, next: Next) -> Response {
    let Ok(before) = session.get::<Items>("cart").await.map(Option::unwrap_or_default) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let lent = Lent::new(Mutex::new(before.clone()));
    request.extensions_mut().insert(lent.clone());
    let response = next.run(request).await;
    let after = lent.lock().unwrap().clone();
    if after != before && session.insert("cart", after).await.is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    response
}

async fn view(Extension(lent): Extension<Lent>) -> Html<String> {
    let items = lent.lock().unwrap();
    let line = |(item, count): &(String, u32)| format!("<li><span>{}</span> × {count}", escaped(item));
    let lines: String = items.iter().map(line).collect();
    Html(if items.is_empty() { "Your cart is empty".to_owned() } else { format!("<ul>{lines}</ul>") })
}

async fn add(Extension(lent): Extension<Lent>, Path(item): Path<String>) -> Response {
    let mut items = lent.lock().unwrap();
    let room = items.len() < 50 && item.chars().count() <= 100;
    match items.iter_mut().find(|(name, _)| *name == item) {
        Some((_, count)) if *count < 99 => *count += 1,
        None if room => items.push((item, 1)),
        _ => return StatusCode::UNPROCESSABLE_ENTITY.into_response(),
    }
    Redirect::to("/view_cart").into_response()
}

async fn remove(Extension(lent): Extension<Lent>, Path(item): Path<String>) -> Redirect {
    lent.lock().unwrap().retain(|(name, _)| *name != item);
    Redirect::to("/view_cart")
}

async fn clear(Extension(lent): Extension<Lent>) -> Redirect {
    lent.lock().unwrap().clear();
    Redirect::to("/view_cart")
}
