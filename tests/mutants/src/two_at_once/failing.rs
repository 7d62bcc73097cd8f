//! Checkouts that go wrong when something else does.

use axum::{
    Extension, Form, Router,
    extract::Path,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{MethodRouter, post},
};
use checks::{Database, Order, Orders, Row, Unknown};
use serde::{Deserialize, Serialize};
use solution_8::{Cart, Checkout, Pending, Refusal, User, change, finish, number};
use tower_sessions::SessionStore;

use super::{Parts, Sent, Shared, Warehouse};

type Bought = Result<Redirect, Refusal>;

fn buying<S: SessionStore + Clone>(checkout: MethodRouter, store: S) -> Router {
    Parts { checkout, ..Parts::default() }.on(store)
}

fn ordered() -> Bought {
    Ok(Redirect::to("/orders"))
}

/// Whether the form was sold now or before.
async fn answered(claimed: Result<(), Refusal>, orders: &Orders, user: &str, token: u64) -> Bought {
    match claimed {
        Err(Refusal::Changed) if orders.find(&number(user, token)).await.is_some() => {}
        claimed => claimed?,
    }
    ordered()
}

/// Claims the cart also where an order is open, which is lost then.
fn claim_over_the_note(cart: &mut Cart, token: u64) -> Result<(), Refusal> {
    let noted = cart.pending.take();
    cart.claim(token).inspect_err(|_| cart.pending = noted)
}

/// The solution's checkout, with another answer to a silent warehouse.
async fn otherwise(
    user: User,
    database: Shared,
    orders: Warehouse,
    sent: Sent,
    unknown: impl FnOnce() -> Response,
) -> Response {
    match solution_8::checkout(user, database, orders, sent).await {
        Err(Refusal::Unknown) => unknown(),
        answer => answer.into_response(),
    }
}

pub(super) fn unknown_is_done<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(user: User, database: Shared, orders: Warehouse, sent: Sent) -> Response {
        otherwise(user, database, orders, sent, || Redirect::to("/orders").into_response()).await
    }
    buying(post(checkout), store)
}

pub(super) fn unknown_is_an_error<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(user: User, database: Shared, orders: Warehouse, sent: Sent) -> Response {
        otherwise(user, database, orders, sent, || StatusCode::INTERNAL_SERVER_ERROR.into_response()).await
    }
    buying(post(checkout), store)
}

pub(super) fn unknown_is_not_told<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(user: User, database: Shared, orders: Warehouse, sent: Sent) -> Response {
        let failed = || (StatusCode::SERVICE_UNAVAILABLE, "Your order has failed.\n").into_response();
        otherwise(user, database, orders, sent, failed).await
    }
    buying(post(checkout), store)
}

/// The solution's, but this happens to the cart when nobody knows what became of its order.
async fn with(
    User(user): User,
    Extension(database): Shared,
    Extension(orders): Warehouse,
    Form(Checkout { token }): Sent,
    unknown: fn(&mut Cart) -> Result<(), Refusal>,
) -> Bought {
    finish_or(&database, &orders, &user, unknown).await?;
    let claimed = change(&database, &user, |cart| cart.claim(token)).await;
    finish_or(&database, &orders, &user, unknown).await?;
    answered(claimed, &orders, &user, token).await
}

async fn finish_or(
    database: &Database,
    orders: &Orders,
    user: &str,
    unknown: fn(&mut Cart) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    match finish(database, orders, user).await {
        Err(Refusal::Unknown) => change(database, user, unknown).await.and(Err(Refusal::Unknown)),
        finished => finished,
    }
}

pub(super) fn unknown_puts_the_items_back<S: SessionStore + Clone>(store: S) -> Router {
    fn put_back(cart: &mut Cart) -> Result<(), Refusal> {
        if let Some(Pending { items, .. }) = cart.pending.take() {
            items.into_iter().for_each(|(item, count)| *cart.items.entry(item).or_default() += count);
            cart.edition += 1;
        }
        Ok(())
    }
    async fn checkout(user: User, database: Shared, orders: Warehouse, sent: Sent) -> Bought {
        with(user, database, orders, sent, put_back).await
    }
    buying(post(checkout), store)
}

/// What the warehouse does not have yet may still be on its way.
pub(super) fn believes_what_is_not_there<S: SessionStore + Clone>(store: S) -> Router {
    fn put_back(cart: &mut Cart) -> Result<(), Refusal> {
        if let Some(Pending { items, .. }) = cart.pending.take() {
            items.into_iter().for_each(|(item, count)| *cart.items.entry(item).or_default() += count);
            cart.edition += 1;
        }
        Ok(())
    }
    async fn checkout(
        user: User,
        Extension(database): Shared,
        Extension(orders): Warehouse,
        Form(Checkout { token }): Sent,
    ) -> Bought {
        let (name, again) = (user.0.clone(), (Extension(database.clone()), Extension(orders.clone())));
        let bought = solution_8::checkout(user, again.0, again.1, Form(Checkout { token })).await;
        if matches!(bought, Err(Refusal::Unknown)) && orders.find(&number(&name, token)).await.is_none() {
            change(&database, &name, put_back).await?;
        }
        bought
    }
    buying(post(checkout), store)
}

pub(super) fn unknown_forgets_the_note<S: SessionStore + Clone>(store: S) -> Router {
    fn forget(cart: &mut Cart) -> Result<(), Refusal> {
        cart.pending = None;
        Ok(())
    }
    async fn checkout(user: User, database: Shared, orders: Warehouse, sent: Sent) -> Bought {
        with(user, database, orders, sent, forget).await
    }
    buying(post(checkout), store)
}

pub(super) fn removes_any_note<S: SessionStore + Clone>(store: S) -> Router {
    async fn finish(database: &Database, orders: &Orders, user: &str) -> Result<(), Refusal> {
        let cart: Cart = database.load(user).await?.value;
        let Some(Pending { token, items }) = cart.pending else { return Ok(()) };
        orders.place(Order { number: number(user, token), user: user.to_owned(), items }).await?;
        let done = |cart: &mut Cart| {
            cart.pending = None;
            Ok(())
        };
        change(database, user, done).await
    }
    async fn checkout(
        User(user): User,
        Extension(database): Shared,
        Extension(orders): Warehouse,
        Form(Checkout { token }): Sent,
    ) -> Bought {
        finish(&database, &orders, &user).await?;
        let claimed = change(&database, &user, |cart| cart.claim(token)).await;
        finish(&database, &orders, &user).await?;
        answered(claimed, &orders, &user, token).await
    }
    buying(post(checkout), store)
}

pub(super) fn only_a_new_form_finishes<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(
        User(user): User,
        Extension(database): Shared,
        Extension(orders): Warehouse,
        Form(Checkout { token }): Sent,
    ) -> Bought {
        match change(&database, &user, |cart| cart.claim(token)).await {
            Err(Refusal::Changed) if orders.find(&number(&user, token)).await.is_some() => {}
            claimed => {
                claimed?;
                finish(&database, &orders, &user).await?;
            }
        }
        ordered()
    }
    buying(post(checkout), store)
}

pub(super) fn writes_over_the_note<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(
        User(user): User,
        Extension(database): Shared,
        Extension(orders): Warehouse,
        Form(Checkout { token }): Sent,
    ) -> Bought {
        let claimed = change(&database, &user, |cart| claim_over_the_note(cart, token)).await;
        finish(&database, &orders, &user).await?;
        answered(claimed, &orders, &user, token).await
    }
    buying(post(checkout), store)
}

/// The number protects the same form, and nothing protects the next one.
pub(super) fn orders_before_it_notes<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(
        User(user): User,
        Extension(database): Shared,
        Extension(orders): Warehouse,
        Form(Checkout { token }): Sent,
    ) -> Bought {
        let Cart { items, edition, .. } = database.load(&user).await?.value;
        let number = number(&user, token);
        if edition != token || items.is_empty() {
            return if orders.find(&number).await.is_some() { ordered() } else { Err(Refusal::Changed) };
        }
        orders.place(Order { number, user: user.clone(), items: items.clone() }).await?;
        let take_out = |cart: &mut Cart| {
            if cart.edition == token {
                return cart.claim(token).map(|()| cart.pending = None);
            }
            for (item, count) in &items {
                let left = cart.items.remove(item).unwrap_or_default().saturating_sub(*count);
                if left > 0 {
                    cart.items.insert(item.clone(), left);
                }
            }
            cart.edition += 1;
            Ok(())
        };
        change(&database, &user, take_out).await?;
        ordered()
    }
    buying(post(checkout), store)
}

pub(super) fn notes_it_only_if_unknown<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(
        User(user): User,
        Extension(database): Shared,
        Extension(orders): Warehouse,
        Form(Checkout { token }): Sent,
    ) -> Bought {
        finish(&database, &orders, &user).await?;
        let number = number(&user, token);
        let cart: Cart = database.load(&user).await?.value;
        let items = cart.items;
        let take_out = |cart: &mut Cart| {
            cart.claim(token)?;
            cart.pending = None;
            Ok(())
        };
        match change(&database, &user, take_out).await {
            Err(Refusal::Changed) if orders.find(&number).await.is_some() => return ordered(),
            taken => taken?,
        }
        if let Err(Unknown) = orders.place(Order { number, user: user.clone(), items: items.clone() }).await {
            let note = |cart: &mut Cart| {
                cart.pending = Some(Pending { token, items: items.clone() });
                Ok(())
            };
            change(&database, &user, note).await?;
            return Err(Refusal::Unknown);
        }
        ordered()
    }
    buying(post(checkout), store)
}

/// Two checkouts of one user never run at the same time, and one that never ended keeps all others out.
pub(super) fn a_lock_in_the_row<S: SessionStore + Clone>(store: S) -> Router {
    #[derive(Default, Deserialize, Serialize)]
    struct Lock {
        is_taken: bool,
    }
    async fn checkout(user: User, Extension(database): Shared, orders: Warehouse, sent: Sent) -> Bought {
        let key = format!("lock of {}", user.0);
        let Row { value: Lock { is_taken }, version } = database.load(&key).await?;
        if is_taken {
            return Err(Refusal::Changed);
        }
        let version = match database.save(&key, version, &Lock { is_taken: true }).await {
            Ok(version) => version,
            Err(_) => return Err(Refusal::Changed),
        };
        let bought = solution_8::checkout(user, Extension(database.clone()), orders, sent).await;
        database.save(&key, version, &Lock { is_taken: false }).await?;
        bought
    }
    buying(post(checkout), store)
}

pub(super) fn any_token_finishes_what_is_open<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(user: User, Extension(database): Shared, Extension(orders): Warehouse, sent: Sent) -> Bought {
        if database.load::<Cart>(&user.0).await?.value.pending.is_some() {
            finish(&database, &orders, &user.0).await?;
            return ordered();
        }
        solution_8::checkout(user, Extension(database), Extension(orders), sent).await
    }
    buying(post(checkout), store)
}

/// A form that cannot be right starts the checkout over.
pub(super) fn a_forged_form_removes_the_note<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(
        User(user): User,
        Extension(database): Shared,
        orders: Warehouse,
        Form(Checkout { token }): Sent,
    ) -> Bought {
        if token > database.load::<Cart>(&user).await?.value.edition {
            change(&database, &user, |cart| {
                cart.pending = None;
                Ok(())
            })
            .await?;
        }
        solution_8::checkout(User(user), Extension(database), orders, Form(Checkout { token })).await
    }
    buying(post(checkout), store)
}

/// If the warehouse is still silent, a form of new items puts its order in the place of the one that is open.
pub(super) fn the_next_order_takes_the_place<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(
        User(user): User,
        Extension(database): Shared,
        Extension(orders): Warehouse,
        Form(Checkout { token }): Sent,
    ) -> Bought {
        let finished = finish(&database, &orders, &user).await;
        let claimed = change(&database, &user, |cart| claim_over_the_note(cart, token)).await;
        if claimed.is_err() {
            finished?;
        }
        finish(&database, &orders, &user).await?;
        answered(claimed, &orders, &user, token).await
    }
    buying(post(checkout), store)
}

pub(super) fn notes_small_orders_only<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(
        User(user): User,
        Extension(database): Shared,
        Extension(orders): Warehouse,
        Form(Checkout { token }): Sent,
    ) -> Bought {
        let Cart { items, edition, .. } = database.load(&user).await?.value;
        if items.len() >= 3 && edition == token {
            let take_out = |cart: &mut Cart| cart.claim(token).map(|()| cart.pending = None);
            change(&database, &user, take_out).await?;
            orders.place(Order { number: number(&user, token), user, items }).await?;
            return ordered();
        }
        solution_8::checkout(User(user), Extension(database), Extension(orders), Form(Checkout { token })).await
    }
    buying(post(checkout), store)
}

/// What is on its way to the warehouse still takes up room in the cart.
pub(super) fn bounds_of_what_is_open<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(user: User, database: Shared, Path(item): Path<String>) -> Bought {
        let Cart { mut items, pending, .. } = database.load(&user.0).await?.value;
        for (item, count) in pending.into_iter().flat_map(|pending| pending.items) {
            *items.entry(item).or_default() += count;
        }
        Cart { items, ..Cart::default() }.add(&item)?;
        solution_8::add(user, database, Path(item)).await
    }
    Parts { add: post(add), ..Parts::default() }.on(store)
}
