//! The accounts of this program, each of which belongs to a subject of a provider.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};

/// A person, as the provider identifies them.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Hash, Serialize)]
pub(super) struct Subject {
    /// The issuer: the address of the provider.
    pub(super) issuer: String,
    /// The provider's own ID for the person. The provider never gives it to another person.
    pub(super) subject: String,
}

#[derive(Default)]
pub(super) struct Accounts(Mutex<Known>);

#[derive(Default)]
struct Known {
    by_subject: HashMap<Subject, usize>,
    /// The email addresses by account. The number of an account is its index here.
    emails: Vec<String>,
    /// The number of logouts that the providers have reported. It is in memory, so it is lost with the process. A
    /// program whose sessions outlive it, or that has several instances, stores it with its accounts.
    logouts: u64,
    /// The number of the last logout of each subject.
    ended: HashMap<Subject, u64>,
    /// The IDs of the logout tokens that have been used.
    used: Vec<String>,
}

impl Accounts {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // ANCHOR: account
    /// Returns the account of this subject. A new subject gets a new account.
    pub(super) fn of(&self, subject: Subject, email: &str) -> usize {
        let mut known = self.known();
        if let Some(account) = known.by_subject.get(&subject) {
            return *account;
        }
        known.emails.push(email.to_owned());
        let account = known.emails.len();
        known.by_subject.insert(subject, account);
        account
    }
    // ANCHOR_END: account

    /// Wrong: anyone who claims the email address gets the account.
    pub(super) fn by_email(&self, subject: Subject, email: &str) -> usize {
        let place = self.known().emails.iter().position(|known| known == email);
        place.map_or_else(|| self.of(subject, email), |place| place + 1)
    }

    /// Returns the email address that the provider reported when the account was created.
    pub(super) fn email(&self, account: usize) -> String {
        self.known().emails.get(account - 1).cloned().unwrap_or_default()
    }

    /// Returns the number of logouts that have been reported so far, of all subjects.
    pub(super) fn logouts(&self) -> u64 {
        self.known().logouts
    }

    /// Whether a logout of this subject was reported after the first `logouts` ones.
    pub(super) fn has_ended(&self, subject: &Subject, logouts: u64) -> bool {
        self.known().ended.get(subject).is_some_and(|last| *last > logouts)
    }

    pub(super) fn end_all(&self, subject: Subject) {
        let mut known = self.known();
        known.logouts += 1;
        let last = known.logouts;
        known.ended.insert(subject, last);
    }

    /// Whether this token is used for the first time. Notes it as used.
    pub(super) fn is_new(&self, token: &str) -> bool {
        let mut known = self.known();
        let is_new = known.used.iter().all(|used| used != token);
        if is_new {
            known.used.push(token.to_owned());
            let too_many = known.used.len().saturating_sub(1000); // each is valid for two minutes
            known.used.drain(..too_many);
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logout_ends_the_earlier_logins_of_one_subject_of_one_provider() {
        let accounts = Accounts::default();
        let subject = |issuer: &str, subject: &str| Subject { issuer: issuer.to_owned(), subject: subject.to_owned() };
        let (alice, bob, namesake) = (subject("a", "1"), subject("a", "2"), subject("b", "1"));
        let before = accounts.logouts();
        accounts.end_all(alice.clone());
        assert!(accounts.has_ended(&alice, before), "also a login that was under way");
        assert!(!accounts.has_ended(&alice, accounts.logouts()), "a later login");
        assert!(!accounts.has_ended(&bob, before) && !accounts.has_ended(&namesake, before));
    }
}
