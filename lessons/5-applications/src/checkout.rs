//! From a cart to an order, once.

use axum::{extract::State, response::Redirect};
use lesson_page::{Failure, Form};
use serde::Deserialize;
use session_inspector::Clock;

use crate::{cart::Cart, flash, session_data::SessionData, shop::Shop, visitor::Visitor};

#[derive(Deserialize)]
pub(crate) struct Confirmed {
    /// The token of the cart that was on the page.
    token: String,
}

// ANCHOR: checkout
pub(crate) async fn checkout(
    State(shop): State<Shop>,
    Visitor { session, user }: Visitor,
    clock: Clock,
    Form(Confirmed { token }): Form<Confirmed>,
) -> axum::response::Result<Redirect> {
    let Some(user) = user else {
        flash::add(&session, "Log in to check out; your cart stays as it is").await?;
        return Ok(Redirect::to("/login"));
    };
    let cart = Cart::load(&session).await?;
    let message = if shop.has_bought(user.id, &token).await? {
        "Checkout completed" // again: the button was pressed twice, or the first answer was lost
    } else if cart.is_empty() {
        "Your cart is empty"
    } else if cart.token != token {
        "Your cart has changed since you looked at it, so nothing was bought"
    } else {
        // If two get here at once, the database lets one of them write.
        shop.order(user.id, &token, &cart.summary(), clock.now()).await?;
        session.remove::<Cart>(Cart::KEY).await.map_err(Failure::from)?;
        "Checkout completed"
    };
    flash::add(&session, message).await?;
    Ok(Redirect::to("/view_cart"))
}
// ANCHOR_END: checkout
