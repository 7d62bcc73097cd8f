//! A limit on the open connections of a login.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Enough for a browser with a few tabs. Without a limit one visitor could use up all connections, because a limit on
/// requests does not count an upgraded connection.
pub(super) const MOST: usize = 8;

/// The open connections of each login, by its handle.
#[derive(Clone, Default)]
pub(super) struct Places(Arc<Mutex<HashMap<String, usize>>>);

/// The place of one open connection. It is free again when this is dropped.
pub(super) struct Place {
    places: Places,
    handle: String,
}

impl Places {
    /// Takes a place for a connection of this login, if one is free.
    pub(super) fn take(&self, handle: &str) -> Option<Place> {
        let mut places = self.lock();
        let taken = places.entry(handle.to_owned()).or_default();
        if *taken == MOST {
            return None;
        }
        *taken += 1;
        Some(Place { places: self.clone(), handle: handle.to_owned() })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.places.lock();
        if let Some(taken) = places.get_mut(&self.handle) {
            *taken -= 1;
            if *taken == 0 {
                places.remove(&self.handle);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_has_so_many_places_and_each_is_free_again_afterwards() {
        let places = Places::default();
        let mut taken: Vec<_> = (0..MOST).map(|_| places.take("alice").unwrap()).collect();
        assert!(places.take("alice").is_none());
        assert!(places.take("bob").is_some(), "another login has its own");
        taken.pop();
        assert!(places.take("alice").is_some());
        taken.clear();
        assert!(places.lock().is_empty(), "nothing is kept of logins without connections");
    }
}
