//! How many connections a login may have open at a time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A browser with a few tabs. Without a limit one visitor could take them all: an upgraded connection is counted by no
/// limit on requests.
pub(super) const MOST: usize = 8;

/// The open connections of each login, by its handle.
#[derive(Clone, Default)]
pub(super) struct Places(Arc<Mutex<HashMap<String, usize>>>);

/// A place that is free again when this is dropped.
pub(super) struct Place {
    places: Places,
    handle: String,
}

impl Places {
    /// A place for a connection of this login, if one is left.
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
