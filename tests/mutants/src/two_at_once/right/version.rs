//! The row's own version says what a page showed.

use axum::{
    Extension, Form, Router,
    extract::Path,
    response::{Html, Redirect},
    routing::{get, post},
};
use checks::{Database, Orders, Row};
use serde::{Deserialize, Serialize};
use solution_8::{Checkout, Refusal, User};
use tower_sessions::SessionStore;

use super::{
    super::{Parts, Sent, Shared, Warehouse},
    Items, order, put, shown, update,
};

#[derive(Clone, Default, Deserialize, Serialize)]
struct Cart {
    items: Items,
    sold: Option<(u64, Items)>,
}

pub(in super::super) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Parts { cart: get(cart), add: post(add), checkout: post(checkout), ..Parts::default() }.on(store)
}

async fn cart(User(user): User, Extension(database): Shared) -> Result<Html<String>, Refusal> {
    let Row { value: Cart { items, sold }, version } = database.load(&user).await?;
    let open = sold.filter(|_| items.is_empty());
    shown(&items, &open.as_ref().map_or(version, |(token, _)| *token).to_string(), open.is_some())
}

async fn add(User(user): User, Extension(database): Shared, Path(item): Path<String>) -> Result<Redirect, Refusal> {
    update(&database, &user, |cart: &mut Cart, _| put(&mut cart.items, &item)).await?;
    Ok(Redirect::to("/cart"))
}

async fn checkout(
    User(user): User,
    Extension(database): Shared,
    Extension(orders): Warehouse,
    Form(Checkout { token }): Sent,
) -> Result<Redirect, Refusal> {
    send(&database, &orders, &user).await?;
    let sell = |cart: &mut Cart, version| {
        if version != token || cart.items.is_empty() || cart.sold.is_some() {
            return Err(Refusal::Changed);
        }
        cart.sold = Some((token, std::mem::take(&mut cart.items)));
        Ok(())
    };
    let sold = update(&database, &user, sell).await;
    send(&database, &orders, &user).await?;
    match sold {
        Err(Refusal::Changed) if orders.find(&order(&user, token, Items::new()).number).await.is_some() => {}
        sold => sold?,
    }
    Ok(Redirect::to("/orders"))
}

async fn send(database: &Database, orders: &Orders, user: &str) -> Result<(), Refusal> {
    let Some((token, items)) = database.load::<Cart>(user).await?.value.sold else { return Ok(()) };
    orders.place(order(user, token, items)).await?;
    let sent = |cart: &mut Cart, _| {
        cart.sold.take_if(|(sold, _)| *sold == token);
        Ok(())
    };
    update(database, user, sent).await
}
