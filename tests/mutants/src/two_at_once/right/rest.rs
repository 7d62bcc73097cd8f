//! A form says itself what its page showed: that is sold, and what came after it stays.

use std::collections::BTreeSet;

use axum::{
    Extension, Form, Router,
    extract::Path,
    response::{Html, Redirect},
    routing::{get, post},
};
use checks::{Database, Orders};
use serde::{Deserialize, Serialize};
use solution_8::{Refusal, User};
use tower_sessions::SessionStore;

use super::{
    super::{Parts, Shared, Warehouse},
    Items, order, put, shown, update,
};

#[derive(Default, Deserialize, Serialize)]
struct Cart {
    items: Items,
    edition: u64,
    sold: BTreeSet<u64>,
    pending: Option<Shown>,
}

#[derive(Clone, Deserialize, PartialEq, Serialize)]
struct Shown {
    edition: u64,
    items: Items,
}

#[derive(Deserialize)]
struct Sent {
    token: String,
}

pub(in super::super) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Parts { cart: get(cart), add: post(add), checkout: post(checkout), ..Parts::default() }.on(store)
}

async fn cart(User(user): User, Extension(database): Shared) -> Result<Html<String>, Refusal> {
    let Cart { items, edition, pending, .. } = database.load(&user).await?.value;
    let open = pending.filter(|_| items.is_empty());
    let is_open = open.is_some();
    let token = open.unwrap_or(Shown { edition, items: items.clone() });
    shown(&items, &serde_json::to_string(&token).map_err(|_| Refusal::Failed)?, is_open)
}

async fn add(User(user): User, Extension(database): Shared, Path(item): Path<String>) -> Result<Redirect, Refusal> {
    let add = |cart: &mut Cart, _| {
        put(&mut cart.items, &item)?;
        cart.edition += 1;
        Ok(())
    };
    update(&database, &user, add).await?;
    Ok(Redirect::to("/cart"))
}

async fn checkout(
    User(user): User,
    Extension(database): Shared,
    Extension(orders): Warehouse,
    Form(Sent { token }): Form<Sent>,
) -> Result<Redirect, Refusal> {
    let shown: Shown = serde_json::from_str(&token).map_err(|_| Refusal::DoesNotFit)?;
    place(&database, &orders, &user).await?;
    let sell = |cart: &mut Cart, _| {
        if cart.sold.contains(&shown.edition) {
            return Ok(());
        }
        let is_there = shown.items.iter().all(|(item, count)| cart.items.get(item).is_some_and(|there| there >= count));
        if !is_there || shown.items.is_empty() || shown.edition > cart.edition || cart.pending.is_some() {
            return Err(Refusal::Changed);
        }
        for (item, count) in &shown.items {
            *cart.items.entry(item.clone()).or_default() -= count;
        }
        cart.items.retain(|_, count| *count > 0);
        cart.edition += 1;
        cart.sold.insert(shown.edition);
        cart.pending = Some(shown.clone());
        Ok(())
    };
    update(&database, &user, sell).await?;
    place(&database, &orders, &user).await?;
    Ok(Redirect::to("/orders"))
}

async fn place(database: &Database, orders: &Orders, user: &str) -> Result<(), Refusal> {
    let Some(pending) = database.load::<Cart>(user).await?.value.pending else { return Ok(()) };
    orders.place(order(user, pending.edition, pending.items.clone())).await?;
    let placed = |cart: &mut Cart, _| {
        cart.pending.take_if(|noted| *noted == pending);
        Ok(())
    };
    update(database, user, placed).await
}
