//! What the shop knows: who bought what, and who wrote what.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

/// One shop. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Shop(Arc<Mutex<Books>>);

/// Its books, oldest first.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Books {
    /// What was bought.
    pub orders: Vec<Order>,
    /// What was written.
    pub notes: Vec<Note>,
}

/// Somebody bought something.
#[derive(Clone, Debug, Serialize)]
pub struct Order {
    /// Who.
    pub username: String,
    /// What.
    pub item: String,
}

/// Somebody wrote something.
#[derive(Clone, Debug, Serialize)]
pub struct Note {
    /// Who.
    pub username: String,
    /// What.
    pub text: String,
}

impl Shop {
    /// Enters an order.
    pub fn order(&self, username: String, item: String) {
        self.locked().orders.push(Order { username, item });
    }

    /// Enters a note.
    pub fn note(&self, username: String, text: String) {
        self.locked().notes.push(Note { username, text });
    }

    /// All of it, as it is now.
    pub fn books(&self) -> Books {
        self.locked().clone()
    }

    fn locked(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
