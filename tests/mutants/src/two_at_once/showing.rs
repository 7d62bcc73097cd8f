//! Mistakes in what pages show, and in what looking at them does.

use axum::{
    Extension, Router,
    http::StatusCode,
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use checks::{Order, Orders};
use minijinja::{context, value::Serde};
use solution_8::{Cart, Failure, Refusal, User, change, finish, page};
use tower_sessions::{Session, SessionStore};

use super::{Parts, Sent, Shared, Warehouse};

type Page = Result<Html<String>, Failure>;

/// The page of these orders.
fn listed(orders: impl Iterator<Item = Order>) -> Page {
    let all: Vec<_> = orders.map(|order| order.items.into_iter().collect::<Vec<_>>()).collect();
    page("orders.html", context! { orders => Serde(all) })
}

pub(super) fn ten_orders<S: SessionStore + Clone>(store: S) -> Router {
    async fn orders(User(user): User, Extension(orders): Warehouse) -> Page {
        listed(orders.of(&user).await.into_iter().take(10))
    }
    Parts { orders: get(orders), ..Parts::default() }.on(store)
}

/// Also those of users whose names begin with this one's.
pub(super) fn orders_of_longer_names<S: SessionStore + Clone>(store: S) -> Router {
    async fn all(orders: &Orders, users: &checks::Users, begin: &str) -> Vec<Order> {
        let mut all = Vec::new();
        for name in users.names().iter().filter(|name| name.starts_with(begin)) {
            all.extend(orders.of(name).await);
        }
        all
    }
    async fn orders(
        User(user): User,
        Extension(orders): Warehouse,
        Extension(users): Extension<checks::Users>,
    ) -> Page {
        listed(all(&orders, &users, &user).await.into_iter())
    }
    Parts { orders: get(orders), ..Parts::default() }.on(store)
}

pub(super) fn an_empty_list_for_strangers<S: SessionStore + Clone>(store: S) -> Router {
    async fn orders(session: Session, orders: Warehouse) -> Response {
        match session.get("username").await {
            Ok(Some(user)) => solution_8::orders(User(user), orders).await.into_response(),
            _ => listed(std::iter::empty()).into_response(),
        }
    }
    Parts { orders: get(orders), ..Parts::default() }.on(store)
}

/// Of equal orders, one is enough.
pub(super) fn equal_orders_once<S: SessionStore + Clone>(store: S) -> Router {
    async fn orders(User(user): User, Extension(orders): Warehouse) -> Page {
        let mut all: Vec<Order> = Vec::new();
        for order in orders.of(&user).await {
            if all.iter().all(|shown| shown.items != order.items) {
                all.push(order);
            }
        }
        listed(all.into_iter())
    }
    Parts { orders: get(orders), ..Parts::default() }.on(store)
}

/// A form of somebody who is not logged in is a mistake like any other.
pub(super) fn a_bare_refusal_for_strangers<S: SessionStore + Clone>(store: S) -> Router {
    async fn checkout(session: Session, database: Shared, orders: Warehouse, sent: Sent) -> Response {
        match session.get("username").await {
            Ok(Some(user)) => solution_8::checkout(User(user), database, orders, sent).await.into_response(),
            _ => StatusCode::UNAUTHORIZED.into_response(),
        }
    }
    Parts { checkout: post(checkout), ..Parts::default() }.on(store)
}

/// Somebody who looks at their orders wants to know what became of them.
pub(super) fn finishes_by_get<S: SessionStore + Clone>(store: S) -> Router {
    async fn orders(User(user): User, Extension(database): Shared, Extension(orders): Warehouse) -> Page {
        // If nobody knows, the page shows what is known.
        let _ = finish(&database, &orders, &user).await;
        solution_8::orders(User(user), Extension(orders)).await
    }
    Parts { orders: get(orders), ..Parts::default() }.on(store)
}

/// Each look at the cart makes a new token, and the ones before are worth nothing.
pub(super) fn only_the_newest_page_buys<S: SessionStore + Clone>(store: S) -> Router {
    async fn cart(User(user): User, database: Shared) -> Result<Html<String>, Refusal> {
        let renew = |cart: &mut Cart| {
            cart.edition += u64::from(!cart.items.is_empty());
            Ok(())
        };
        change(&database, &user, renew).await?;
        solution_8::cart(User(user), database).await
    }
    Parts { cart: get(cart), ..Parts::default() }.on(store)
}
