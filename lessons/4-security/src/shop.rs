//! The shop's data: accounts, orders and notes. They show whether an attack has succeeded.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use crate::defence::password::{NotChecked, Passwords};

/// The role of an account.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A customer may buy.
    Customer,
    /// An admin may also write the text above every page.
    Admin,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Admin => "admin",
        }
    }
}

/// The accounts of the demo: name, password, role. They are public, because the attacks are on sessions.
pub const ACCOUNTS: [(&str, &str, Role); 4] = [
    ("alice", "sunshine", Role::Customer),
    ("bob", "a long walk home", Role::Customer),
    ("carol", "nine green bottles", Role::Admin),
    ("mallory", "mine, all mine", Role::Customer),
];

/// One shop. Clones share it.
#[derive(Clone)]
pub struct Shop(Arc<Inner>);

struct Inner {
    passwords: Passwords,
    /// Computed at the first login, because the hash function is slow on purpose.
    hashes: OnceCell<BTreeMap<&'static str, String>>,
    books: Mutex<Books>,
}

/// All data that a shop has recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Books {
    accounts: BTreeMap<&'static str, Account>,
    orders: Vec<Order>,
    notes: Vec<Note>,
    banner: String,
}

#[derive(Clone, Debug, PartialEq)]
struct Account {
    role: Role,
    email: String,
}

/// An order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Order {
    /// The name of the buyer.
    pub username: String,
    /// The item.
    pub item: String,
}

/// A note that a visitor wrote, and that everybody can read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Note {
    /// The name of the author.
    pub username: String,
    /// The text.
    pub text: String,
}

impl Shop {
    /// Creates a shop without orders and notes.
    pub fn new(passwords: Passwords) -> Self {
        let account = |(name, _, role): (&'static str, &str, Role)| {
            (name, Account { role, email: format!("{name}@shop.example") })
        };
        let books = Books {
            accounts: ACCOUNTS.into_iter().map(account).collect(),
            orders: Vec::new(),
            notes: Vec::new(),
            banner: "Everything must go".to_owned(),
        };
        Self(Arc::new(Inner { passwords, hashes: OnceCell::new(), books: Mutex::new(books) }))
    }

    /// Returns the hash of a user's password, or `None` if there is no such account.
    pub(crate) async fn hash_of(&self, username: &str) -> Result<Option<String>, NotChecked> {
        let make = || async {
            let mut hashes = BTreeMap::new();
            for (name, password, _) in ACCOUNTS {
                hashes.insert(name, self.0.passwords.hash(password.to_owned()).await?);
            }
            Ok::<_, NotChecked>(hashes)
        };
        Ok(self.0.hashes.get_or_try_init(make).await?.get(username).cloned())
    }

    /// Returns the password checker, which also counts its checks.
    pub(crate) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    pub(crate) fn role(&self, username: &str) -> Option<Role> {
        self.open_books().accounts.get(username).map(|account| account.role)
    }

    pub(crate) fn demote(&self, username: &str) {
        if let Some(account) = self.open_books().accounts.get_mut(username) {
            account.role = Role::Customer;
        }
    }

    pub(crate) fn email(&self, username: &str) -> Option<String> {
        self.open_books().accounts.get(username).map(|account| account.email.clone())
    }

    pub(crate) fn set_email(&self, username: &str, email: String) {
        if let Some(account) = self.open_books().accounts.get_mut(username) {
            account.email = email;
        }
    }

    pub(crate) fn order(&self, username: String, item: String) {
        push(&mut self.open_books().orders, Order { username, item });
    }

    /// Whether this user has ordered this item.
    pub(crate) fn ordered(&self, username: &str, item: &str) -> bool {
        self.open_books().orders.iter().any(|order| order.username == username && order.item == item)
    }

    /// Returns the last orders.
    pub(crate) fn orders(&self) -> Vec<Order> {
        self.open_books().orders.clone()
    }

    pub(crate) fn write(&self, username: &str, text: &str) {
        push(&mut self.open_books().notes, Note { username: username.to_owned(), text: text.to_owned() });
    }

    pub(crate) fn notes(&self) -> Vec<Note> {
        self.open_books().notes.clone()
    }

    pub(crate) fn banner(&self) -> String {
        self.open_books().banner.clone()
    }

    pub(crate) fn set_banner(&self, banner: String) {
        self.open_books().banner = banner;
    }

    /// Returns the books as they are now.
    pub fn books(&self) -> Books {
        self.open_books().clone()
    }

    fn open_books(&self) -> MutexGuard<'_, Books> {
        self.0.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    /// Returns the lines that are new since `before`.
    pub fn since(&self, before: &Self) -> Vec<String> {
        let both = self.lines().into_iter().zip(before.lines());
        let news = both.flat_map(|((_, now), (_, before))| now.into_iter().filter(move |line| !before.contains(line)));
        news.collect()
    }

    /// Returns the lines of each kind, with its name.
    pub fn lines(&self) -> [(&'static str, Vec<String>); 5] {
        let accounts = |tell: fn(&Account) -> &str| -> Vec<String> {
            self.accounts.iter().map(|(name, account)| format!("{name}: {}", tell(account))).collect()
        };
        [
            ("bought", self.orders.iter().map(|order| format!("{}: {}", order.username, order.item)).collect()),
            ("email", accounts(|account| &account.email)),
            ("roles", accounts(|account| account.role.name())),
            ("notes", self.notes.iter().map(|note| format!("{}: {}", note.username, note.text)).collect()),
            ("banner", vec![self.banner.clone()]),
        ]
    }
}

/// Keeps only the last few entries, so that a demo's memory cannot fill up.
fn push<T>(all: &mut Vec<T>, one: T) {
    const MOST: usize = 20;
    if all.len() == MOST {
        all.remove(0);
    }
    all.push(one);
}
