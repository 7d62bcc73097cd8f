//! The key and the format under which a backend stores a session.

use std::{collections::HashMap, fmt::Display};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use session_guard::version::{Version, conflict, gone, note};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use tower_sessions::{
    session::{Id, Record},
    session_store::{Error, Result},
};

/// The prefix of every key of this lesson, because other programs may use the same backend. It is also valid in a file
/// name.
pub const PREFIX: &str = "lesson-3-";

// ANCHOR: key
/// Returns the key of a session: [`PREFIX`] and the SHA-256 of its ID, in hexadecimal digits.
///
/// While its session lasts, an ID is worth as much as a password. Anyone who reads the backend or a backup finds no ID
/// that a browser could send. The hash needs no salt, because an ID has 128 random bits and cannot be guessed.
pub fn key(id: &Id) -> String {
    format!("{PREFIX}{:x}", Sha256::digest(id.to_string()))
}
// ANCHOR_END: key

/// The version of every record that was stored before records had versions. Such a record can be loaded, and its first
/// save gives it a version of its own.
pub(crate) const UNVERSIONED: &str = "0000000000000000";

/// The stored value of a session. It does not contain the ID.
#[derive(Deserialize, Serialize)]
struct Entry {
    /// Sixteen hexadecimal digits. This field comes first and `expires` second, so that Redis finds them without
    /// reading the rest. In SQL, the version has its own column instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// The expiry in milliseconds since 1970. No backend's own expiry has both this precision and this range.
    expires: i64,
    data: HashMap<String, Value>,
}

/// A record as it was found in a backend.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    /// The record, whether or not it has expired.
    pub(crate) record: Record,
    /// The version of this record.
    pub(crate) version: Version,
}

impl Stored {
    /// Whether the record has not expired yet, even if the backend would still return it.
    pub(crate) fn lives(&self) -> bool {
        self.record.expiry_date > OffsetDateTime::now_utc()
    }

    /// Returns the result of `load`: the record, or `None` if it has expired. Notes the version in the request's scope.
    pub(crate) fn loaded(self) -> Option<Record> {
        let lives = self.lives();
        if lives {
            note(&self.record.id, self.version);
        }
        lives.then_some(self.record)
    }
}

// ANCHOR: refusal
/// Returns the reason why a save that is based on the version `based_on` must be refused, given the stored record. A
/// save that is based on no version replaces any record.
pub(crate) fn refusal(stored: Option<&Stored>, based_on: Option<Version>) -> Option<Error> {
    match stored.filter(|stored| stored.lives()) {
        None => Some(gone()),
        Some(stored) if based_on.is_some_and(|version| version != stored.version) => Some(conflict()),
        Some(_) => None,
    }
}
// ANCHOR_END: refusal

/// Encodes the value to store for this record. `version` is `None` if the backend stores the version separately.
pub(crate) fn encode(record: &Record, version: Option<Version>) -> Result<Vec<u8>> {
    let version = version.map(|version| version.to_string());
    let entry = Entry { version, expires: milliseconds(record.expiry_date), data: record.data.clone() };
    serde_json::to_vec(&entry).map_err(|error| Error::Encode(error.to_string()))
}

/// Decodes a stored value.
pub(crate) fn decode(id: &Id, value: &[u8]) -> Result<Stored> {
    let entry: Entry = serde_json::from_slice(value).map_err(|error| damaged(id, error))?;
    let expiry_date = OffsetDateTime::from_unix_timestamp_nanos(i128::from(entry.expires) * 1_000_000)
        .map_err(|error| damaged(id, error))?;
    let version = parse(entry.version.as_deref().unwrap_or(UNVERSIONED)).map_err(|error| damaged(id, error))?;
    Ok(Stored { record: Record { id: *id, data: entry.data, expiry_date }, version })
}

/// Decodes a stored value whose version is stored beside it.
pub(crate) fn decode_beside(id: &Id, value: &[u8], version: &str) -> Result<Stored> {
    Ok(Stored { version: parse(version).map_err(|error| damaged(id, error))?, ..decode(id, value)? })
}

/// Returns the error for a value under this ID that is not a record.
pub(crate) fn damaged(id: &Id, error: impl Display) -> Error {
    Error::Decode(format!("the record {} is damaged: {error}", key(id)))
}

fn parse(version: &str) -> std::result::Result<Version, std::num::ParseIntError> {
    version.parse()
}

/// Whether a stored value is a record that has expired.
pub(crate) fn has_expired(value: &[u8]) -> bool {
    serde_json::from_slice::<Entry>(value).is_ok_and(|entry| entry.expires <= now())
}

/// Returns the current time in milliseconds since 1970.
pub(crate) fn now() -> i64 {
    milliseconds(OffsetDateTime::now_utc())
}

/// Returns a time in milliseconds since 1970, rounded down, so that a session never lasts longer than its expiry.
pub(crate) fn milliseconds(instant: OffsetDateTime) -> i64 {
    let milliseconds = instant.unix_timestamp_nanos().div_euclid(1_000_000);
    i64::try_from(milliseconds).unwrap_or(i64::MAX)
}
