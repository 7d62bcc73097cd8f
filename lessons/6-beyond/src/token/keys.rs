//! The keys that sign and verify tokens.

use std::sync::{Arc, PoisonError, RwLock};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, decode, decode_header, encode, errors::Error};
use time::OffsetDateTime;
use tower_sessions::session::Id;

use super::claims::{Claims, rules};

/// The maximum number of keys that verify, including the one that signs. A replacement keeps the previous keys and
/// drops the oldest beyond this number.
const MOST: usize = 3;

/// The keys of the shop, newest first. Clones share them.
#[derive(Clone)]
pub struct Keys(Arc<RwLock<Vec<Key>>>);

/// A key of 256 random bits, and its ID in a token. It is not in the source, and ends with the program.
struct Key {
    id: String,
    secret: [u8; 32],
}

impl Default for Keys {
    fn default() -> Self {
        Self(Arc::new(RwLock::new(vec![Key::new()])))
    }
}

impl Key {
    fn new() -> Self {
        Self { id: Id::default().to_string(), secret: rand::random() }
    }
}

impl Keys {
    // ANCHOR: keys
    /// Signs a token with these claims.
    ///
    /// # Errors
    /// The claims cannot be written as JSON.
    pub fn sign(&self, claims: &Claims) -> Result<String, Error> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let header = Header { kid: Some(keys[0].id.clone()), ..Header::new(Algorithm::HS256) };
        encode(&header, claims, &EncodingKey::from_secret(&keys[0].secret))
    }

    /// Returns the claims of this token, if it is valid at this time.
    pub fn verify(&self, token: &str, now: OffsetDateTime) -> Option<Claims> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let id = decode_header(token).ok()?.kid?; // not verified, so it only chooses among our own keys
        let key = keys.iter().find(|key| key.id == id)?;
        let claims: Claims =
            decode(token, &DecodingKey::from_secret(&key.secret), &rules(Algorithm::HS256)).ok()?.claims;
        (now.unix_timestamp() < claims.exp).then_some(claims) // once more, on the inspector's clock
    }

    /// Signs with a new key from now on. With `keep_old`, the previous keys still verify. Otherwise all tokens that
    /// they signed end now.
    pub fn replace(&self, keep_old: bool) {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        keys.truncate(if keep_old { MOST - 1 } else { 0 });
        keys.insert(0, Key::new());
    }
    // ANCHOR_END: keys
}
