//! What the session holds.

use serde::{Deserialize, Serialize};
use tower_sessions::{Session, session::Error};

/// Who may log in here, without a password: another lesson is about that.
pub(super) const USERS: [&str; 2] = ["alice", "bob"];
/// What the shop sells.
pub(super) const ITEMS: [&str; 3] = ["teapot", "cup", "yacht"];
/// So many orders are kept.
const MOST: usize = 50;

/// A user, and what they have ordered.
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

    /// The same with another order; nothing if the shop does not sell this.
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
