//! Mistakes in taking out and in clearing.

use std::collections::BTreeMap;

use axum::{
    Form, Router,
    extract::Path,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{MethodRouter, get, post},
};
use serde_json::Value;
use solution_2::{Cart, Failure};
use tower_sessions::{Session, SessionStore};

use super::{Parts, shown};

type Item = Path<String>;

fn removing<S: SessionStore + Clone>(remove: MethodRouter, store: S) -> Router {
    Parts { remove, ..Parts::default() }.on(store)
}

fn clearing<S: SessionStore + Clone>(clear: MethodRouter, store: S) -> Router {
    Parts { clear, ..Parts::default() }.on(store)
}

pub(super) fn one<S: SessionStore + Clone>(store: S) -> Router {
    async fn remove(session: Session, Path(item): Item) -> Result<Redirect, Failure> {
        let mut cart = Cart::of(&session).await?;
        if let Some(count) = cart.0.get_mut(&item) {
            *count -= 1;
        }
        cart.0.retain(|_, count| *count > 0);
        cart.keep(&session).await?;
        Ok(shown())
    }
    removing(post(remove), store)
}

pub(super) fn what_begins_so<S: SessionStore + Clone>(store: S) -> Router {
    async fn remove(session: Session, Path(item): Item) -> Result<Redirect, Failure> {
        let mut cart = Cart::of(&session).await?;
        cart.0.retain(|name, _| !name.starts_with(&item));
        cart.keep(&session).await?;
        Ok(shown())
    }
    removing(post(remove), store)
}

pub(super) fn in_any_case<S: SessionStore + Clone>(store: S) -> Router {
    async fn remove(session: Session, Path(item): Item) -> Result<Redirect, Failure> {
        let mut cart = Cart::of(&session).await?;
        cart.0.retain(|name, _| name.to_lowercase() != item.to_lowercase());
        cart.keep(&session).await?;
        Ok(shown())
    }
    removing(post(remove), store)
}

pub(super) fn of_the_copy<S: SessionStore + Clone>(store: S) -> Router {
    async fn remove(session: Session, Path(item): Item) -> Result<Redirect, Failure> {
        Cart::of(&session).await?.0.remove(&item);
        Ok(shown())
    }
    removing(post(remove), store)
}

pub(super) fn absent_is_not_found<S: SessionStore + Clone>(store: S) -> Router {
    async fn remove(session: Session, Path(item): Item) -> Result<Response, Failure> {
        if !Cart::of(&session).await?.0.contains_key(&item) {
            return Ok((StatusCode::NOT_FOUND, "That is not in your cart.").into_response());
        }
        solution_2::remove_from_cart(session, Path(item)).await.map(IntoResponse::into_response)
    }
    removing(post(remove), store)
}

pub(super) fn absent_panics<S: SessionStore + Clone>(store: S) -> Router {
    async fn remove(session: Session, Path(item): Item) -> Result<Redirect, Failure> {
        let mut cart = Cart::of(&session).await?;
        cart.0.remove(&item).unwrap();
        cart.keep(&session).await?;
        Ok(shown())
    }
    removing(post(remove), store)
}

pub(super) fn absent_is_zero<S: SessionStore + Clone>(store: S) -> Router {
    async fn remove(session: Session, Path(item): Item) -> Result<Redirect, Failure> {
        let mut cart = Cart::of(&session).await?;
        if cart.0.remove(&item).is_none() {
            cart.0.insert(item, 0);
        }
        cart.keep(&session).await?;
        Ok(shown())
    }
    removing(post(remove), store)
}

pub(super) fn clears_the_copy<S: SessionStore + Clone>(store: S) -> Router {
    async fn clear(session: Session) -> Result<Redirect, Failure> {
        Cart::of(&session).await?.0.clear();
        Ok(shown())
    }
    clearing(post(clear), store)
}

pub(super) fn clears_to_null<S: SessionStore + Clone>(store: S) -> Router {
    async fn clear(session: Session) -> Result<Redirect, Failure> {
        session.insert(Cart::KEY, Value::from("")).await?;
        Ok(shown())
    }
    clearing(post(clear), store)
}

pub(super) fn flushes<S: SessionStore + Clone>(store: S) -> Router {
    async fn clear(session: Session) -> Result<Redirect, Failure> {
        session.flush().await?;
        Ok(shown())
    }
    clearing(post(clear), store)
}

pub(super) fn clears<S: SessionStore + Clone>(store: S) -> Router {
    async fn clear(session: Session) -> Redirect {
        session.clear().await;
        shown()
    }
    clearing(post(clear), store)
}

pub(super) fn clears_by_get<S: SessionStore + Clone>(store: S) -> Router {
    clearing(get(solution_2::clear_cart).post(solution_2::clear_cart), store)
}

pub(super) fn absent_must_fit<S: SessionStore + Clone>(store: S) -> Router {
    async fn remove(session: Session, Path(item): Path<String>) -> Result<Response, Failure> {
        if item.chars().count() > Cart::LONGEST_NAME {
            return Ok(StatusCode::UNPROCESSABLE_ENTITY.into_response());
        }
        solution_2::remove_from_cart(session, Path(item)).await.map(IntoResponse::into_response)
    }
    Parts { remove: post(remove), ..Parts::default() }.on(store)
}

/// Of more than twenty of an item.
pub(super) fn leaves_twenty<S: SessionStore + Clone>(store: S) -> Router {
    async fn remove(session: Session, Path(item): Item) -> Result<Redirect, Failure> {
        let mut cart = Cart::of(&session).await?;
        match cart.0.get_mut(&item) {
            Some(count) if *count > 20 => *count = 20,
            _ => drop(cart.0.remove(&item)),
        }
        cart.keep(&session).await?;
        Ok(shown())
    }
    removing(post(remove), store)
}

pub(super) fn a_lost_session_must_log_in<S: SessionStore + Clone>(store: S) -> Router {
    async fn remove(session: Session, Path(item): Item) -> Result<Response, Failure> {
        let has_cookie = session.id().is_some();
        if has_cookie && session.get::<Cart>(Cart::KEY).await?.is_none() {
            return Ok(StatusCode::UNAUTHORIZED.into_response());
        }
        solution_2::remove_from_cart(session, Path(item)).await.map(IntoResponse::into_response)
    }
    removing(post(remove), store)
}

pub(super) fn nothing_flushes<S: SessionStore + Clone>(store: S) -> Router {
    async fn clear(session: Session) -> Result<Redirect, Failure> {
        if session.remove::<Cart>(Cart::KEY).await?.is_none() {
            session.flush().await?;
        }
        Ok(shown())
    }
    clearing(post(clear), store)
}

/// All that belongs to the cart has a key that begins so.
pub(super) fn clears_every_key_that_begins_so<S: SessionStore + Clone>(store: S) -> Router {
    clearing_too(store, |key| key.starts_with(Cart::KEY))
}

/// Who begins anew is somebody else.
pub(super) fn clears_the_login<S: SessionStore + Clone>(store: S) -> Router {
    clearing_too(store, |key| key.contains("user"))
}

fn clearing_too<S: SessionStore + Clone>(store: S, is_cleared: fn(&str) -> bool) -> Router {
    // A session does not list its keys.
    let keys = ["cart", "carts", "cart_total", "cart2", "user", "username", "user_id", "theme"];
    let clear = async move |session: Session| -> Result<Redirect, Failure> {
        for key in keys.into_iter().filter(|key| is_cleared(key)) {
            session.remove_value(key).await?;
        }
        solution_2::clear_cart(session).await
    };
    clearing(post(clear), store)
}

/// Each user has a cart, and so has a visitor who is none yet.
pub(super) fn a_cart_for_each_user<S: SessionStore + Clone>(store: S) -> Router {
    async fn swapped(session: &Session, key: &str) -> Result<(), Failure> {
        let [cart, other] = [session.remove_value(Cart::KEY).await?, session.remove_value(key).await?];
        for (key, value) in [(Cart::KEY, other), (key, cart)] {
            if let Some(value) = value {
                session.insert_value(key, value).await?;
            }
        }
        Ok(())
    }
    async fn add(session: Session, item: Item) -> Result<Response, Failure> {
        if session.get_value("username").await?.is_none() {
            return solution_2::add_to_cart(session, item).await;
        }
        swapped(&session, "cart_of_user").await?;
        let answer = solution_2::add_to_cart(session.clone(), item).await?;
        swapped(&session, "cart_of_user").await?;
        Ok(answer)
    }
    async fn view(session: Session) -> Result<Response, Failure> {
        if session.get_value("username").await?.is_none() {
            return Ok(solution_2::view_cart(session).await?.into_response());
        }
        let cart = session.get_value("cart_of_user").await?.unwrap_or(serde_json::json!({}));
        let lines: Vec<_> =
            cart.as_object().into_iter().flatten().map(|(item, count)| format!("<li>{item} × {count}")).collect();
        let page = if lines.is_empty() { "Your cart is empty".to_owned() } else { lines.concat() };
        Ok(axum::response::Html(page).into_response())
    }
    Parts { add: post(add), view: get(view), ..Parts::default() }.on(store)
}

/// For those who type an item almost right.
pub(super) fn what_is_like_it<S: SessionStore + Clone>(store: S) -> Router {
    async fn remove(session: Session, Path(item): Item) -> Result<Redirect, Failure> {
        let cart = Cart::of(&session).await?;
        let like = || cart.0.keys().find(|name| name.eq_ignore_ascii_case(item.trim())).cloned();
        let item = if cart.0.contains_key(&item) { Some(item) } else { like() };
        match item {
            Some(item) => solution_2::remove_from_cart(session, Path(item)).await,
            None => Ok(shown()),
        }
    }
    removing(post(remove), store)
}

pub(super) fn clears_only_for_a_form<S: SessionStore + Clone>(store: S) -> Router {
    async fn clear(session: Session, _: Form<BTreeMap<String, String>>) -> Result<Redirect, Failure> {
        solution_2::clear_cart(session).await
    }
    clearing(post(clear), store)
}
