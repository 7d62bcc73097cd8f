//! The orders.

use serde::Serialize;
use sqlx::{query, query_as};
use time::OffsetDateTime;

use super::{Shop, Unavailable};
use crate::cart::Cart;

/// An order.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Order {
    pub(crate) items: String,
}

impl Shop {
    // ANCHOR: order
    /// Records the order of a cart, once for each cart.
    pub(crate) async fn order(&self, account: i64, cart: &Cart, now: OffsetDateTime) -> Result<(), Unavailable> {
        query(
            "insert into orders (token, cart, account, name, items, bought)
             select ?1, ?2, id, name, ?4, ?5 from accounts where id = ?3 on conflict do nothing",
        )
        .bind(&cart.token)
        .bind(cart.id())
        .bind(account)
        .bind(cart.summary())
        .bind(now.unix_timestamp())
        .execute(self.pool().await?)
        .await?;
        Ok(())
    }

    /// Returns the items that this account has bought from this cart.
    pub(crate) async fn sold(&self, account: i64, cart: &Cart) -> Result<Option<String>, Unavailable> {
        let found: Option<(String,)> = query_as("select items from orders where cart = ? and account = ?")
            .bind(cart.id())
            .bind(account)
            .fetch_optional(self.pool().await?)
            .await?;
        Ok(found.map(|(items,)| items))
    }
    // ANCHOR_END: order

    /// Whether this account has bought the cart with this token.
    pub(crate) async fn has_bought(&self, account: i64, token: &str) -> Result<bool, Unavailable> {
        let found: Option<(i64,)> = query_as("select 1 from orders where token = ? and account = ?")
            .bind(token)
            .bind(account)
            .fetch_optional(self.pool().await?)
            .await?;
        Ok(found.is_some())
    }

    pub(crate) async fn orders(&self, account: i64) -> Result<Vec<Order>, Unavailable> {
        let found: Vec<(String,)> = query_as("select items from orders where account = ? order by bought, rowid")
            .bind(account)
            .fetch_all(self.pool().await?)
            .await?;
        Ok(found.into_iter().map(|(items,)| Order { items }).collect())
    }
}
