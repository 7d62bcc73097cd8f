//! What was bought.

use serde::Serialize;
use sqlx::{query, query_as};
use time::OffsetDateTime;

use super::{Shop, Unavailable};

/// An order.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Order {
    pub(crate) items: String,
}

impl Shop {
    // ANCHOR: order
    /// Writes an order down, once for each token.
    pub(crate) async fn order(
        &self,
        account: i64,
        token: &str,
        items: &str,
        now: OffsetDateTime,
    ) -> Result<(), Unavailable> {
        query(
            "insert into orders (token, account, name, items, bought)
                 select ?1, id, name, ?3, ?4 from accounts where id = ?2 on conflict do nothing",
        )
        .bind(token)
        .bind(account)
        .bind(items)
        .bind(now.unix_timestamp())
        .execute(self.pool().await?)
        .await?;
        Ok(())
    }
    // ANCHOR_END: order

    /// Whether this token has bought something for this account.
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
