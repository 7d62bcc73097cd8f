//! A `HashMap`, as it comes out of the session: in another order each time.

use std::collections::HashMap;

use axum::{
    Router,
    extract::Path,
    http::StatusCode,
    response::{Html, Redirect},
    routing::{get, post},
};
use tower_sessions::{Session, SessionManagerLayer, SessionStore, session::Error};

use super::escaped;

type Cart = HashMap<String, u8>;

pub(in crate::cart) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/view_cart", get(view))
        .route("/add_to_cart/{item}", post(add))
        .route("/remove_from_cart/{item}", post(remove))
        .route("/clear_cart", post(clear))
        .layer(SessionManagerLayer::new(store))
}

fn broken(_: Error) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}

async fn cart(session: &Session) -> Result<Cart, StatusCode> {
    Ok(session.get("cart").await.map_err(broken)?.unwrap_or_default())
}

async fn view(session: Session) -> Result<Html<String>, StatusCode> {
    let cart = cart(&session).await?;
    let lines: String = cart.iter().map(|(item, count)| format!("<p>{} × {count}</p>", escaped(item))).collect();
    Ok(Html(if cart.is_empty() { "Your cart is empty".to_owned() } else { lines }))
}

async fn add(session: Session, Path(item): Path<String>) -> Result<Redirect, StatusCode> {
    let mut cart = cart(&session).await?;
    let is_full = cart.len() == 50 && !cart.contains_key(&item);
    if is_full || item.chars().count() > 100 || cart.get(&item) == Some(&99) {
        return Err(StatusCode::BAD_REQUEST);
    }
    *cart.entry(item).or_insert(0) += 1;
    session.insert("cart", cart).await.map_err(broken)?;
    Ok(Redirect::to("/view_cart"))
}

async fn remove(session: Session, Path(item): Path<String>) -> Result<Redirect, StatusCode> {
    let mut cart = cart(&session).await?;
    cart.remove(&item);
    session.insert("cart", cart).await.map_err(broken)?;
    Ok(Redirect::to("/view_cart"))
}

async fn clear(session: Session) -> Result<Redirect, StatusCode> {
    session.remove_value("cart").await.map_err(broken)?;
    Ok(Redirect::to("/view_cart"))
}
