//! A limit on the open connections of a login.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The maximum number of open connections of a login, enough for a browser with a few tabs. Without a limit one visitor
/// could use up all connections, because a limit on requests does not count an upgraded connection.
pub(super) const MOST: usize = 8;

/// The open connections of each login, by its handle.
#[derive(Clone, Default)]
pub(super) struct OpenConnections(Arc<Mutex<HashMap<String, usize>>>);

/// The permit for one open connection. When it is dropped, another connection may open.
pub(super) struct Permit {
    open: OpenConnections,
    handle: String,
}

impl OpenConnections {
    /// Returns the permit for a connection of this login, or `None` if the login has too many.
    pub(super) fn take(&self, handle: &str) -> Option<Permit> {
        let mut open = self.lock();
        let taken = open.entry(handle.to_owned()).or_default();
        if *taken == MOST {
            return None;
        }
        *taken += 1;
        Some(Permit { open: self.clone(), handle: handle.to_owned() })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.open.lock();
        if let Some(taken) = open.get_mut(&self.handle) {
            *taken -= 1;
            if *taken == 0 {
                open.remove(&self.handle);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_has_a_limit_of_open_connections_and_each_that_ends_makes_room() {
        let connections = OpenConnections::default();
        let mut taken: Vec<_> = (0..MOST).map(|_| connections.take("alice").unwrap()).collect();
        assert!(connections.take("alice").is_none());
        assert!(connections.take("bob").is_some(), "another login has its own");
        taken.pop();
        assert!(connections.take("alice").is_some());
        taken.clear();
        assert!(connections.lock().is_empty(), "nothing is kept of logins without connections");
    }
}
