//! No handler tries twice: a layer runs the whole request again after a stale save.

use axum::{
    Extension, Form, Router,
    body::{Body, to_bytes},
    extract::{Path, Request},
    http::StatusCode,
    middleware::{Next, from_fn},
    response::{IntoResponse, Redirect, Response},
    routing::post,
};
use checks::{Database, DatabaseError, Order, Orders, Row};
use solution_8::{Cart, Checkout, Pending, Refusal, User, number};
use tower_sessions::{SessionManagerLayer, SessionStore};

use super::super::{Parts, Sent, Shared, Warehouse};

pub(in super::super) fn app<S: SessionStore + Clone>(store: S) -> Router {
    let parts = Parts { add: post(add), checkout: post(checkout), ..Parts::default() };
    parts.routes().layer(from_fn(again)).layer(SessionManagerLayer::new(store))
}

/// Marks an answer that is of no use to anyone.
#[derive(Clone)]
struct Stale;

enum Stopped {
    Stale,
    Refused(Refusal),
}

async fn again(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, 10_000).await else { return StatusCode::BAD_REQUEST.into_response() };
    loop {
        let response = next.clone().run(Request::from_parts(parts.clone(), Body::from(body.clone()))).await;
        if response.extensions().get::<Stale>().is_none() {
            return response;
        }
    }
}

async fn add(User(user): User, Extension(database): Shared, Path(item): Path<String>) -> Result<Redirect, Stopped> {
    change(&database, &user, |cart| cart.add(&item)).await?;
    Ok(Redirect::to("/cart"))
}

async fn checkout(
    User(user): User,
    Extension(database): Shared,
    Extension(orders): Warehouse,
    Form(Checkout { token }): Sent,
) -> Result<Redirect, Stopped> {
    finish(&database, &orders, &user).await?;
    match change(&database, &user, |cart| cart.claim(token)).await {
        Err(Stopped::Refused(Refusal::Changed)) if orders.find(&number(&user, token)).await.is_some() => {}
        claimed => claimed?,
    }
    finish(&database, &orders, &user).await?;
    Ok(Redirect::to("/orders"))
}

async fn finish(database: &Database, orders: &Orders, user: &str) -> Result<(), Stopped> {
    let Some(Pending { token, items }) = load(database, user).await?.value.pending else { return Ok(()) };
    let order = Order { number: number(user, token), user: user.to_owned(), items };
    orders.place(order).await.map_err(|_| Stopped::Refused(Refusal::Unknown))?;
    let done = |cart: &mut Cart| {
        cart.pending.take_if(|pending| pending.token == token);
        Ok(())
    };
    change(database, user, done).await
}

async fn load(database: &Database, user: &str) -> Result<Row<Cart>, Stopped> {
    database.load(user).await.map_err(Stopped::from)
}

async fn change(
    database: &Database,
    user: &str,
    change: impl FnOnce(&mut Cart) -> Result<(), Refusal>,
) -> Result<(), Stopped> {
    let Row { mut value, version } = load(database, user).await?;
    change(&mut value).map_err(Stopped::Refused)?;
    database.save(user, version, &value).await?;
    Ok(())
}

impl From<DatabaseError> for Stopped {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Stale => Self::Stale,
            DatabaseError::Format(_) => Self::Refused(Refusal::Failed),
        }
    }
}

impl IntoResponse for Stopped {
    fn into_response(self) -> Response {
        match self {
            Self::Stale => (StatusCode::CONFLICT, Extension(Stale)).into_response(),
            Self::Refused(refusal) => refusal.into_response(),
        }
    }
}
