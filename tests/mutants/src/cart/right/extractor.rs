//! Lines with names, and an extractor that loads them.

use axum::{
    Router,
    extract::{FromRequestParts, Path},
    http::{StatusCode, request::Parts},
    response::{Html, Redirect},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use tower_sessions::{Session, SessionManagerLayer, SessionStore};

use super::escaped;

#[derive(Deserialize, Serialize)]
struct Line {
    item: String,
    quantity: u8,
}

/// The cart of whoever sent the request.
struct Cart {
    lines: Vec<Line>,
    session: Session,
}

impl<S: Send + Sync> FromRequestParts<S> for Cart {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let session = Session::from_request_parts(parts, state).await?;
        let lines = session.get("lines").await.map_err(broken)?.unwrap_or_default();
        Ok(Self { lines, session })
    }
}

impl Cart {
    async fn put_back(self) -> Result<Redirect, (StatusCode, &'static str)> {
        self.session.insert("lines", self.lines).await.map_err(broken)?;
        Ok(Redirect::to("/view_cart"))
    }
}

type Answer = Result<Redirect, (StatusCode, &'static str)>;

fn broken(_: tower_sessions::session::Error) -> (StatusCode, &'static str) {
    (StatusCode::INTERNAL_SERVER_ERROR, "no session")
}

pub(in crate::cart) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/view_cart", get(view))
        .route("/add_to_cart/{item}", post(add))
        .route("/remove_from_cart/{item}", post(remove))
        .route("/clear_cart", post(clear))
        .layer(SessionManagerLayer::new(store).with_always_save(false))
}

async fn view(cart: Cart) -> Html<String> {
    let line = |Line { item, quantity }: &Line| format!("<dt>{} &times; {quantity}</dt>", escaped(item));
    let lines: String = cart.lines.iter().map(line).collect();
    Html(if lines.is_empty() { "<h1>Your cart is empty</h1>".to_owned() } else { format!("<dl>{lines}</dl>") })
}

async fn add(mut cart: Cart, Path(item): Path<String>) -> Answer {
    let full = Err((StatusCode::PAYLOAD_TOO_LARGE, "full"));
    if item.chars().nth(100).is_some() {
        return full;
    }
    let is_full = cart.lines.len() >= 50;
    match cart.lines.iter_mut().find(|line| line.item == item) {
        Some(Line { quantity: 99, .. }) => return full,
        Some(line) => line.quantity += 1,
        None if is_full => return full,
        None => cart.lines.push(Line { item, quantity: 1 }),
    }
    cart.put_back().await
}

async fn remove(mut cart: Cart, Path(item): Path<String>) -> Answer {
    cart.lines.retain(|line| line.item != item);
    cart.put_back().await
}

async fn clear(mut cart: Cart) -> Answer {
    cart.lines.clear();
    cart.put_back().await
}
