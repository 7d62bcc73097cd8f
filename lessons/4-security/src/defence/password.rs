//! Passwords: kept as argon2id hashes, and checked with the same work whether or not there is such a user.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::available_parallelism,
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{Error, PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::{
    sync::{OnceCell, Semaphore},
    task::spawn_blocking,
};

/// Makes and checks hashes, a few at a time. Clones share their work.
#[derive(Clone)]
pub struct Passwords(Arc<Inner>);

struct Inner {
    argon2: Argon2<'static>,
    /// Each check takes its memory (19 MiB) and a core: a crowd of them waits here instead of falling over.
    turns: Semaphore,
    dummy: OnceCell<String>,
    checked: AtomicUsize,
}

impl Passwords {
    /// argon2id as OWASP recommends it: 19 MiB, two passes, one lane.
    pub fn new() -> Self {
        Self::with(Params::DEFAULT)
    }

    /// As little work as argon2 allows: for tests, where it is counted and not felt.
    pub fn quick() -> Self {
        Self::with(Params::new(Params::MIN_M_COST, 1, 1, None).expect("the least parameters are allowed"))
    }

    fn with(params: Params) -> Self {
        Self(Arc::new(Inner {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            turns: Semaphore::new(available_parallelism().map_or(1, usize::from)),
            dummy: OnceCell::new(),
            checked: AtomicUsize::new(0),
        }))
    }

    /// The hash to keep: a PHC string with its own random salt.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub async fn hash(&self, password: String) -> Result<String, Error> {
        self.work(move |argon2| argon2.hash_password(password.as_bytes()).map(|hash| hash.to_string())).await
    }

    // ANCHOR: check
    /// Whether it is the password behind this hash. Without a hash, because there is no such user, the answer is no,
    /// after the same work.
    ///
    /// # Errors
    /// The hash is not one, or the system gives no randomness.
    pub async fn check(&self, password: String, hash: Option<String>) -> Result<bool, Error> {
        let known = hash.is_some();
        let hash = match hash {
            Some(hash) => hash,
            None => self.0.dummy.get_or_try_init(|| self.hash("nobody's password".to_owned())).await?.clone(),
        };
        self.0.checked.fetch_add(1, Ordering::Relaxed);
        let fits = self
            .work(move |argon2| match argon2.verify_password(password.as_bytes(), &PasswordHash::new(&hash)?) {
                Err(Error::PasswordInvalid) => Ok(false),
                checked => checked.map(|()| true),
            })
            .await?;
        Ok(known && fits)
    }
    // ANCHOR_END: check

    /// How many passwords were checked so far.
    pub fn checked(&self) -> usize {
        self.0.checked.load(Ordering::Relaxed)
    }

    /// Off the threads that answer requests, which it would hold up.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let inner = self.0.clone();
        let _turn = self.0.turns.acquire().await.expect("nobody closes it");
        spawn_blocking(move || work(&inner.argon2)).await.expect("argon2 does not panic")
    }
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_hash_and_nothing_fits_nobodys() {
        let passwords = Passwords::quick();
        let hash = passwords.hash("rain".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$"), "{hash}");
        assert!(passwords.check("rain".to_owned(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.check("Rain".to_owned(), Some(hash)).await.unwrap());
        assert!(!passwords.check("nobody's password".to_owned(), None).await.unwrap());
        assert_eq!(passwords.checked(), 3);
        assert!(passwords.check("rain".to_owned(), Some("plain text".to_owned())).await.is_err());
    }

    #[tokio::test]
    async fn owasps_parameters_are_in_the_hash() {
        let hash = Passwords::new().hash("rain".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    }
}
