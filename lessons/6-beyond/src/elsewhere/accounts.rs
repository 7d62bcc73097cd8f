//! The accounts of this program, each of which belongs to a subject of a provider.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// The time for which a login at the provider counts here: a working day. The session here does not last longer,
/// however active it is (ASVS 5.0 7.1.3).
pub(super) const LONGEST: TimeDelta = TimeDelta::hours(8);

/// A person, as the provider identifies them.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Hash, Serialize)]
pub(super) struct Subject {
    /// The issuer: the address of the provider.
    pub(super) issuer: String,
    /// The provider's own ID for the person. The provider never gives it to another person.
    pub(super) subject: String,
}

/// A logout that a provider has reported. It ends the logins that began before it.
pub(super) struct Logout {
    pub(super) issuer: String,
    /// The person. It is absent if the token names only a session at the provider.
    pub(super) subject: Option<String>,
    /// The session at the provider. If it is absent, all sessions of the person end.
    pub(super) sid: Option<String>,
    pub(super) at: DateTime<Utc>,
}

impl Logout {
    // ANCHOR: ends
    /// Whether it ends a login of this subject, which began in the session `sid` at the provider. If the provider has
    /// not named that session, the subject decides.
    fn ends(&self, subject: &Subject, sid: Option<&str>) -> bool {
        let is_subject = self.subject.as_ref().map(|of| *of == subject.subject);
        let is_session = self.sid.as_ref().zip(sid).map(|(of, sid)| of == sid);
        self.issuer == subject.issuer && is_subject != Some(false) && is_session.or(is_subject) == Some(true)
    }
    // ANCHOR_END: ends
}

#[derive(Default)]
pub(super) struct Accounts(Mutex<Known>);

#[derive(Default)]
struct Known {
    by_subject: HashMap<Subject, usize>,
    /// The email addresses by account. The number of an account is its index here, plus one.
    emails: Vec<Option<String>>,
    /// The number of logouts that the providers have reported. It is in memory, so it is lost with the process. A
    /// program whose sessions outlive it, or that has several instances, stores it with its accounts.
    logouts: u64,
    /// The logouts of the last hours, each with its number. An older one is of no use, because each login that it ended
    /// has ended by itself.
    ended: Vec<(u64, Logout)>,
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
        known.emails.push(Some(email.to_owned()));
        let account = known.emails.len();
        known.by_subject.insert(subject, account);
        account
    }
    // ANCHOR_END: account

    /// Wrong: anyone who claims the email address gets the account.
    pub(super) fn by_email(&self, subject: Subject, email: &str) -> usize {
        let place = self.known().emails.iter().position(|known| known.as_deref() == Some(email));
        place.map_or_else(|| self.of(subject, email), |place| place + 1)
    }

    /// Returns the email address that the provider reported when the account was created.
    pub(super) fn email(&self, account: usize) -> String {
        self.known().emails.get(account - 1).cloned().flatten().unwrap_or_default()
    }

    /// Deletes the account of this subject, and ends all its sessions.
    pub(super) fn delete(&self, owner: &Subject, now: DateTime<Utc>) {
        let Subject { issuer, subject } = owner.clone();
        self.end(Logout { issuer, subject: Some(subject), sid: None, at: now });
        let mut known = self.known();
        if let Some(account) = known.by_subject.remove(owner) {
            known.emails[account - 1] = None;
        }
    }

    /// Returns the number of logouts that have been reported so far, of all subjects.
    pub(super) fn logouts(&self) -> u64 {
        self.known().logouts
    }

    /// Whether a logout that ends such a login was reported after the first `logouts` ones.
    pub(super) fn has_ended(&self, subject: &Subject, sid: Option<&str>, logouts: u64) -> bool {
        self.known().ended.iter().any(|(number, logout)| *number > logouts && logout.ends(subject, sid))
    }

    pub(super) fn end(&self, logout: Logout) {
        let mut known = self.known();
        known.logouts += 1;
        let (number, now) = (known.logouts, logout.at);
        known.ended.retain(|(_, logout)| now - logout.at <= LONGEST);
        known.ended.push((number, logout));
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

    fn person(issuer: &str, subject: &str) -> Subject {
        Subject { issuer: issuer.to_owned(), subject: subject.to_owned() }
    }

    fn logout(subject: Option<&str>, sid: Option<&str>, at: DateTime<Utc>) -> Logout {
        let [subject, sid] = [subject, sid].map(|name| name.map(str::to_owned));
        Logout { issuer: "a".to_owned(), subject, sid, at }
    }

    #[test]
    fn a_logout_ends_the_earlier_logins_of_one_subject_of_one_provider() {
        let accounts = Accounts::default();
        let (alice, bob, namesake) = (person("a", "1"), person("a", "2"), person("b", "1"));
        let before = accounts.logouts();
        accounts.end(logout(Some("1"), None, Utc::now()));
        assert!(accounts.has_ended(&alice, None, before), "also a login that was under way");
        assert!(!accounts.has_ended(&alice, None, accounts.logouts()), "a later login");
        assert!(!accounts.has_ended(&bob, None, before) && !accounts.has_ended(&namesake, None, before));
    }

    #[test]
    fn a_logout_that_names_a_session_of_the_provider_ends_what_began_in_it() {
        let alice = person("a", "1");
        for (subject, sid, of_home, of_work, of_unnamed) in [
            (Some("1"), None, true, true, true),
            (None, Some("home"), true, false, false),
            (Some("1"), Some("home"), true, false, true),
            (Some("2"), Some("home"), false, false, false),
            (None, None, false, false, false),
        ] {
            let logout = logout(subject, sid, Utc::now());
            let ended = [Some("home"), Some("work"), None].map(|sid| logout.ends(&alice, sid));
            assert_eq!(ended, [of_home, of_work, of_unnamed], "{subject:?} {sid:?}");
            assert!(!logout.ends(&person("b", "1"), Some("home")), "of another provider");
        }
    }

    #[test]
    fn a_logout_is_forgotten_when_no_login_can_be_as_old() {
        let (accounts, now, alice) = (Accounts::default(), Utc::now(), person("a", "1"));
        accounts.end(logout(Some("1"), None, now));
        accounts.end(logout(Some("2"), None, now + LONGEST));
        assert!(accounts.has_ended(&alice, None, 0));
        accounts.end(logout(Some("2"), None, now + LONGEST * 2));
        assert!(!accounts.has_ended(&alice, None, 0));
        assert_eq!(accounts.known().ended.len(), 2);
        assert_eq!(accounts.logouts(), 3);
    }
}
