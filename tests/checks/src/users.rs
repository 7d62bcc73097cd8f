//! The people who have an account.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde::{Deserialize, Serialize};

use crate::{canary::Canary, infer::short, spelt::Secret};

/// The people's names and passwords, as a demo has them.
const WORDS: [&str; 6] = ["alice", "bob", "carol", "wonderland", "builder", "singer"];

/// This word in capitals, and with a letter of it in the other case, missing, or exchanged.
pub(crate) fn misspelt(word: &str) -> [String; 6] {
    let (first, second, rest) = (&word[..1], &word[1..2], &word[2..]);
    let [capital, second_capital] = [first, second].map(str::to_uppercase);
    [
        word.to_uppercase(),
        format!("{capital}{second}{rest}"),
        format!("{first}{second_capital}{rest}"),
        format!("{second}{rest}"),
        format!("{first}{rest}"),
        format!("{first}~{rest}"),
    ]
}

/// The same text with the names and passwords that a demo has, without this run's suffix, also where they are
/// misspelt.
pub fn in_demo(text: &str, suffix: &str) -> String {
    let own = WORDS.iter().map(|word| (*word).to_owned());
    let words = own.chain(WORDS.iter().flat_map(|word| misspelt(word)));
    // In a form a `~` is encoded.
    let spelt = words.flat_map(|word| [word.replace('~', "%7E"), word]);
    spelt.fold(text.to_owned(), |text, word| text.replace(&format!("{word}{suffix}"), &word))
}

/// The accounts that an exercise gets as an axum `Extension`. They change on every run. Clones share the same accounts.
///
/// Names are compared as they are: `Alice` and `alice` are two. So are passwords: these exercises are about what comes
/// after the password. Lesson 5 stores passwords as they should be stored, with argon2id.
#[derive(Clone, Debug)]
pub struct Users {
    first: Arc<[User]>,
    suffix: Arc<str>,
    /// Their passwords and the suffix, in all spellings, once a check looks for them.
    secrets: Arc<OnceLock<Secrets>>,
    canary: Option<Canary>,
    accounts: Arc<Mutex<Vec<Account>>>,
}

/// A user's name, and the password that proves it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct User {
    /// What the user types into `username`.
    pub name: String,
    /// What the user types into `password`.
    pub password: String,
}

impl User {
    /// The user that a visitor who types this claims to be: `as "alice-1a2"`, `without a name`.
    pub(crate) fn told(&self) -> String {
        match (self.name.is_empty(), self.password.is_empty()) {
            (true, true) => "with both fields empty".to_owned(),
            (true, false) => "without a name".to_owned(),
            (false, true) => format!("as {:?} without a password", short(&self.name, LONGEST_NAME)),
            (false, false) => format!("as {:?}", short(&self.name, LONGEST_NAME)),
        }
    }
}

/// How much of a name is shown, in characters.
const LONGEST_NAME: usize = 30;

/// What a user may do.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub enum Role {
    /// Uses the site.
    User,
    /// Manages the other users, too.
    Admin,
}

/// The texts that monitors look for.
#[derive(Debug)]
pub(crate) struct Secrets {
    /// Of the accounts that there are at first.
    pub(crate) passwords: Vec<Secret>,
    /// What every word of this run contains.
    pub(crate) suffix: Secret,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Account {
    user: User,
    role: Role,
    epoch: u64,
}

impl Users {
    /// Whether there is an account with this name and this password.
    pub fn verify(&self, name: &str, password: &str) -> bool {
        self.look(name, |account| account.user.password == password).unwrap_or(false)
    }

    /// The names of all accounts, in the order in which they were made.
    pub fn names(&self) -> Vec<String> {
        self.accounts().iter().map(|account| account.user.name.clone()).collect()
    }

    /// What this user may do now; `None` if there is no such account.
    pub fn role(&self, name: &str) -> Option<Role> {
        self.look(name, |account| account.role)
    }

    /// Gives this user another role. Returns whether there is such an account.
    pub fn set_role(&self, name: &str, role: Role) -> bool {
        self.look(name, |account| account.role = role).is_some()
    }

    /// Deletes this account. Returns whether there was one.
    pub fn delete(&self, name: &str) -> bool {
        let mut accounts = self.accounts();
        let before = accounts.len();
        accounts.retain(|account| account.user.name != name);
        accounts.len() < before
    }

    /// A number in the account, 0 at first; `None` if there is no such account.
    pub fn epoch(&self, name: &str) -> Option<u64> {
        self.look(name, |account| account.epoch)
    }

    /// Raises that number by one and returns it; `None` if there is no such account.
    pub fn next_epoch(&self, name: &str) -> Option<u64> {
        self.look(name, |account| {
            account.epoch += 1;
            account.epoch
        })
    }

    /// The accounts of a demo: alice, who is an admin, bob, and carol, whose name is `<i>carol</i>`.
    pub fn demo() -> Self {
        Self::with_suffix("")
    }

    /// The same three with `suffix` in every name and password.
    pub(crate) fn with_suffix(suffix: &str) -> Self {
        Self::with(suffix, None)
    }

    /// The same with this in every name, too.
    pub(crate) fn with_canary(suffix: &str, canary: Canary) -> Self {
        Self::with(suffix, Some(canary))
    }

    fn with(suffix: &str, canary: Option<Canary>) -> Self {
        let named: Arc<str> = format!("{suffix}{}", canary.as_ref().map(Canary::text).unwrap_or_default()).into();
        let user = |name: String, password: &str| User { name, password: format!("{password}{suffix}") };
        let first = [
            user(format!("alice{named}"), "wonderland"),
            user(format!("bob{named}"), "builder"),
            user(format!("<i>carol{named}</i>"), "singer"),
        ];
        let roles = [Role::Admin, Role::User, Role::User];
        let accounts = first.clone().into_iter().zip(roles).map(|(user, role)| Account { user, role, epoch: 0 });
        let accounts = Arc::new(Mutex::new(accounts.collect()));
        Self { first: Arc::new(first), suffix: named, secrets: Arc::default(), canary, accounts }
    }

    /// The texts that no answer may contain.
    pub(crate) fn secrets(&self) -> &Secrets {
        self.secrets.get_or_init(|| Secrets {
            passwords: self.first.iter().map(|user| Secret::disguised(&user.password)).collect(),
            suffix: Secret::new(&self.suffix),
        })
    }

    /// All accounts as they are now.
    pub(crate) fn dump(&self) -> Vec<Account> {
        self.accounts().clone()
    }

    /// Puts these in their place.
    pub(crate) fn restore(&self, accounts: Vec<Account>) {
        *self.accounts() = accounts;
    }

    /// What every name contains, if anything.
    pub(crate) fn canary(&self) -> Option<&Canary> {
        self.canary.as_ref()
    }

    /// A word with this run's suffix, and the canary.
    pub(crate) fn named(&self, word: &str) -> String {
        format!("{word}{}", self.suffix)
    }

    /// Creates an account for one more user.
    pub(crate) fn add(&self, user: User) {
        self.accounts().push(Account { user, role: Role::User, epoch: 0 });
    }

    /// The people who have an account at first.
    pub(crate) fn first(&self) -> &[User] {
        &self.first
    }

    pub(crate) fn alice(&self) -> &User {
        &self.first[0]
    }

    pub(crate) fn bob(&self) -> &User {
        &self.first[1]
    }

    pub(crate) fn carol(&self) -> &User {
        &self.first[2]
    }

    fn look<T>(&self, name: &str, look: impl FnOnce(&mut Account) -> T) -> Option<T> {
        self.accounts().iter_mut().find(|account| account.user.name == name).map(look)
    }

    fn accounts(&self) -> MutexGuard<'_, Vec<Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
