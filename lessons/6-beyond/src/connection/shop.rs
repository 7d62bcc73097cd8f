//! The orders, in memory.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The items that the shop sells.
pub(super) const ITEMS: [&str; 3] = ["teapot", "cup", "yacht"];
/// The maximum number of orders in memory.
const MOST: usize = 100;

/// The last orders: the user and the item.
#[derive(Clone, Default)]
pub(super) struct Orders(Arc<Mutex<VecDeque<(String, String)>>>);

impl Orders {
    /// Adds an order. Returns `false` if the shop does not sell this item.
    pub(super) fn add(&self, user: &str, item: &str) -> bool {
        let is_sold = ITEMS.contains(&item);
        if is_sold {
            let mut orders = self.lock();
            orders.push_back((user.to_owned(), item.to_owned()));
            if orders.len() > MOST {
                orders.pop_front();
            }
        }
        is_sold
    }

    /// Returns the items that this user has bought.
    pub(super) fn of(&self, user: &str) -> Vec<String> {
        self.lock().iter().filter(|(who, _)| who == user).map(|(_, item)| item.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(String, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
