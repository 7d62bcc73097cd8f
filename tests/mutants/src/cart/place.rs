//! Carts in the wrong place.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Extension, Router,
    extract::Path,
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use solution_2::{Cart, Failure};
use tower_sessions::{Session, SessionStore, session::Id};

use super::{Parts, shown};

/// Carts by whatever they are kept by.
type Carts<K> = Arc<Mutex<HashMap<K, Cart>>>;

fn page(cart: &Cart) -> Html<String> {
    let lines = cart
        .0
        .iter()
        .map(|(item, count)| format!("<li>{} × {count}</li>", item.replace('&', "&amp;").replace('<', "&lt;")));
    Html(if cart.0.is_empty() { "Your cart is empty".to_owned() } else { lines.collect() })
}

fn fits(fits: bool) -> Response {
    if fits { shown().into_response() } else { StatusCode::UNPROCESSABLE_ENTITY.into_response() }
}

pub(super) fn one_cart_for_all<S: SessionStore + Clone>(store: S) -> Router {
    async fn view(Extension(cart): Extension<Carts<()>>) -> Html<String> {
        page(cart.lock().unwrap().entry(()).or_default())
    }
    async fn add(Extension(cart): Extension<Carts<()>>, Path(item): Path<String>) -> Response {
        fits(cart.lock().unwrap().entry(()).or_default().add(item))
    }
    async fn remove(Extension(cart): Extension<Carts<()>>, Path(item): Path<String>) -> Redirect {
        cart.lock().unwrap().entry(()).or_default().0.remove(&item);
        shown()
    }
    async fn clear(Extension(cart): Extension<Carts<()>>) -> Redirect {
        cart.lock().unwrap().clear();
        shown()
    }
    let parts = Parts { view: get(view), add: post(add), remove: post(remove), clear: post(clear) };
    parts.on(store).layer(Extension(Carts::<()>::default()))
}

/// The ID of the session, which is made if there is none.
async fn id(session: &Session) -> Result<Id, Failure> {
    if session.id().is_none() {
        session.insert("visited", true).await?;
        session.save().await?;
    }
    session.id().ok_or(Failure)
}

pub(super) fn kept_in_the_program<S: SessionStore + Clone>(store: S) -> Router {
    async fn view(session: Session, Extension(carts): Extension<Carts<Id>>) -> Html<String> {
        match session.id() {
            Some(id) => page(carts.lock().unwrap().entry(id).or_default()),
            None => page(&Cart::default()),
        }
    }
    async fn add(
        session: Session,
        Extension(carts): Extension<Carts<Id>>,
        Path(item): Path<String>,
    ) -> Result<Response, Failure> {
        let id = id(&session).await?;
        let added = carts.lock().unwrap().entry(id).or_default().add(item);
        Ok(fits(added))
    }
    async fn remove(session: Session, Extension(carts): Extension<Carts<Id>>, Path(item): Path<String>) -> Redirect {
        if let Some(id) = session.id() {
            carts.lock().unwrap().entry(id).or_default().0.remove(&item);
        }
        shown()
    }
    async fn clear(session: Session, Extension(carts): Extension<Carts<Id>>) -> Redirect {
        if let Some(id) = session.id() {
            carts.lock().unwrap().remove(&id);
        }
        shown()
    }
    let parts = Parts { view: get(view), add: post(add), remove: post(remove), clear: post(clear) };
    parts.on(store).layer(Extension(Carts::<Id>::default()))
}
