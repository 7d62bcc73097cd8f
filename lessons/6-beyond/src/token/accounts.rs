//! The accounts and their current roles.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};

/// The role of an account.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A user may buy.
    User,
    /// An admin may see all orders.
    Admin,
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::User => "user",
            Self::Admin => "admin",
        })
    }
}

/// The accounts of the demo.
#[derive(Clone)]
pub(super) struct Accounts(Arc<Mutex<HashMap<String, Role>>>);

impl Default for Accounts {
    fn default() -> Self {
        let all = [("alice", Role::User), ("carol", Role::Admin)];
        Self(Arc::new(Mutex::new(all.map(|(name, role)| (name.to_owned(), role)).into())))
    }
}

impl Accounts {
    pub(super) fn role(&self, name: &str) -> Option<Role> {
        self.lock().get(name).copied()
    }

    /// Sets the role of an account. Returns `false` if there is no such account.
    pub(super) fn set_role(&self, name: &str, role: Role) -> bool {
        self.lock().get_mut(name).map(|has| *has = role).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Role>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
