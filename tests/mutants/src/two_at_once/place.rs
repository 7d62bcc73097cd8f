//! Carts in the wrong place.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Extension, Router,
    extract::Path,
    response::{Html, Redirect},
    routing::{get, post},
};
use checks::instances;
use minijinja::{context, value::Serde};
use solution_8::{Cart, Refusal, User, page};
use tower_sessions::{Session, SessionStore};

use super::{Parts, Shared};

fn shown(Cart { items, edition, .. }: &Cart) -> Result<Html<String>, Refusal> {
    let items: Vec<_> = items.iter().collect();
    Ok(page("cart.html", context! { items => Serde(items), token => edition })?)
}

fn parts<H, T, G, U>(view: H, add: G) -> Parts
where
    H: axum::handler::Handler<T, ()>,
    G: axum::handler::Handler<U, ()>,
    T: 'static,
    U: 'static,
{
    Parts { cart: get(view), add: post(add), ..Parts::default() }
}

pub(super) fn cart_in_the_session<S: SessionStore + Clone>(store: S) -> Router {
    async fn cart(session: &Session) -> Result<Cart, Refusal> {
        Ok(session.get("cart").await.map_err(|_| Refusal::Failed)?.unwrap_or_default())
    }
    async fn view(User(_): User, session: Session) -> Result<Html<String>, Refusal> {
        shown(&cart(&session).await?)
    }
    async fn add(User(_): User, session: Session, Path(item): Path<String>) -> Result<Redirect, Refusal> {
        let mut cart = cart(&session).await?;
        cart.add(&item)?;
        session.insert("cart", cart).await.map_err(|_| Refusal::Failed)?;
        Ok(Redirect::to("/cart"))
    }
    parts(view, add).on(store)
}

pub(super) fn under_the_session_id<S: SessionStore + Clone>(store: S) -> Router {
    fn key(session: &Session) -> User {
        User(session.id().map(|id| id.to_string()).unwrap_or_default())
    }
    async fn view(User(_): User, session: Session, database: Shared) -> Result<Html<String>, Refusal> {
        solution_8::cart(key(&session), database).await
    }
    async fn add(User(_): User, session: Session, database: Shared, item: Path<String>) -> Result<Redirect, Refusal> {
        solution_8::add(key(&session), database, item).await
    }
    parts(view, add).on(store)
}

type Carts = Arc<Mutex<HashMap<String, Cart>>>;

async fn view_of(User(user): User, Extension(carts): Extension<Carts>) -> Result<Html<String>, Refusal> {
    shown(carts.lock().unwrap().entry(user).or_default())
}

async fn add_to(
    User(user): User,
    Extension(carts): Extension<Carts>,
    Path(item): Path<String>,
) -> Result<Redirect, Refusal> {
    carts.lock().unwrap().entry(user).or_default().add(&item)?;
    Ok(Redirect::to("/cart"))
}

pub(super) fn each_instance_has_its_own<S: SessionStore + Clone>(store: S) -> Router {
    parts(view_of, add_to).on(store).layer(Extension(Carts::default()))
}

/// All instances are in one process here, and share its memory until it restarts.
pub(super) fn kept_in_the_program<S: SessionStore + Clone>(store: S) -> Router {
    let carts = Carts::default();
    instances(move |store| parts(view_of, add_to).on(store).layer(Extension(carts.clone())))(store)
}

pub(super) fn strangers_have_a_cart<S: SessionStore + Clone>(store: S) -> Router {
    async fn user(session: &Session) -> User {
        User(session.get("username").await.ok().flatten().unwrap_or_default())
    }
    async fn view(session: Session, database: Shared) -> Result<Html<String>, Refusal> {
        solution_8::cart(user(&session).await, database).await
    }
    async fn add(session: Session, database: Shared, item: Path<String>) -> Result<Redirect, Refusal> {
        solution_8::add(user(&session).await, database, item).await
    }
    parts(view, add).on(store)
}
