//! The article's session: the data in a cookie, signed as Flask signs it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use time::OffsetDateTime;

use crate::shop::Role;

/// The name of Flask's cookie.
pub(crate) const COOKIE: &str = "session";
/// The key in the article, and in every program that was copied from it.
pub(crate) const PUBLISHED_KEY: &[u8] = b"your_secret_key";

/// The data that the article's shop stores about a visitor.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Data {
    pub(crate) username: String,
    pub(crate) role: Role,
}

// ANCHOR: sign
/// Returns the cookie's value: the data, the time in seconds, and a signature, joined with dots.
pub(crate) fn sign(key: &[u8], data: &Data, now: OffsetDateTime) -> String {
    let seconds = u32::try_from(now.unix_timestamp()).unwrap_or(u32::MAX);
    let signed =
        format!("{}.{}", encode(&serde_json::to_vec(data).unwrap_or_default()), encode(&seconds.to_be_bytes()));
    format!("{signed}.{}", encode(&mac(key, &signed).finalize().into_bytes()))
}

/// Returns the data if the signature is valid.
pub(crate) fn verify(key: &[u8], cookie: &str) -> Option<Data> {
    let (signed, signature) = cookie.rsplit_once('.')?;
    mac(key, signed).verify_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
    serde_json::from_str(&read(cookie)?).ok()
}

/// Returns the data without the key, as anyone can.
pub(crate) fn read(cookie: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(cookie.split('.').next()?).ok()?).ok()
}
// ANCHOR_END: sign

fn mac(key: &[u8], text: &str) -> Hmac<Sha1> {
    let hmac = |key: &[u8]| <Hmac<Sha1> as Mac>::new_from_slice(key).expect("HMAC takes a key of any length");
    let derived = hmac(key).chain_update("cookie-session").finalize().into_bytes();
    hmac(&derived).chain_update(text)
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value that Flask 3.1 made: `{"username":"JohnDoe"}`, at 1700000000, with the article's key.
    const MADE_BY_FLASK: &str = "eyJ1c2VybmFtZSI6IkpvaG5Eb2UifQ.ZVPxAA.eBEStZ96ykEV1FibiUSOTl5HeLY";

    #[test]
    fn s01_the_signature_is_flasks() {
        let (signed, signature) = MADE_BY_FLASK.rsplit_once('.').unwrap();
        assert_eq!(encode(&mac(PUBLISHED_KEY, signed).finalize().into_bytes()), signature);
        assert_eq!(read(MADE_BY_FLASK).as_deref(), Some(r#"{"username":"JohnDoe"}"#));
    }

    #[test]
    fn what_is_signed_can_be_verified_and_not_changed() {
        let data = Data { username: "alice".to_owned(), role: Role::Customer };
        let cookie = sign(b"a key", &data, OffsetDateTime::UNIX_EPOCH);
        assert_eq!(verify(b"a key", &cookie).unwrap().username, "alice");
        assert!(verify(b"another key", &cookie).is_none());
        let changed = cookie.replacen('e', "f", 1);
        assert!(verify(b"a key", &changed).is_none());
        for nonsense in ["", ".", "..", "a.b.c", "é.é.é"] {
            assert!(verify(b"a key", nonsense).is_none(), "{nonsense}");
        }
    }
}
