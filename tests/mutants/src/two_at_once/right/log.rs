//! What happened, one event after the other; the cart is added up when somebody looks.

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

#[derive(Deserialize, Serialize)]
enum Event {
    Added(String),
    Bought,
    Placed,
}

#[derive(Default, Deserialize, Serialize)]
struct Log(Vec<Event>);

/// The log added up.
#[derive(Default)]
struct Cart {
    items: Items,
    edition: u64,
    /// What was bought, and the edition that was bought, as long as it is not known to be placed.
    bought: Option<(u64, Items)>,
}

impl Log {
    fn cart(&self) -> Cart {
        let mut cart = Cart::default();
        for event in &self.0 {
            let Cart { items, edition, bought } = &mut cart;
            match event {
                Event::Added(item) => *items.entry(item.clone()).or_default() += 1,
                Event::Bought => *bought = Some((*edition, std::mem::take(items))),
                Event::Placed => *bought = None,
            }
            *edition += u64::from(!matches!(event, Event::Placed));
        }
        cart
    }
}

pub(in super::super) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Parts { cart: get(cart), add: post(add), checkout: post(checkout), ..Parts::default() }.on(store)
}

async fn cart(User(user): User, Extension(database): Shared) -> Result<Html<String>, Refusal> {
    let Cart { items, edition, bought } = database.load::<Log>(&user).await?.value.cart();
    let open = bought.filter(|_| items.is_empty());
    shown(&items, &open.as_ref().map_or(edition, |(token, _)| *token).to_string(), open.is_some())
}

async fn add(User(user): User, Extension(database): Shared, Path(item): Path<String>) -> Result<Redirect, Refusal> {
    let add = |log: &mut Log, _| {
        put(&mut log.cart().items, &item)?;
        log.0.push(Event::Added(item.clone()));
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
    place(&database, &orders, &user).await?;
    let buy = |log: &mut Log, _| {
        let Cart { items, edition, bought } = log.cart();
        let may = edition == token && !items.is_empty() && bought.is_none();
        may.then(|| log.0.push(Event::Bought)).ok_or(Refusal::Changed)
    };
    let bought = update(&database, &user, buy).await;
    place(&database, &orders, &user).await?;
    match bought {
        Err(Refusal::Changed) if orders.find(&order(&user, token, Items::new()).number).await.is_some() => {}
        bought => bought?,
    }
    Ok(Redirect::to("/orders"))
}

async fn place(database: &Database, orders: &Orders, user: &str) -> Result<(), Refusal> {
    let Some((token, items)) = database.load::<Log>(user).await?.value.cart().bought else { return Ok(()) };
    orders.place(order(user, token, items)).await?;
    let placed = |log: &mut Log, _| {
        if log.cart().bought.is_some_and(|(bought, _)| bought == token) {
            log.0.push(Event::Placed);
        }
        Ok(())
    };
    update(database, user, placed).await
}
