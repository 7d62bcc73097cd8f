//! What stands in a backend: under which key, and in which form.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use tower_sessions::{
    session::{Id, Record},
    session_store::{Error, Result},
};

/// How every key of this lesson begins: a backend is seldom one program's own. It is fit for a file's name.
pub const PREFIX: &str = "lesson-3-";

// ANCHOR: key
/// The key of a session: [`PREFIX`] and the SHA-256 of its ID, in hexadecimal digits.
///
/// An ID is as good as a password while its session lives. Whoever reads the backend, or a backup of it, finds
/// none that a browser could send. No salt: an ID has 128 random bits, so there is nothing to guess.
pub fn key(id: &Id) -> String {
    format!("{PREFIX}{:x}", Sha256::digest(id.to_string()))
}
// ANCHOR_END: key

/// The value of a session. It does not say which ID it belongs to.
#[derive(Deserialize, Serialize)]
struct Entry {
    data: HashMap<String, Value>,
    /// Milliseconds since 1970: no backend's own clock is as fine and as old as that.
    expires: i64,
}

/// The value to store for this record.
pub(crate) fn encode(record: &Record) -> Result<Vec<u8>> {
    let entry = Entry { data: record.data.clone(), expires: milliseconds(record.expiry_date) };
    serde_json::to_vec(&entry).map_err(|error| Error::Encode(error.to_string()))
}

/// The record in a stored value; nothing if it has expired, whether or not the backend has noticed yet.
pub(crate) fn decode(id: &Id, value: &[u8]) -> Result<Option<Record>> {
    let entry: Entry = serde_json::from_slice(value)
        .map_err(|error| Error::Decode(format!("the record {} is damaged: {error}", key(id))))?;
    let expiry_date = OffsetDateTime::from_unix_timestamp_nanos(i128::from(entry.expires) * 1_000_000)
        .map_err(|error| Error::Decode(format!("the record {} is damaged: {error}", key(id))))?;
    let lives = expiry_date > OffsetDateTime::now_utc();
    Ok(lives.then_some(Record { id: *id, data: entry.data, expiry_date }))
}

/// Whether a stored value is a record that has expired.
pub(crate) fn has_expired(value: &[u8]) -> bool {
    serde_json::from_slice::<Entry>(value).is_ok_and(|entry| entry.expires <= now())
}

/// This instant in milliseconds since 1970.
pub(crate) fn now() -> i64 {
    milliseconds(OffsetDateTime::now_utc())
}

/// An instant in milliseconds since 1970, rounded down: a session never lives longer than it was told.
pub(crate) fn milliseconds(instant: OffsetDateTime) -> i64 {
    let milliseconds = instant.unix_timestamp_nanos().div_euclid(1_000_000);
    i64::try_from(milliseconds).unwrap_or(i64::MAX)
}
