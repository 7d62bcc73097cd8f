//! The shopping cart of a visitor, who does not need to log in.

use std::collections::BTreeMap;

use axum::{
    http::StatusCode,
    response::{Redirect, Response},
};
use lesson_page::{Failure, Path};
use minijinja::{context, value::Serde};
use serde::{Deserialize, Serialize};
use tower_sessions::{Session, session::Id};

use crate::{
    catalogue::{ITEMS, item},
    flash, page,
    session_data::SessionData,
    visitor::Visitor,
};

/// The maximum count of one item.
const MOST: u8 = 99;

// ANCHOR: cart
/// The items in the cart, and the count of each.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Cart {
    /// The cart's ID, a dot, and a value that is different after each change, so that an order names the cart that the
    /// visitor saw.
    pub(crate) token: String,
    lines: BTreeMap<String, u8>,
}

impl SessionData for Cart {
    const KEY: &'static str = "cart";
}

impl Cart {
    /// Adds one of this item. Returns whether there was room for it.
    fn add(&mut self, id: &str) -> bool {
        let count = self.lines.entry(id.to_owned()).or_default();
        let has_room = *count < MOST;
        *count += u8::from(has_room);
        has_room
    }

    /// Removes this item. Returns whether it was there.
    fn remove(&mut self, id: &str) -> bool {
        self.lines.remove(id).is_some()
    }

    async fn save_changed(&mut self, session: &Session) -> Result<(), Failure> {
        let id = if self.id().is_empty() { Id::default().to_string() } else { self.id().to_owned() };
        self.token = format!("{id}.{}", Id::default());
        self.save(session).await
    }

    /// Saves the items that remain without `sold` as a new cart, because the old one was sold.
    pub(crate) async fn save_rest(mut self, session: &Session, sold: &str) -> Result<(), Failure> {
        for (id, count) in lines(sold) {
            self.lines.entry(id.to_owned()).and_modify(|left| *left = left.saturating_sub(count));
        }
        self.lines.retain(|_, count| *count > 0);
        self.token.clear();
        if self.is_empty() {
            return Ok(session.remove::<Self>(Self::KEY).await.map(drop)?);
        }
        self.save_changed(session).await
    }
    // ANCHOR_END: cart

    /// Returns the cart's ID. It stays the same until the cart is empty or sold. A new cart has none.
    pub(crate) fn id(&self) -> &str {
        self.token.split('.').next().unwrap_or_default()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Returns the total count of all items.
    pub(crate) fn count(&self) -> u32 {
        self.lines.values().map(|count| u32::from(*count)).sum()
    }

    /// Lists the items, such as `teapot, cup × 2`.
    pub(crate) fn summary(&self) -> String {
        let line = |(id, count): (&String, &u8)| if *count == 1 { id.clone() } else { format!("{id} × {count}") };
        self.lines.iter().map(line).collect::<Vec<_>>().join(", ")
    }

    fn price(&self) -> u32 {
        let price = |id: &str| ITEMS.iter().find(|item| item.id == id).map_or(0, |item| item.price);
        self.lines.iter().map(|(id, count)| price(id) * u32::from(*count)).sum()
    }
}

/// Returns the items and counts in a summary.
fn lines(summary: &str) -> impl Iterator<Item = (&str, u8)> {
    summary.split(", ").map(|line| match line.split_once(" × ") {
        Some((id, count)) => (id, count.parse().unwrap_or(MOST)),
        None => (line, 1),
    })
}

// ANCHOR: add
pub(crate) async fn add(Visitor { session, .. }: Visitor, Path(id): Path<String>) -> axum::response::Result<Redirect> {
    let item = item(&id)?;
    let mut cart = Cart::load(&session).await?;
    if !cart.add(item.id) {
        return Err((StatusCode::UNPROCESSABLE_ENTITY, format!("A cart has at most {MOST} of each item.\n")).into());
    }
    cart.save_changed(&session).await?;
    flash::add(&session, format!("Added {} to your cart", item.id)).await?;
    Ok(Redirect::to("/view_cart"))
}
// ANCHOR_END: add

pub(crate) async fn remove(
    Visitor { session, .. }: Visitor,
    Path(id): Path<String>,
) -> axum::response::Result<Redirect> {
    let item = item(&id)?;
    let mut cart = Cart::load(&session).await?;
    if cart.remove(item.id) {
        cart.save_changed(&session).await?;
        flash::add(&session, format!("Removed {} from your cart", item.id)).await?;
    }
    Ok(Redirect::to("/view_cart"))
}

pub(crate) async fn clear(Visitor { session, .. }: Visitor) -> Result<Redirect, Failure> {
    session.remove::<Cart>(Cart::KEY).await?;
    flash::add(&session, "Cart cleared").await?;
    Ok(Redirect::to("/view_cart"))
}

pub(crate) async fn view(Visitor { session, user }: Visitor) -> Result<Response, Failure> {
    let cart = Cart::load(&session).await?;
    let lines: Vec<_> = cart.lines.iter().collect();
    let values = context! {
        summary => cart.summary(),
        lines => Serde(&lines),
        price => cart.price(),
        token => cart.token.as_str(),
    };
    page::render(&session, user.as_ref(), "cart.html", values).await
}
