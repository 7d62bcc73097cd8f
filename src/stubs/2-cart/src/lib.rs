//! Exercise 2, cart: the task and its hints are in README.md.
//!
//! `cargo test -p exercise-2` checks your answer, `cargo run -p exercise-2` lets you try it.
//! Change anything in this file except the signature of `app`; add templates and files as you like.

use axum::{
    Router,
    extract::Path,
    response::{Html, Response},
    routing::{get, post},
};
use tower_sessions::{Session, SessionManagerLayer, SessionStore};

/// Your answer. The caller provides the store.
pub fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/view_cart", get(view_cart))
        .route("/add_to_cart/{item}", post(add_to_cart))
        .route("/remove_from_cart/{item}", post(remove_from_cart))
        .route("/clear_cart", post(clear_cart))
        .layer(SessionManagerLayer::new(store).with_name("exercise-2"))
}

async fn view_cart(_session: Session) -> Html<String> {
    todo!("a page that says what is in the cart, or that it is empty")
}

async fn add_to_cart(_session: Session, Path(_item): Path<String>) -> Response {
    todo!("put one of this item into the cart and send the visitor to /view_cart, or answer 4xx if it does not fit")
}

async fn remove_from_cart(_session: Session, Path(_item): Path<String>) -> Response {
    todo!("take this item out of the cart and send the visitor to /view_cart")
}

async fn clear_cart(_session: Session) -> Response {
    todo!("take everything out of the cart and send the visitor to /view_cart")
}
