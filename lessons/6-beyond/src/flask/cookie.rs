//! Flask's session cookie: `data.time.signature`, written and read as itsdangerous 2.2 does it in Flask 3.1.
//!
//! `data` is tagged JSON in base64, after a dot if it is compressed with zlib. `time` is a number of seconds in base64,
//! and `signature` is HMAC-SHA1 in base64 over `data.time`.

use std::{fmt, io::Read};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use flate2::{Compression, Decompress, FlushDecompress, Status, read::ZlibEncoder};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use time::{Duration, OffsetDateTime};

use super::tagged::{self, Dict};

/// Flask derives the key with this salt. Another use of the same `SECRET_KEY` has another salt and so another key.
const SALT: &[u8] = b"cookie-session";
const ID_SALT: &[u8] = b"flask-session";
/// The maximum size of a session's JSON, in bytes. zlib can shrink data a thousandfold, so the length of the cookie
/// does not limit it.
pub const LONGEST: usize = 256 * 1024;

// ANCHOR: keys
/// The keys of a Flask app.
#[derive(Clone)]
pub struct Keys {
    /// Signs and verifies.
    current: Hmac<Sha1>,
    /// These only verify.
    fallbacks: Vec<Hmac<Sha1>>,
}

impl Keys {
    /// Derives the keys from the app's `SECRET_KEY` and its `SECRET_KEY_FALLBACKS`.
    ///
    /// # Errors
    /// A key is empty, so anyone could sign.
    pub fn new<'k>(secret: &'k str, fallbacks: impl IntoIterator<Item = &'k str>) -> Result<Self, EmptyKey> {
        let fallbacks = fallbacks.into_iter().map(|secret| derived(secret, SALT)).collect::<Result<_, _>>()?;
        Ok(Self { current: derived(secret, SALT)?, fallbacks })
    }

    /// Derives the key with which Flask-Session 0.8 signs an ID. There are no fallbacks for it.
    ///
    /// # Errors
    /// The key is empty.
    pub fn for_ids(secret: &str) -> Result<Self, EmptyKey> {
        Ok(Self { current: derived(secret, ID_SALT)?, fallbacks: Vec::new() })
    }
}

impl Keys {
    /// Makes a key that ends with the process.
    pub(super) fn random() -> Self {
        let key: [u8; 64] = rand::random();
        Self { current: Hmac::new(&key.into()), fallbacks: Vec::new() }
    }
}

/// Derives the key: the HMAC of the salt, with the secret as its key.
fn derived(secret: &str, salt: &[u8]) -> Result<Hmac<Sha1>, EmptyKey> {
    let keyed = |key: &[u8]| Hmac::new_from_slice(key).map_err(|_| EmptyKey);
    if secret.is_empty() {
        return Err(EmptyKey);
    }
    keyed(&keyed(secret.as_bytes())?.chain_update(salt).finalize().into_bytes())
}
// ANCHOR_END: keys

/// The error for a key without bytes.
#[derive(Debug)]
pub struct EmptyKey;

impl fmt::Display for EmptyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the secret key is empty, so anyone could sign; use the SECRET_KEY of the Flask app")
    }
}

impl std::error::Error for EmptyKey {}

impl fmt::Debug for Keys {
    /// Shows nothing of the keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys(1 and {} fallbacks)", self.fallbacks.len())
    }
}

/// The reason why a cookie is refused.
#[derive(Debug)]
pub enum Refused {
    /// The cookie does not have three parts, or none of the keys has signed it.
    NotSigned,
    /// The cookie was signed longer ago than a session lasts, or its time is in the future.
    NotNow,
    /// One of our keys has signed the cookie, but its data cannot be read. Nobody without a key can cause this: the
    /// other app has written data that this app does not understand.
    Unreadable(String),
}

impl Keys {
    // ANCHOR: unsign
    /// Returns the text before the signature, if one of the keys has made the signature.
    pub fn unsign<'v>(&self, value: &'v str) -> Option<&'v str> {
        let (signed, signature) = value.rsplit_once('.')?;
        let signature = BASE64.decode(signature).ok()?;
        // Compares in constant time, each with a copy of the keyed hash.
        let has_signed = |key: &Hmac<Sha1>| key.clone().chain_update(signed).verify_slice(&signature).is_ok();
        (has_signed(&self.current) || self.fallbacks.iter().any(has_signed)).then_some(signed)
    }
    // ANCHOR_END: unsign

    /// Returns the text followed by its signature.
    pub fn sign(&self, text: &str) -> String {
        let signature = self.current.clone().chain_update(text).finalize().into_bytes();
        format!("{text}.{}", BASE64.encode(signature))
    }

    // ANCHOR: read
    /// Returns the data in the value of a cookie.
    ///
    /// # Errors
    /// The cookie is not ours, is too old, or is unreadable. The signature is verified first, so that unsigned data is
    /// never decoded.
    pub fn read(&self, value: &str, now: OffsetDateTime, lifetime: Duration) -> Result<Dict, Refused> {
        let signed = self.unsign(value).ok_or(Refused::NotSigned)?;
        let (data, time) = signed.rsplit_once('.').ok_or(Refused::NotSigned)?;
        let age = now.unix_timestamp().checked_sub(seconds(time).ok_or(Refused::NotSigned)?);
        if !age.is_some_and(|age| (0..=lifetime.whole_seconds()).contains(&age)) {
            return Err(Refused::NotNow);
        }
        let json = unpacked(data).map_err(|reason| Refused::Unreadable(reason.to_owned()))?;
        tagged::from_json(&json).map_err(|reason| Refused::Unreadable(reason.to_string()))
    }
    // ANCHOR_END: read

    /// Returns the value of a cookie with this data, signed now.
    ///
    /// # Errors
    /// The data has a date that cannot be written.
    pub fn write(&self, data: &Dict, now: OffsetDateTime) -> Result<String, tagged::Error> {
        let seconds = now.unix_timestamp().max(0).to_be_bytes();
        let first = seconds.iter().position(|byte| *byte != 0).unwrap_or(seconds.len());
        let signed = format!("{}.{}", packed(&tagged::to_json(data)?), BASE64.encode(&seconds[first..]));
        Ok(self.sign(&signed))
    }
}

fn seconds(text: &str) -> Option<i64> {
    let bytes = BASE64.decode(text).ok()?;
    let mut seconds = [0; 8];
    let first = seconds.len().checked_sub(bytes.len())?;
    seconds[first..].copy_from_slice(&bytes);
    // A larger number is in the future on any clock.
    Some(i64::try_from(u64::from_be_bytes(seconds)).unwrap_or(i64::MAX))
}

fn packed(json: &str) -> String {
    let mut zlib = Vec::new();
    let read = ZlibEncoder::new(json.as_bytes(), Compression::default()).read_to_end(&mut zlib);
    // The dot that marks compressed data takes a byte.
    let is_shorter = read.is_ok() && zlib.len() + 1 < json.len();
    if is_shorter { format!(".{}", BASE64.encode(zlib)) } else { BASE64.encode(json) }
}

// ANCHOR: unpacked
fn unpacked(data: &str) -> Result<String, &'static str> {
    let (is_packed, data) = data.strip_prefix('.').map_or((false, data), |data| (true, data));
    let mut json = BASE64.decode(data).map_err(|_| "the data is not base64")?;
    if is_packed {
        json = unzipped(&json)?;
    }
    String::from_utf8(json).map_err(|_| "the data is not UTF-8")
}

/// Decompresses the data. A simple reader would not notice that the end with the checksum is missing.
fn unzipped(zlib: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut json = Vec::with_capacity(LONGEST);
    match Decompress::new(true).decompress_vec(zlib, &mut json, FlushDecompress::Finish) {
        Ok(Status::StreamEnd) => Ok(json),
        Ok(_) if json.len() == json.capacity() => Err("the data is longer than a session may be"),
        Ok(_) => Err("the data is cut off"),
        Err(_) => Err("the data is not valid zlib"),
    }
}
// ANCHOR_END: unpacked

#[cfg(test)]
mod tests {
    use super::*;

    const MONTH: Duration = Duration::days(31);

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(seconds).unwrap()
    }

    fn keys(secret: &str, fallbacks: &[&str]) -> Keys {
        Keys::new(secret, fallbacks.iter().copied()).unwrap()
    }

    /// The cookie is in `tests/flask/snapshots/s01.snap`.
    #[test]
    fn the_cookie_that_flask_has_made_is_read_and_made_here_too() {
        let made_by_flask = "eyJ1c2VybmFtZSI6IkpvaG5Eb2UifQ.ZVPxAA.eBEStZ96ykEV1FibiUSOTl5HeLY";
        let (keys, now) = (keys("your_secret_key", &[]), at(1_700_000_000));
        let data = keys.read(made_by_flask, now, MONTH).unwrap();
        assert_eq!(data, Dict::from([("username".to_owned(), "JohnDoe".into())]));
        assert_eq!(keys.write(&data, now).unwrap(), made_by_flask);
    }

    #[test]
    fn an_old_key_reads_what_it_has_signed_and_signs_no_more() {
        let data = Dict::from([("a".to_owned(), 1.into())]);
        let (old, both, new) = (keys("old", &[]), keys("new", &["oldest", "old"]), keys("new", &[]));
        let cookie = old.write(&data, at(0)).unwrap();
        assert_eq!(both.read(&cookie, at(0), MONTH).unwrap(), data);
        assert!(matches!(new.read(&cookie, at(0), MONTH), Err(Refused::NotSigned)));
        assert!(new.read(&both.write(&data, at(0)).unwrap(), at(0), MONTH).is_ok());
    }

    #[test]
    fn an_empty_key_is_refused_and_no_key_is_printed() {
        for empty in [Keys::new("", []), Keys::new("new", [""]), Keys::for_ids("")] {
            let reason = empty.unwrap_err().to_string();
            assert!(reason.starts_with("the secret key is empty, so anyone could sign"), "{reason}");
        }
        assert_eq!(format!("{:?}", keys("new", &["old"])), "Keys(1 and 1 fallbacks)");
    }

    #[test]
    fn a_cookie_lives_to_the_second_and_not_before_it_was_signed() {
        let keys = keys("key", &[]);
        let cookie = keys.write(&Dict::new(), at(1_000_000)).unwrap();
        for (later, is_read) in [(-1, false), (0, true), (31 * 86_400, true), (31 * 86_400 + 1, false)] {
            assert_eq!(keys.read(&cookie, at(1_000_000 + later), MONTH).is_ok(), is_read, "{later}");
        }
    }

    #[test]
    fn long_data_is_compressed_and_a_few_bytes_do_not_become_megabytes() {
        let keys = keys("key", &[]);
        let with = |length: usize| Dict::from([("a".to_owned(), "a".repeat(length).into())]);
        let cookie = keys.write(&with(200_000), at(0)).unwrap();
        assert!(cookie.starts_with('.') && cookie.len() < 1000, "{}", cookie.len());
        assert_eq!(keys.read(&cookie, at(0), MONTH).unwrap(), with(200_000));
        let bomb = keys.write(&with(3_000_000), at(0)).unwrap();
        let Err(Refused::Unreadable(reason)) = keys.read(&bomb, at(0), MONTH) else { panic!("a bomb was read") };
        assert_eq!(reason, "the data is longer than a session may be");
        assert_eq!(unzipped(&[]), Err("the data is cut off"));
    }
}
