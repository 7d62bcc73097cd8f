//! The people who have an account.

use std::sync::Arc;

/// The accounts an exercise is given, as an axum `Extension`. They are others in every run.
///
/// Passwords are compared as they are: these exercises are about what comes after the password.
/// Lesson 5 keeps accounts the way they should be kept, with argon2id.
#[derive(Clone, Debug)]
pub struct Users {
    all: Arc<[User]>,
    suffix: Arc<str>,
}

/// One account.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// The name to log in with. Any text: people are free to choose.
    pub name: String,
    /// The password.
    pub password: String,
}

impl Users {
    /// Whether there is an account of this name, and this is its password.
    pub fn verify(&self, name: &str, password: &str) -> bool {
        self.all.iter().any(|user| user.name == name && user.password == password)
    }

    /// The accounts of a demo: alice, bob, and carol, whose name is `<i>carol</i>`.
    pub fn demo() -> Self {
        Self::with_suffix("")
    }

    /// The same three with `suffix` in every name and password.
    pub(crate) fn with_suffix(suffix: &str) -> Self {
        let user = |name: String, password: &str| User { name, password: format!("{password}{suffix}") };
        let all = Arc::new([
            user(format!("alice{suffix}"), "wonderland"),
            user(format!("bob{suffix}"), "builder"),
            user(format!("<i>carol{suffix}</i>"), "singer"),
        ]);
        Self { all, suffix: suffix.into() }
    }

    /// A word with this run's suffix.
    pub(crate) fn named(&self, word: &str) -> String {
        format!("{word}{}", self.suffix)
    }

    pub(crate) fn alice(&self) -> &User {
        &self.all[0]
    }

    pub(crate) fn bob(&self) -> &User {
        &self.all[1]
    }

    pub(crate) fn carol(&self) -> &User {
        &self.all[2]
    }
}
