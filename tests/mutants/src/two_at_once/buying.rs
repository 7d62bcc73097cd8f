//! Mistakes in buying.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    Extension, Form, Router,
    extract::{Path, Query},
    response::{Html, Redirect},
    routing::{MethodRouter, get, post},
};
use checks::{Database, Order, Orders, Row, instances};
use minijinja::{context, value::Serde};
use serde::Deserialize;
use solution_8::{Cart, Checkout, Pending, Refusal, User, change, finish, number, page};
use tower_sessions::{Session, SessionStore, session::Id};

use super::{Parts, Sent, Shared, Warehouse};

type Bought = Result<Redirect, Refusal>;

fn buying<S: SessionStore + Clone>(checkout: MethodRouter, store: S) -> Router {
    Parts { checkout, ..Parts::default() }.on(store)
}

fn ordered() -> Bought {
    Ok(Redirect::to("/orders"))
}

async fn cart(database: &Database, user: &str) -> Result<Cart, Refusal> {
    Ok(database.load::<Cart>(user).await?.value)
}

fn order(number: String, user: &str, cart: &Cart) -> Order {
    Order { number, user: user.to_owned(), items: cart.items.clone() }
}

fn empty(cart: &mut Cart) -> Result<(), Refusal> {
    cart.items.clear();
    cart.edition += 1;
    Ok(())
}

/// Takes out what was ordered, and nothing else.
async fn take_out(database: &Database, user: &str, order: &Order) -> Result<(), Refusal> {
    change(database, user, |cart| {
        for (item, count) in &order.items {
            let left = cart.items.remove(item).unwrap_or_default().saturating_sub(*count);
            if left > 0 {
                cart.items.insert(item.clone(), left);
            }
        }
        cart.edition += 1;
        Ok(())
    })
    .await
}

/// Orders the cart if it has this token, as `number`, and then does this.
async fn order_first(
    database: &Database,
    orders: &Orders,
    user: &str,
    token: u64,
    number: String,
    then: impl AsyncFnOnce(Order) -> Result<(), Refusal>,
) -> Bought {
    let cart = cart(database, user).await?;
    let known = orders.find(&number).await;
    if known.is_some() && cart.edition != token {
        return ordered();
    }
    if cart.edition != token || cart.items.is_empty() {
        return Err(Refusal::Changed);
    }
    let placed = orders.place(order(number, user, &cart)).await?;
    then(placed).await?;
    ordered()
}

/// What a form sends whose page was given no token.
#[derive(Deserialize)]
struct Text {
    token: String,
}

/// The page, without the token that it needs.
async fn without_a_token(User(user): User, Extension(database): Shared) -> Result<Html<String>, Refusal> {
    let Cart { items, .. } = cart(&database, &user).await?;
    Ok(page("cart.html", context! { items => Serde(items.into_iter().collect::<Vec<_>>()) })?)
}

pub(super) fn its_page_has_no_token<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(user: User, database: Shared, orders: Warehouse, Form(sent): Form<Text>) -> Bought {
        let token = sent.token.parse().map_err(|_| Refusal::Changed)?;
        solution_8::checkout(user, database, orders, Form(Checkout { token })).await
    }
    Parts { cart: get(without_a_token), checkout: post(checkout), ..Parts::default() }.on(store)
}

pub(super) fn an_empty_token_will_do<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(user: User, Extension(database): Shared, orders: Warehouse, Form(sent): Form<Text>) -> Bought {
        if !sent.token.is_empty() {
            return Err(Refusal::Changed);
        }
        let token = cart(&database, &user.0).await?.edition;
        solution_8::checkout(user, Extension(database), orders, Form(Checkout { token })).await
    }
    Parts { cart: get(without_a_token), checkout: post(checkout), ..Parts::default() }.on(store)
}

pub(super) fn any_token_will_do<S: SessionStore + Clone>(store: S) -> Router {
    #[derive(Deserialize)]
    struct Any {
        #[expect(dead_code)]
        token: String,
    }
    async fn checkout(user: User, Extension(database): Shared, orders: Warehouse, Form(_): Form<Any>) -> Bought {
        let token = cart(&database, &user.0).await?.edition;
        solution_8::checkout(user, Extension(database), orders, Form(Checkout { token })).await
    }
    buying(post(checkout), store)
}

pub(super) fn a_later_token_will_do<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(user: User, Extension(database): Shared, orders: Warehouse, Form(sent): Sent) -> Bought {
        let token = cart(&database, &user.0).await?.edition.min(sent.token);
        solution_8::checkout(user, Extension(database), orders, Form(Checkout { token })).await
    }
    buying(post(checkout), store)
}

pub(super) fn forgets_to_empty_the_cart<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(
        User(user): User,
        Extension(database): Shared,
        Extension(orders): Warehouse,
        Form(Checkout { token }): Sent,
    ) -> Bought {
        order_first(&database, &orders, &user, token, number(&user, token), async |_| Ok(())).await
    }
    buying(post(checkout), store)
}

pub(super) fn one_number_for_each_user<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(
        User(user): User,
        Extension(database): Shared,
        Extension(orders): Warehouse,
        Form(Checkout { token }): Sent,
    ) -> Bought {
        let then = async |order| take_out(&database, &user, &order).await;
        order_first(&database, &orders, &user, token, user.clone(), then).await
    }
    buying(post(checkout), store)
}

pub(super) fn orders_one_of_each<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(user: User, Extension(database): Shared, orders: Warehouse, sent: Sent) -> Bought {
        let all_once = |cart: &mut Cart| {
            cart.items.values_mut().for_each(|count| *count = 1);
            Ok(())
        };
        change(&database, &user.0, all_once).await?;
        solution_8::checkout(user, Extension(database), orders, sent).await
    }
    buying(post(checkout), store)
}

pub(super) fn the_old_form_is_a_conflict<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(
        User(user): User,
        Extension(database): Shared,
        Extension(orders): Warehouse,
        Form(Checkout { token }): Sent,
    ) -> Bought {
        finish(&database, &orders, &user).await?;
        change(&database, &user, |cart| cart.claim(token)).await?;
        finish(&database, &orders, &user).await?;
        ordered()
    }
    buying(post(checkout), store)
}

pub(super) fn the_old_form_buys_the_next_cart<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(user: User, Extension(database): Shared, orders: Warehouse, Form(sent): Sent) -> Bought {
        let Cart { edition, items, .. } = cart(&database, &user.0).await?;
        let is_old = sent.token < edition;
        if is_old && items.is_empty() {
            return ordered();
        }
        let token = if is_old { edition } else { sent.token };
        solution_8::checkout(user, Extension(database), orders, Form(Checkout { token })).await
    }
    buying(post(checkout), store)
}

/// An order of this form may have been placed before its items were taken out of the cart.
pub(super) fn the_old_form_empties_the_cart<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(
        user: User,
        Extension(database): Shared,
        Extension(orders): Warehouse,
        Form(sent): Sent,
    ) -> Bought {
        let has_been_placed = orders.find(&number(&user.0, sent.token)).await.is_some();
        if has_been_placed {
            change(&database, &user.0, empty).await?;
        }
        solution_8::checkout(user, Extension(database), Extension(orders), Form(sent)).await
    }
    buying(post(checkout), store)
}

pub(super) fn a_number_for_each_attempt<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(
        User(user): User,
        Extension(database): Shared,
        Extension(orders): Warehouse,
        Form(Checkout { token }): Sent,
    ) -> Bought {
        let now = cart(&database, &user).await?;
        if now.edition > token && !orders.of(&user).await.is_empty() {
            return ordered();
        }
        let random = format!("{user}/{}", Id::default());
        let then = async |order| take_out(&database, &user, &order).await;
        order_first(&database, &orders, &user, token, random, then).await
    }
    buying(post(checkout), store)
}

pub(super) fn a_token_for_each_page<S: SessionStore + Clone>(store: S) -> Router {
    async fn view(User(user): User, Extension(database): Shared) -> Result<Html<String>, Refusal> {
        let Cart { items, edition, .. } = cart(&database, &user).await?;
        let Row { value: pages, version } = database.load::<u64>("pages").await?;
        database.save("pages", version, &(pages + 1)).await?;
        let (token, items) = (format!("{edition}/{pages}"), items.iter().collect::<Vec<_>>());
        Ok(page("cart.html", context! { items => Serde(items), token })?)
    }
    #[derive(Deserialize)]
    struct Page {
        token: String,
    }
    async fn checkout(
        User(user): User,
        Extension(database): Shared,
        Extension(orders): Warehouse,
        Form(Page { token }): Form<Page>,
    ) -> Bought {
        let (edition, page) = token.split_once('/').ok_or(Refusal::Changed)?;
        let number = |text: &str| text.parse().map_err(|_| Refusal::Changed);
        let (edition, _): (u64, u64) = (number(edition)?, number(page)?);
        let then = async |order| take_out(&database, &user, &order).await;
        order_first(&database, &orders, &user, edition, format!("{user}/{token}"), then).await
    }
    Parts { cart: get(view), checkout: post(checkout), ..Parts::default() }.on(store)
}

pub(super) fn a_number_for_each_session<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(
        User(user): User,
        session: Session,
        Extension(database): Shared,
        Extension(orders): Warehouse,
        Form(Checkout { token }): Sent,
    ) -> Bought {
        let id = session.id().ok_or(Refusal::Failed)?;
        let then = async |order| take_out(&database, &user, &order).await;
        order_first(&database, &orders, &user, token, format!("{id}/{token}"), then).await
    }
    buying(post(checkout), store)
}

/// As many items are the same order.
pub(super) fn the_token_is_the_count<S: SessionStore + Clone>(store: S) -> Router {
    fn count(cart: &Cart) -> u64 {
        cart.items.values().copied().map(u64::from).sum()
    }
    async fn view(User(user): User, Extension(database): Shared) -> Result<Html<String>, Refusal> {
        let cart = cart(&database, &user).await?;
        let items: Vec<_> = cart.items.iter().collect();
        Ok(page("cart.html", context! { items => Serde(items), token => count(&cart) })?)
    }
    async fn checkout(
        User(user): User,
        Extension(database): Shared,
        Extension(orders): Warehouse,
        Form(Checkout { token }): Sent,
    ) -> Bought {
        let cart = cart(&database, &user).await?;
        let number = number(&user, token);
        if count(&cart) != token || cart.items.is_empty() {
            return if orders.find(&number).await.is_some() { ordered() } else { Err(Refusal::Changed) };
        }
        let placed = orders.place(order(number, &user, &cart)).await?;
        take_out(&database, &user, &placed).await?;
        ordered()
    }
    Parts { cart: get(view), checkout: post(checkout), ..Parts::default() }.on(store)
}

/// A cart can hold the same items a second time.
pub(super) fn the_token_is_what_the_cart_holds<S: SessionStore + Clone>(store: S) -> Router {
    #[derive(Deserialize)]
    struct Shown {
        token: String,
    }
    fn token(items: &BTreeMap<String, u32>) -> String {
        format!("{items:?}")
    }
    async fn view(User(user): User, Extension(database): Shared) -> Result<Html<String>, Refusal> {
        let Cart { items, pending, .. } = cart(&database, &user).await?;
        let held = pending.as_ref().filter(|_| items.is_empty()).map_or(&items, |pending| &pending.items);
        let (token, items) = (token(held), items.iter().collect::<Vec<_>>());
        Ok(page("cart.html", context! { items => Serde(items), token, pending => pending.is_some() })?)
    }
    async fn checkout(
        User(user): User,
        Extension(database): Shared,
        Extension(orders): Warehouse,
        Form(shown): Form<Shown>,
    ) -> Bought {
        finish(&database, &orders, &user).await?;
        let claim = |cart: &mut Cart| match token(&cart.items) == shown.token {
            true => cart.claim(cart.edition),
            false => Err(Refusal::Changed),
        };
        let claimed = change(&database, &user, claim).await;
        finish(&database, &orders, &user).await?;
        match claimed {
            Err(Refusal::Changed) if orders.of(&user).await.iter().any(|order| token(&order.items) == shown.token) => {}
            claimed => claimed?,
        }
        ordered()
    }
    Parts { cart: get(view), checkout: post(checkout), ..Parts::default() }.on(store)
}

pub(super) fn clears_what_came_meanwhile<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(
        User(user): User,
        Extension(database): Shared,
        Extension(orders): Warehouse,
        Form(Checkout { token }): Sent,
    ) -> Bought {
        let clear = async |_| change(&database, &user, empty).await;
        order_first(&database, &orders, &user, token, number(&user, token), clear).await
    }
    buying(post(checkout), store)
}

/// The form says which order it is, and the cart what is in it.
pub(super) fn sells_what_came_meanwhile<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(user: User, Extension(database): Shared, orders: Warehouse, Form(sent): Sent) -> Bought {
        let is_new = orders.find(&number(&user.0, sent.token)).await.is_none();
        let Cart { edition, pending, .. } = cart(&database, &user.0).await?;
        if is_new && pending.is_none() && sent.token < edition {
            // The number stays that of the form.
            let as_it_is = |cart: &mut Cart| {
                cart.edition = sent.token;
                cart.claim(sent.token)?;
                cart.edition = edition + 1;
                Ok(())
            };
            change(&database, &user.0, as_it_is).await?;
        }
        solution_8::checkout(user, Extension(database), orders, Form(sent)).await
    }
    buying(post(checkout), store)
}

pub(super) fn takes_them_out_by_name<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(
        User(user): User,
        Extension(database): Shared,
        Extension(orders): Warehouse,
        Form(Checkout { token }): Sent,
    ) -> Bought {
        let by_name = async |order: Order| {
            let without = |cart: &mut Cart| {
                cart.items.retain(|item, _| !order.items.contains_key(item));
                cart.edition += 1;
                Ok(())
            };
            change(&database, &user, without).await
        };
        order_first(&database, &orders, &user, token, number(&user, token), by_name).await
    }
    buying(post(checkout), store)
}

pub(super) fn numbers_without_a_name<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(user: User, database: Shared, orders: Warehouse, sent: Sent) -> Bought {
        numbered(user, database, orders, sent, |_, token| token.to_string()).await
    }
    buying(post(checkout), store)
}

/// The order 1 of ann1 has the number of the order 11 of ann.
pub(super) fn nothing_between_name_and_token<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(user: User, database: Shared, orders: Warehouse, sent: Sent) -> Bought {
        numbered(user, database, orders, sent, |user, token| format!("{user}{token}")).await
    }
    buying(post(checkout), store)
}

/// The solution's checkout, with another number for an order.
async fn numbered(
    User(user): User,
    Extension(database): Shared,
    Extension(orders): Warehouse,
    Form(Checkout { token }): Sent,
    number: fn(&str, u64) -> String,
) -> Bought {
    let finish = async || {
        let Some(pending) = cart(&database, &user).await?.pending else { return Ok(()) };
        let order = Order { number: number(&user, pending.token), user: user.clone(), items: pending.items };
        orders.place(order).await?;
        let is_done = |cart: &mut Cart| {
            cart.pending.take_if(|noted| noted.token == pending.token);
            Ok(())
        };
        change(&database, &user, is_done).await
    };
    finish().await?;
    let claimed = change(&database, &user, |cart| cart.claim(token)).await;
    finish().await?;
    let is_its_own = |order: Order| order.user == user;
    match claimed {
        Err(Refusal::Changed) if orders.find(&number(&user, token)).await.is_some_and(is_its_own) => {}
        claimed => claimed?,
    }
    ordered()
}

pub(super) fn by_get<S: SessionStore + Clone>(store: S) -> Router {
    async fn link(user: User, database: Shared, orders: Warehouse, Query(sent): Query<Checkout>) -> Bought {
        solution_8::checkout(user, database, orders, Form(sent)).await
    }
    buying(get(link).post(solution_8::checkout), store)
}

/// "3.7" and "3rd" are a 3.
pub(super) fn reads_the_digits<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(user: User, database: Shared, orders: Warehouse, Form(sent): Form<Text>) -> Bought {
        let digits: String = sent.token.chars().take_while(char::is_ascii_digit).collect();
        let token = digits.parse().map_err(|_| Refusal::Changed)?;
        solution_8::checkout(user, database, orders, Form(Checkout { token })).await
    }
    buying(post(checkout), store)
}

/// The edition of an empty cart can be guessed, although no page shows it.
pub(super) fn orders_an_empty_cart<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(
        user: User,
        Extension(database): Shared,
        Extension(orders): Warehouse,
        Form(sent): Sent,
    ) -> Bought {
        let token = sent.token;
        let claim_nothing = |cart: &mut Cart| {
            if cart.edition != token || !cart.items.is_empty() || cart.pending.is_some() {
                return Err(Refusal::Changed);
            }
            cart.edition += 1;
            cart.pending = Some(Pending { token, items: BTreeMap::new() });
            Ok(())
        };
        match change(&database, &user.0, claim_nothing).await {
            Ok(()) => finish(&database, &orders, &user.0).await.and(ordered()),
            Err(_) => solution_8::checkout(user, Extension(database), Extension(orders), Form(sent)).await,
        }
    }
    buying(post(checkout), store)
}

pub(super) fn tokens_have_two_digits<S: SessionStore + Clone>(store: S) -> Router {
    tokens_up_to(100, store)
}

pub(super) fn a_token_is_a_byte<S: SessionStore + Clone>(store: S) -> Router {
    tokens_up_to(256, store)
}

fn tokens_up_to<S: SessionStore + Clone>(most: u64, store: S) -> Router {
    let shown = async move |User(user): User, Extension(database): Shared| -> Result<Html<String>, Refusal> {
        let Cart { items, edition, pending } = cart(&database, &user).await?;
        let token = pending.as_ref().filter(|_| items.is_empty()).map_or(edition, |pending| pending.token) % most;
        let items: Vec<_> = items.iter().collect();
        Ok(page("cart.html", context! { items => Serde(items), token, pending => pending.is_some() })?)
    };
    let checkout = async move |user: User,
                               Extension(database): Shared,
                               Extension(orders): Warehouse,
                               Form(Checkout { token }): Sent|
                -> Bought {
        if token >= most {
            return Err(Refusal::Changed);
        }
        let Cart { edition, pending, .. } = cart(&database, &user.0).await?;
        let open = pending.map(|pending| pending.token);
        // What the cart has now comes first, and then the last order with this token.
        let mut fitting = [Some(edition), open].into_iter().flatten().filter(|number| number % most == token);
        let mut placed = (0..=edition).rev().filter(|number| number % most == token);
        let now = match fitting.next() {
            Some(now) => now,
            None => loop {
                match placed.next() {
                    Some(old) if orders.find(&number(&user.0, old)).await.is_some() => break old,
                    Some(_) => {}
                    None => return Err(Refusal::Changed),
                }
            },
        };
        solution_8::checkout(user, Extension(database), Extension(orders), Form(Checkout { token: now })).await
    };
    Parts { cart: get(shown), checkout: post(checkout), ..Parts::default() }.on(store)
}

/// The number of an order, of which the warehouse has one already.
pub(super) fn numbers_have_two_digits<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(
        User(user): User,
        Extension(database): Shared,
        Extension(orders): Warehouse,
        Form(Checkout { token }): Sent,
    ) -> Bought {
        let numbered = |token: u64| number(&user, token % 100);
        let is_old = token < cart(&database, &user).await?.edition;
        let place = async || -> Result<(), Refusal> {
            let Some(pending) = cart(&database, &user).await?.pending else { return Ok(()) };
            let Pending { token, items } = pending.clone();
            orders.place(Order { number: numbered(token), user: user.clone(), items }).await?;
            change(&database, &user, |cart| {
                cart.pending.take_if(|noted| *noted == pending);
                Ok(())
            })
            .await
        };
        place().await?;
        let claimed = change(&database, &user, |cart| cart.claim(token)).await;
        place().await?;
        match claimed {
            Err(Refusal::Changed) if is_old && orders.find(&numbered(token)).await.is_some() => {}
            claimed => claimed?,
        }
        ordered()
    }
    buying(post(checkout), store)
}

fn raised(cart: &mut Cart) -> Result<(), Refusal> {
    cart.edition += 1;
    Ok(())
}

pub(super) fn a_refused_form_is_a_change<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(user: User, Extension(database): Shared, orders: Warehouse, sent: Sent) -> Bought {
        let name = user.0.clone();
        let bought = solution_8::checkout(user, Extension(database.clone()), orders, sent).await;
        if matches!(bought, Err(Refusal::Changed)) {
            change(&database, &name, raised).await?;
        }
        bought
    }
    buying(post(checkout), store)
}

pub(super) fn an_old_form_is_a_change<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(user: User, Extension(database): Shared, orders: Warehouse, Form(sent): Sent) -> Bought {
        if orders.find(&number(&user.0, sent.token)).await.is_some() {
            change(&database, &user.0, raised).await?;
        }
        solution_8::checkout(user, Extension(database), orders, Form(sent)).await
    }
    buying(post(checkout), store)
}

pub(super) fn looks_at_ten_orders<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(
        User(user): User,
        Extension(database): Shared,
        Extension(orders): Warehouse,
        Form(Checkout { token }): Sent,
    ) -> Bought {
        finish(&database, &orders, &user).await?;
        let claimed = change(&database, &user, |cart| cart.claim(token)).await;
        finish(&database, &orders, &user).await?;
        let (number, all) = (number(&user, token), orders.of(&user).await);
        match claimed {
            Err(Refusal::Changed) if all.iter().take(10).any(|order| order.number == number) => {}
            claimed => claimed?,
        }
        ordered()
    }
    buying(post(checkout), store)
}

/// After a restart it begins with the first number again.
pub(super) fn counts_in_the_program<S: SessionStore + Clone>(store: S) -> Router {
    type Counter = Extension<Arc<AtomicU64>>;
    async fn add(user: User, Extension(database): Shared, Extension(counter): Counter, item: Path<String>) -> Bought {
        let next = counter.fetch_add(1, Ordering::Relaxed);
        let add = |cart: &mut Cart| {
            cart.add(&item)?;
            cart.edition = next;
            Ok(())
        };
        change(&database, &user.0, add).await?;
        Ok(Redirect::to("/cart"))
    }
    let counter = Arc::new(AtomicU64::new(1));
    let app = move |store| Parts { add: post(add), ..Parts::default() }.on(store).layer(Extension(counter.clone()));
    instances(app)(store)
}
