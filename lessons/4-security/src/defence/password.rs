//! Passwords: stored as argon2id hashes, and checked with the same work whether or not the user exists.

mod pool;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::available_parallelism,
};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::{
        self,
        phc::{Output, ParamsString, PasswordHash, Salt},
    },
};
use axum::{
    http::{StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use tokio::sync::OnceCell;

use pool::{Busy, Pool};

/// The maximum number of waiting hashes. Each takes some tens of milliseconds of a core, so the last of them waits for
/// a second or two.
const WAITING: usize = 100;

/// Makes and checks hashes, a few at a time. Clones share one queue.
#[derive(Clone)]
pub struct Passwords(Arc<Inner>);

struct Inner {
    argon2: Argon2<'static>,
    /// Each hash occupies its memory (19 MiB) and a core, so further ones wait here.
    pool: Arc<Pool>,
    dummy: OnceCell<String>,
    checked: AtomicUsize,
}

impl Passwords {
    /// argon2id as OWASP recommends it: 19 MiB, two passes, one lane. As many hashes run at a time as there are cores,
    /// and a hundred more may wait. Any further one is refused.
    pub fn new() -> Self {
        Self::with(Params::DEFAULT, available_parallelism().map_or(1, usize::from), WAITING)
    }

    /// Like [`Self::new`], with at most `at_once` hashes at a time and `waiting` in the queue.
    pub fn limited(at_once: usize, waiting: usize) -> Self {
        Self::with(Params::DEFAULT, at_once, waiting)
    }

    /// Uses the smallest parameters that argon2 allows, for tests that only count the hashes.
    pub fn quick() -> Self {
        let params = Params::new(Params::MIN_M_COST, 1, 1, None).expect("the least parameters are allowed");
        Self::with(params, 2, WAITING)
    }

    fn with(params: Params, at_once: usize, waiting: usize) -> Self {
        Self(Arc::new(Inner {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            pool: Arc::new(Pool::new(at_once, waiting)),
            dummy: OnceCell::new(),
            checked: AtomicUsize::new(0),
        }))
    }

    /// Returns the hash to store: a PHC string with its own random salt.
    ///
    /// # Errors
    /// Too many hashes wait already, or the system gives no randomness.
    pub async fn hash(&self, password: String) -> Result<String, NotChecked> {
        let argon2 = self.0.argon2.clone();
        Ok(self.0.pool.run(move |blocks| hash(&argon2, &password, blocks)).await??)
    }

    // ANCHOR: check
    /// Whether this password belongs to this hash. If there is no hash, because the user does not exist, the answer is
    /// `false` after the same work.
    ///
    /// # Errors
    /// Too many hashes wait already, the hash is not valid, or the system gives no randomness.
    pub async fn check(&self, password: String, hash: Option<String>) -> Result<bool, NotChecked> {
        let is_known = hash.is_some();
        let hash = match hash {
            Some(hash) => hash,
            None => self.0.dummy.get_or_try_init(|| self.hash("nobody's password".to_owned())).await?.clone(),
        };
        let is_right = self.0.pool.run(move |blocks| verify(&hash, &password, blocks)).await??;
        self.0.checked.fetch_add(1, Ordering::Relaxed);
        Ok(is_known && is_right)
    }
    // ANCHOR_END: check

    /// Returns the number of passwords that were checked so far.
    pub fn checked(&self) -> usize {
        self.0.checked.load(Ordering::Relaxed)
    }

    /// Returns the number of hashes for which memory was allocated.
    pub fn buffers(&self) -> usize {
        self.0.pool.made()
    }
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

// These are argon2's `hash_password` and `verify_password`, which would allocate new memory each time.

fn hash(argon2: &Argon2<'_>, password: &str, blocks: &mut Vec<Block>) -> Result<String, password_hash::Error> {
    let salt = password_hash::try_generate_salt().map_err(|_| password_hash::Error::Crypto)?;
    let output = output(argon2, password, &salt, blocks)?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(argon2.params())?,
        salt: Some(Salt::new(&salt)?),
        hash: Some(output),
    };
    Ok(hash.to_string())
}

/// Uses the parameters of the stored hash, because those of new hashes may have changed since.
fn verify(hash: &str, password: &str, blocks: &mut Vec<Block>) -> Result<bool, password_hash::Error> {
    let hash = PasswordHash::new(hash)?;
    let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else {
        return Err(password_hash::Error::EncodingInvalid);
    };
    let version = hash.version.map_or(Ok(Version::default()), Version::try_from)?;
    let argon2 = Argon2::new(Algorithm::try_from(hash.algorithm.as_str())?, version, Params::try_from(&hash)?);
    // `Output` compares in constant time.
    Ok(output(&argon2, password, salt, blocks)? == *expected)
}

fn output(
    argon2: &Argon2<'_>,
    password: &str,
    salt: &[u8],
    blocks: &mut Vec<Block>,
) -> Result<Output, password_hash::Error> {
    let params = argon2.params();
    blocks.resize(params.block_count().max(blocks.len()), Block::new());
    let mut output = [0; Output::MAX_LENGTH];
    let output = &mut output[..params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN).min(Output::MAX_LENGTH)];
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, output, blocks)?;
    Ok(Output::new(output)?)
}

/// The reason why a password was neither hashed nor checked.
#[derive(Debug)]
pub enum NotChecked {
    /// Too many hashes wait already: 503, with a retry in two seconds.
    Busy,
    /// The hash is not valid, or the system gives no randomness: 500.
    Broken(password_hash::Error),
}

impl From<Busy> for NotChecked {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}

impl From<password_hash::Error> for NotChecked {
    fn from(error: password_hash::Error) -> Self {
        Self::Broken(error)
    }
}

impl fmt::Display for NotChecked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("too many passwords are waiting to be checked"),
            Self::Broken(error) => write!(f, "no password can be checked: {error}"),
        }
    }
}

impl IntoResponse for NotChecked {
    fn into_response(self) -> Response {
        match self {
            Self::Busy => {
                let sentence = "Too many people are logging in at this moment. Please try again in a few seconds.\n";
                (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "2")], sentence).into_response()
            }
            Self::Broken(error) => {
                tracing::error!(%error, "no password can be checked");
                let sentence = "Passwords cannot be checked at the moment, so nothing was done.\n";
                (StatusCode::INTERNAL_SERVER_ERROR, sentence).into_response()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use argon2::{PasswordHasher, PasswordVerifier};
    use axum::body::to_bytes;
    use futures_util::future::{join, join_all};

    use super::*;

    #[tokio::test]
    async fn a_password_matches_its_hash_and_no_password_matches_an_unknown_users() {
        let passwords = Passwords::quick();
        let hash = passwords.hash("rain".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$"), "{hash}");
        assert!(passwords.check("rain".to_owned(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.check("Rain".to_owned(), Some(hash)).await.unwrap());
        assert!(!passwords.check("nobody's password".to_owned(), None).await.unwrap());
        assert_eq!(passwords.checked(), 3);
        assert!(passwords.check("rain".to_owned(), Some("plain text".to_owned())).await.is_err());
        assert!(passwords.check("rain".to_owned(), Some("$argon2id$v=19$m=8,t=1,p=1".to_owned())).await.is_err());
    }

    #[tokio::test]
    async fn owasps_parameters_are_in_the_hash() {
        let hash = Passwords::new().hash("rain".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    }

    #[tokio::test]
    async fn a_quick_hash_has_the_least_parameters() {
        let hash = Passwords::quick().hash("rain".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
    }

    #[tokio::test]
    async fn where_one_hash_runs_and_none_may_wait_a_second_one_is_refused() {
        let passwords = Passwords::limited(1, 0);
        let hash = || passwords.hash("rain".to_owned());
        let (first, second) = join(hash(), hash()).await;
        assert!(first.is_ok());
        assert!(matches!(second, Err(NotChecked::Busy)), "{second:?}");
    }

    /// Hashes of other programs, and of this one before its parameters changed.
    #[tokio::test]
    async fn a_hash_with_other_parameters_is_checked_with_those() {
        let other = Argon2::new(Algorithm::Argon2i, Version::V0x10, Params::new(64, 3, 2, Some(24)).unwrap());
        let hash = other.hash_password_with_salt(b"rain", b"salt and pepper").unwrap().to_string();
        let passwords = Passwords::quick();
        assert!(passwords.check("rain".to_owned(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.check("Rain".to_owned(), Some(hash)).await.unwrap());
        let own = passwords.hash("rain".to_owned()).await.unwrap();
        assert_eq!(Argon2::default().verify_password(b"rain", &PasswordHash::new(&own).unwrap()), Ok(()));
    }

    #[tokio::test]
    async fn how_much_memory_there_is_can_be_asked() {
        let passwords = Passwords::quick();
        assert_eq!(passwords.buffers(), 0);
        passwords.hash("rain".to_owned()).await.unwrap();
        assert_eq!(passwords.buffers(), 1);
    }

    #[tokio::test]
    async fn a_password_that_was_not_checked_is_reported_and_the_reason_is_for_the_log() {
        let broken = password_hash::Error::EncodingInvalid;
        let reason = format!("no password can be checked: {broken}");
        for (error, reason, status, retry, sentence) in [
            (NotChecked::Busy, "too many passwords are waiting to be checked", 503, Some("2"), "Too many people"),
            (NotChecked::Broken(broken), &reason, 500, None, "Passwords cannot be checked at the moment"),
        ] {
            assert_eq!(error.to_string(), reason);
            let (parts, body) = error.into_response().into_parts();
            let retry_after = parts.headers.get(RETRY_AFTER).map(|value| value.to_str().unwrap());
            assert_eq!((parts.status.as_u16(), retry_after), (status, retry));
            assert!(to_bytes(body, 1000).await.unwrap().starts_with(sentence.as_bytes()), "{sentence}");
        }
    }

    #[tokio::test]
    async fn many_hashes_share_the_memory_of_a_few() {
        let passwords = Passwords::quick();
        let hash = passwords.hash("rain".to_owned()).await.unwrap();
        let checks = (0..60).map(|_| passwords.check("rain".to_owned(), Some(hash.clone())));
        assert!(join_all(checks).await.into_iter().all(|checked| checked.is_ok_and(|is_right| is_right)));
        assert!(passwords.buffers() <= 2, "{}", passwords.buffers());
    }
}
