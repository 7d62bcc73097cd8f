//! The solution's cart, in rows that are written in hexadecimal, under keys that name nobody.

use std::fmt::Write;

use axum::{
    Extension, Form, Router,
    extract::Path,
    response::{Html, Redirect},
    routing::{get, post},
};
use checks::{Database, Order, Orders};
use solution_8::{Cart, Checkout, Refusal, User};
use tower_sessions::SessionStore;

use super::{
    super::{Parts, Sent, Shared, Warehouse},
    Items, order, shown, update,
};

pub(in super::super) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Parts { cart: get(cart), add: post(add), checkout: post(checkout), ..Parts::default() }.on(store)
}

fn hexadecimal(text: &str) -> String {
    text.bytes().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

fn read(row: &str) -> Cart {
    let byte = |at: usize| u8::from_str_radix(&row[at..at + 2], 16).unwrap_or_default();
    let bytes: Vec<_> = (0..row.len()).step_by(2).map(byte).collect();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

async fn change(
    database: &Database,
    user: &str,
    change: impl Fn(&mut Cart) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let change = |row: &mut String, _| {
        let mut cart = read(row);
        change(&mut cart)?;
        *row = hexadecimal(&serde_json::to_string(&cart).map_err(|_| Refusal::Failed)?);
        Ok(())
    };
    update(database, &hexadecimal(user), change).await
}

async fn load(database: &Database, user: &str) -> Result<Cart, Refusal> {
    Ok(read(&database.load::<String>(&hexadecimal(user)).await?.value))
}

async fn cart(User(user): User, Extension(database): Shared) -> Result<Html<String>, Refusal> {
    let Cart { items, edition, pending } = load(&database, &user).await?;
    let open = pending.filter(|_| items.is_empty());
    shown(&items, &open.as_ref().map_or(edition, |open| open.token).to_string(), open.is_some())
}

async fn add(User(user): User, Extension(database): Shared, Path(item): Path<String>) -> Result<Redirect, Refusal> {
    change(&database, &user, |cart| cart.add(&item)).await?;
    Ok(Redirect::to("/cart"))
}

async fn checkout(
    User(user): User,
    Extension(database): Shared,
    Extension(orders): Warehouse,
    Form(Checkout { token }): Sent,
) -> Result<Redirect, Refusal> {
    place(&database, &orders, &user).await?;
    let claimed = change(&database, &user, |cart| cart.claim(token)).await;
    place(&database, &orders, &user).await?;
    match claimed {
        Err(Refusal::Changed) if orders.find(&order(&user, token, Items::new()).number).await.is_some() => {}
        claimed => claimed?,
    }
    Ok(Redirect::to("/orders"))
}

async fn place(database: &Database, orders: &Orders, user: &str) -> Result<(), Refusal> {
    let Some(open) = load(database, user).await?.pending else { return Ok(()) };
    let placed: Order = order(user, open.token, open.items.clone());
    orders.place(placed).await?;
    let is_done = |cart: &mut Cart| {
        cart.pending.take_if(|noted| *noted == open);
        Ok(())
    };
    change(database, user, is_done).await
}
