//! The checkout: it turns a cart into an order, exactly once.

use axum::{extract::State, response::Redirect};
use lesson_page::Form;
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
    // ANCHOR: once
    let is_empty = cart.is_empty();
    if !is_empty && cart.token == token {
        // Of two simultaneous requests, the database lets one write the order.
        shop.order(user.id, &cart, clock.now()).await?;
    }
    // If this runs again, perhaps after a crash, the order exists and the cart is still full.
    if let Some(sold) = shop.sold(user.id, &cart).await? {
        cart.save_rest(&session, &sold).await?;
    }
    // ANCHOR_END: once
    let message = if shop.has_bought(user.id, &token).await? {
        "Checkout completed" // perhaps again: the visitor pressed the button twice, or the first answer was lost
    } else if is_empty {
        "Your cart is empty"
    } else {
        "Your cart has changed since you looked at it, so nothing was bought"
    };
    flash::add(&session, message).await?;
    Ok(Redirect::to("/view_cart"))
}
// ANCHOR_END: checkout
