//! Other right answers to exercise 8.

pub(super) mod again;
pub(super) mod log;
pub(super) mod one_at_a_time;
pub(super) mod outbox;
pub(super) mod rest;
pub(super) mod task;
pub(super) mod unreadable;
pub(super) mod version;

use std::collections::BTreeMap;

use axum::response::Html;
use checks::{Database, DatabaseError, Order, Row};
use minijinja::{context, value::Serde};
use serde::{Serialize, de::DeserializeOwned};
use solution_8::{Refusal, page};

type Items = BTreeMap<String, u32>;

/// Changes a row, as often as it takes. The change is told the row's version, too.
async fn update<T, R>(
    database: &Database,
    key: &str,
    mut change: impl FnMut(&mut T, u64) -> Result<R, Refusal>,
) -> Result<R, Refusal>
where
    T: Default + DeserializeOwned + Serialize + Send + Sync,
    R: Send,
{
    loop {
        let Row { mut value, version } = database.load::<T>(key).await?;
        let changed = change(&mut value, version)?;
        match database.save(key, version, &value).await {
            Err(DatabaseError::Stale) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => return Ok(changed),
        }
    }
}

/// One more, if it fits.
fn put(items: &mut Items, item: &str) -> Result<(), Refusal> {
    let is_full = items.len() == 20 && !items.contains_key(item);
    if is_full || item.chars().count() > 100 || items.get(item).is_some_and(|count| *count == 9) {
        return Err(Refusal::DoesNotFit);
    }
    *items.entry(item.to_owned()).or_default() += 1;
    Ok(())
}

fn shown(items: &Items, token: &str, pending: bool) -> Result<Html<String>, Refusal> {
    let items: Vec<_> = items.iter().collect();
    Ok(page("cart.html", context! { items => Serde(items), token, pending })?)
}

fn order(user: &str, token: u64, items: Items) -> Order {
    Order { number: format!("{token} of {user}"), user: user.to_owned(), items }
}
