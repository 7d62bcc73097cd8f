//! Several orders may wait to be sent, in the row of the cart; the warehouse is asked three times.

use axum::{
    Extension, Form, Router,
    extract::Path,
    response::{Html, Redirect},
    routing::{get, post},
};
use checks::{Database, Orders};
use serde::{Deserialize, Serialize};
use solution_8::{Checkout, Refusal, User};
use tower_sessions::SessionStore;

use super::{
    super::{Parts, Sent, Shared, Warehouse},
    Items, order, put, shown, update,
};

#[derive(Default, Deserialize, Serialize)]
struct Cart {
    items: Items,
    edition: u64,
    outbox: Vec<(u64, Items)>,
}

pub(in super::super) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Parts { cart: get(cart), add: post(add), checkout: post(checkout), ..Parts::default() }.on(store)
}

async fn cart(User(user): User, Extension(database): Shared) -> Result<Html<String>, Refusal> {
    let Cart { items, edition, outbox } = database.load(&user).await?.value;
    let open = outbox.last().filter(|_| items.is_empty());
    shown(&items, &open.map_or(edition, |(token, _)| *token).to_string(), open.is_some())
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
    Form(Checkout { token }): Sent,
) -> Result<Redirect, Refusal> {
    let buy = |cart: &mut Cart, _| {
        if cart.outbox.iter().any(|(bought, _)| *bought == token) {
            return Ok(()); // the same form
        }
        if cart.edition != token || cart.items.is_empty() {
            return Err(Refusal::Changed);
        }
        cart.edition += 1;
        cart.outbox.push((token, std::mem::take(&mut cart.items)));
        Ok(())
    };
    match update(&database, &user, buy).await {
        Err(Refusal::Changed) if orders.find(&order(&user, token, Items::new()).number).await.is_some() => {}
        bought => bought?,
    }
    send(&database, &orders, &user).await?;
    Ok(Redirect::to("/orders"))
}

async fn send(database: &Database, orders: &Orders, user: &str) -> Result<(), Refusal> {
    for (token, items) in database.load::<Cart>(user).await?.value.outbox {
        let mut placed = orders.place(order(user, token, items.clone())).await;
        for _ in 0..2 {
            if placed.is_err() {
                placed = orders.place(order(user, token, items.clone())).await;
            }
        }
        placed?;
        let sent = |cart: &mut Cart, _| {
            cart.outbox.retain(|(sent, _)| *sent != token);
            Ok(())
        };
        update(database, user, sent).await?;
    }
    Ok(())
}
