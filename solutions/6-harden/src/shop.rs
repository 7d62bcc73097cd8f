//! The shop's books: the orders and the notes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

/// One shop. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Shop(Arc<Mutex<Books>>);

/// Its books, oldest first.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Books {
    /// The orders.
    pub orders: Vec<Order>,
    /// The notes.
    pub notes: Vec<Note>,
}

/// An order.
#[derive(Clone, Debug, Serialize)]
pub struct Order {
    /// Who.
    pub username: String,
    /// What.
    pub item: String,
}

/// A note.
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

    /// The books as they are now.
    pub fn books(&self) -> Books {
        self.locked().clone()
    }

    fn locked(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
