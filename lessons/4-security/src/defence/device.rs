//! Device cookies: they distinguish a browser in which a user has logged in before from all other browsers.
//!
//! Source: OWASP, "Slow Down Online Guessing Attacks with Device Cookies".

use std::convert::Infallible;

use axum::{extract::FromRequestParts, http::request::Parts};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cookie::{Cookie, SameSite};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use time::{Duration, OffsetDateTime};
use tower_sessions::session::Id;

use crate::request::cookie;

/// The cookie's name. The prefix prevents other hosts from planting one.
pub const COOKIE: &str = "__Host-device";
/// The time for which a browser is known after a login. Browsers keep a cookie for at most 400 days.
const LIFETIME: Duration = Duration::days(365);

/// A browser in which a user has logged in to the given account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Device(Id);

/// Issues device cookies, and verifies them.
pub struct Devices {
    /// The first key signs, and all keys verify.
    keys: Vec<[u8; 32]>,
}

impl Devices {
    /// Creates the issuer with this key, which several instances may share. After a restart with another key, every
    /// browser is unknown.
    pub fn new(key: [u8; 32]) -> Self {
        Self { keys: vec![key] }
    }

    /// Creates the issuer with a random key, which lasts as long as this process.
    pub fn random() -> Self {
        let key = [Id::default(), Id::default()].map(|id| id.0.to_be_bytes()).concat();
        Self::new(key.try_into().expect("two IDs have 32 bytes"))
    }

    /// Also accepts an old key, so that you can change the key. Remove the old key a year later.
    #[must_use]
    pub fn and_old(mut self, key: [u8; 32]) -> Self {
        self.keys.push(key);
        self
    }

    // ANCHOR: device
    /// Makes the cookie to set when this account has logged in. `hash` is its password hash, so a new password makes
    /// every device unknown, without a list of devices.
    pub fn issue(&self, account: &str, hash: &str, now: OffsetDateTime) -> Cookie<'static> {
        let (nonce, issued) = (Id::default().to_string(), now.unix_timestamp().to_string());
        let signature =
            URL_SAFE_NO_PAD.encode(mac(&self.keys[0], &nonce, &issued, account, hash).finalize().into_bytes());
        Cookie::build((COOKIE, format!("{nonce}.{issued}.{signature}")))
            .path("/")
            .secure(true)
            .http_only(true)
            .same_site(SameSite::Strict)
            .max_age(LIFETIME)
            .build()
    }

    /// Returns the device that this cookie names, if the cookie was issued to this account since its last change of
    /// password.
    pub fn verify(&self, cookie: &str, account: &str, hash: &str, now: OffsetDateTime) -> Option<Device> {
        let mut parts = cookie.splitn(3, '.');
        let (nonce, issued, signature) = (parts.next()?, parts.next()?, parts.next()?);
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        // `verify_slice` compares in constant time.
        let is_ours = |key: &[u8; 32]| mac(key, nonce, issued, account, hash).verify_slice(&signature).is_ok();
        let is_good = self.keys.iter().any(is_ours)
            && now.unix_timestamp() - issued.parse::<i64>().ok()? < LIFETIME.whole_seconds();
        if is_good { nonce.parse().ok().map(Device) } else { None }
    }
    // ANCHOR_END: device
}

/// Computes the signature. It covers its purpose, so no other value that is signed with the key is accepted here. Each
/// part is preceded by its length, so the boundaries between parts are unambiguous.
fn mac(key: &[u8; 32], nonce: &str, issued: &str, account: &str, hash: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key may have any length");
    for part in [COOKIE, nonce, issued, account, hash] {
        mac.update(&part.len().to_be_bytes());
        mac.update(part.as_bytes());
    }
    mac
}

/// The device cookie of a request, as it came.
#[derive(Clone, Debug, Default)]
pub struct DeviceCookie(pub Option<String>);

impl<S: Sync> FromRequestParts<S> for DeviceCookie {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(cookie(&parts.headers, COOKIE).map(|cookie| cookie.value().to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-25 12:00 UTC);
    const HASH: &str = "$argon2id$v=19$…";

    #[test]
    fn a_device_is_known_to_its_account_and_to_no_other() {
        let devices = Devices::random();
        let cookie = devices.issue("alice", HASH, NOW).value().to_owned();
        let device = devices.verify(&cookie, "alice", HASH, NOW);
        assert!(device.is_some());
        assert_eq!(device, devices.verify(&cookie, "alice", HASH, NOW + Duration::days(364)), "it is one device");
        assert_ne!(device, devices.verify(devices.issue("alice", HASH, NOW).value(), "alice", HASH, NOW));
        assert_eq!(devices.verify(&cookie, "bob", HASH, NOW), None);
        assert_eq!(devices.verify(&cookie, "alice", "after a new password", NOW), None);
        assert_eq!(devices.verify(&cookie, "alice", HASH, NOW + LIFETIME), None, "a year later");
        assert_eq!(Devices::random().verify(&cookie, "alice", HASH, NOW), None, "another key");
    }

    #[test]
    fn what_was_changed_is_refused() {
        let devices = Devices::random();
        let cookie = devices.issue("alice", HASH, NOW).value().to_owned();
        let [nonce, issued, signature] = cookie.split('.').collect::<Vec<_>>().try_into().unwrap();
        let other = Id::default().to_string();
        for forged in [
            String::new(),
            "..".to_owned(),
            format!("{nonce}.{issued}"),
            format!("{nonce}.{issued}."),
            format!("{other}.{issued}.{signature}"),
            format!("{nonce}.{issued}0.{signature}"),
            format!("{nonce}{issued}..{signature}"),
        ] {
            assert_eq!(devices.verify(&forged, "alice", HASH, NOW), None, "{forged}");
        }
    }

    #[test]
    fn a_new_key_signs_and_the_old_one_still_verifies() {
        let (old, new) = ([1; 32], [2; 32]);
        let before = Devices::new(old).issue("alice", HASH, NOW).value().to_owned();
        let devices = Devices::new(new).and_old(old);
        assert!(devices.verify(&before, "alice", HASH, NOW).is_some());
        let after = devices.issue("alice", HASH, NOW).value().to_owned();
        assert!(Devices::new(new).verify(&after, "alice", HASH, NOW).is_some());
        assert_eq!(Devices::new(old).verify(&after, "alice", HASH, NOW), None);
    }

    #[test]
    fn the_cookie_goes_to_this_host_alone_and_to_no_script() {
        let cookie = Devices::random().issue("alice", HASH, NOW).to_string();
        let (value, attributes) = cookie.split_once("; ").unwrap();
        assert!(value.starts_with("__Host-device="), "{cookie}");
        assert!(!value.contains("alice"), "{cookie}");
        assert_eq!(attributes, "HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=31536000");
    }
}
