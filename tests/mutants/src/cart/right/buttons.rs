//! Each item has a button with its name, and redirects are relative to where they are sent from.

use std::fmt::Write;

use axum::{
    Router,
    extract::Path,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use solution_2::{Cart, Failure};
use tower_sessions::{Session, SessionManagerLayer, SessionStore};

use super::escaped;

pub(in crate::cart) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/view_cart", get(view))
        .route("/add_to_cart/{item}", post(add))
        .route("/remove_from_cart/{item}", post(remove))
        .route("/clear_cart", post(clear))
        .layer(SessionManagerLayer::new(store))
}

async fn view(session: Session) -> Result<Html<String>, Failure> {
    let Cart(items) = Cart::of(&session).await?;
    let mut page = String::from(if items.is_empty() { "Your cart is empty" } else { "" });
    for (item, count) in items {
        let item = escaped(&item);
        let _ = write!(page, "<p>{item} × {count} <button>Remove {item}</button>");
    }
    Ok(Html(page))
}

async fn add(session: Session, item: Path<String>) -> Result<Response, Failure> {
    let answer = solution_2::add_to_cart(session, item).await?;
    Ok(if answer.status().is_redirection() { Redirect::to("../view_cart").into_response() } else { answer })
}

async fn remove(session: Session, item: Path<String>) -> Result<Redirect, Failure> {
    let _to_the_same_page = solution_2::remove_from_cart(session, item).await?;
    Ok(Redirect::to("./../view_cart#top"))
}

async fn clear(session: Session) -> Result<Redirect, Failure> {
    let _to_the_same_page = solution_2::clear_cart(session).await?;
    Ok(Redirect::to("view_cart"))
}
