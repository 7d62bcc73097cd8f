//! Two accounts to log in to.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use lesson_4::defence::{
    guesses::Guesses,
    password::{NotChecked, Passwords},
};
use tokio::sync::OnceCell;

/// The names and passwords of the demo.
pub(super) const DEMO: [(&str, &str); 2] = [("alice", "a cup of tea"), ("bob", "a long walk home")];

pub(super) struct Accounts {
    passwords: Passwords,
    pub(super) guesses: Guesses,
    /// Computed at the first login.
    hashes: OnceCell<HashMap<&'static str, String>>,
    /// The number of times that all sessions of an account were ended. A session with a lower number has ended.
    rounds: Mutex<HashMap<String, u64>>,
}

impl Default for Accounts {
    fn default() -> Self {
        Self { passwords: Passwords::new(), guesses: Guesses::new(), hashes: OnceCell::new(), rounds: Mutex::default() }
    }
}

impl Accounts {
    /// Whether this is the password of this account.
    pub(super) async fn is_right(&self, name: &str, password: String) -> Result<bool, NotChecked> {
        let hashes = self.hashes.get_or_try_init(|| self.hash_all()).await?;
        self.passwords.check(password, hashes.get(name).cloned()).await
    }

    async fn hash_all(&self) -> Result<HashMap<&'static str, String>, NotChecked> {
        let mut hashes = HashMap::new();
        for (name, password) in DEMO {
            hashes.insert(name, self.passwords.hash(password.to_owned()).await?);
        }
        Ok(hashes)
    }

    /// Returns the account with this name, if there is one.
    pub(super) fn known(name: &str) -> Option<&'static str> {
        DEMO.iter().map(|(known, _)| *known).find(|known| *known == name)
    }

    pub(super) fn round(&self, account: &str) -> u64 {
        self.rounds.lock().unwrap_or_else(PoisonError::into_inner).get(account).copied().unwrap_or_default()
    }

    /// Ends every session of the account. Returns the new number, for the session that continues.
    pub(super) fn end_all(&self, account: &str) -> u64 {
        let mut rounds = self.rounds.lock().unwrap_or_else(PoisonError::into_inner);
        let round = rounds.entry(account.to_owned()).or_default();
        *round += 1;
        *round
    }
}
