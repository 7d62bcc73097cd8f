//! What signs tokens, and what verifies them.

use std::sync::{Arc, PoisonError, RwLock};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, decode, decode_header, encode, errors::Error};
use time::OffsetDateTime;
use tower_sessions::session::Id;

use super::claims::{Claims, rules};

/// So many keys verify, with the one that signs: each replacement keeps the one before, and forgets the first in time.
const MOST: usize = 3;

/// The keys of the shop, newest first. Clones share them.
#[derive(Clone)]
pub struct Keys(Arc<RwLock<Vec<Key>>>);

/// 256 random bits and the name that a token calls them by. Nothing of it is in the source, or outlives the program.
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
    /// A token that says this.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn sign(&self, claims: &Claims) -> Result<String, Error> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let header = Header { kid: Some(keys[0].id.clone()), ..Header::new(Algorithm::HS256) };
        encode(&header, claims, &EncodingKey::from_secret(&keys[0].secret))
    }

    /// What this token says, if it counts at this time.
    pub fn verify(&self, token: &str, now: OffsetDateTime) -> Option<Claims> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let id = decode_header(token).ok()?.kid?; // a hint that nothing has verified: it chooses among our own keys
        let key = keys.iter().find(|key| key.id == id)?;
        let claims: Claims =
            decode(token, &DecodingKey::from_secret(&key.secret), &rules(Algorithm::HS256)).ok()?.claims;
        (now.unix_timestamp() < claims.exp).then_some(claims) // again, on the clock of the inspector
    }

    /// A new key signs. The one before goes on verifying, or every token that it has signed ends now.
    pub fn replace(&self, keep_old: bool) {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        keys.truncate(if keep_old { MOST - 1 } else { 0 });
        keys.insert(0, Key::new());
    }
    // ANCHOR_END: keys
}
