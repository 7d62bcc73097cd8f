//! A checkout is a task of its own, which goes on when the visitor has gone; other names, other statuses.

use axum::{
    Extension, Form, Router,
    http::{StatusCode, header::LOCATION},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use solution_8::{Cart, Checkout, Refusal, User};
use tower_sessions::SessionStore;

use super::super::{Parts, Shared, Warehouse};

#[derive(Deserialize)]
struct Sent {
    seen: u64,
}

pub(in super::super) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Parts { cart: get(cart), checkout: post(checkout), ..Parts::default() }.on(store)
}

async fn cart(User(user): User, Extension(database): Shared) -> Result<Html<String>, Refusal> {
    let Cart { items, edition, pending } = database.load(&user).await?.value;
    let seen = pending.filter(|_| items.is_empty()).map_or(edition, |pending| pending.token);
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let lines: String =
        items.iter().map(|(item, count)| format!("<tr><td>{} × {count}</td></tr>", escaped(item))).collect();
    let lines = if items.is_empty() { "<tr><td>Your cart is empty</td></tr>".to_owned() } else { lines };
    Ok(Html(format!(
        "<!doctype html><title>Cart</title><table>{lines}</table>\
         <form method=post action=checkout><button name=seen value={seen}>Buy</button></form>"
    )))
}

async fn checkout(
    user: User,
    database: Shared,
    orders: Warehouse,
    Form(Sent { seen }): Form<Sent>,
) -> Result<Response, Refusal> {
    let task =
        tokio::spawn(async move { solution_8::checkout(user, database, orders, Form(Checkout { token: seen })).await });
    let _leads_to_the_same = task.await.map_err(|_| Refusal::Failed)??;
    Ok((StatusCode::FOUND, [(LOCATION, "orders")]).into_response())
}
