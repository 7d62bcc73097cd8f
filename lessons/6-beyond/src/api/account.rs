//! The data in the session.

use serde::{Deserialize, Serialize};
use tower_sessions::{Session, session::Error};

/// The users who can log in here. They need no password, because another lesson covers passwords.
pub(super) const USERS: [&str; 2] = ["alice", "bob"];
/// The items that the shop sells.
pub(super) const ITEMS: [&str; 3] = ["teapot", "cup", "yacht"];
/// The maximum number of orders in the session.
const MOST: usize = 50;

/// A user and their orders.
#[derive(Deserialize, Serialize)]
pub(super) struct Account {
    pub(super) user: String,
    orders: Vec<String>,
}

impl Account {
    const KEY: &str = "api";

    pub(super) fn new(user: String) -> Self {
        Self { user, orders: Vec::new() }
    }

    pub(super) async fn of(session: &Session) -> Result<Option<Self>, Error> {
        session.get(Self::KEY).await
    }

    pub(super) async fn save(&self, session: &Session) -> Result<(), Error> {
        session.insert(Self::KEY, self).await
    }

    /// Returns the account with one more order, or `None` if the shop does not sell this item.
    pub(super) fn with(mut self, item: &str) -> Option<Self> {
        if !ITEMS.contains(&item) {
            return None;
        }
        if self.orders.len() == MOST {
            self.orders.remove(0);
        }
        self.orders.push(item.to_owned());
        Some(self)
    }
}
