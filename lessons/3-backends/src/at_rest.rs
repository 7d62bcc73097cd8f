//! What stands in a backend: under which key, and in which form.

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

/// The version of every record that was stored before records had one: such a record loads, and its first save gives
/// it a version of its own.
pub(crate) const UNVERSIONED: &str = "0000000000000000";

/// The value of a session. It does not say which ID it belongs to.
#[derive(Deserialize, Serialize)]
struct Entry {
    /// Sixteen hexadecimal digits. It stands first, and `expires` second: there Redis finds them without reading the
    /// rest. In SQL it has a column instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// Milliseconds since 1970: no backend's own clock is as fine and as old as that.
    expires: i64,
    data: HashMap<String, Value>,
}

/// A record as it was found in a backend.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    /// The record, whether or not it has expired.
    pub(crate) record: Record,
    /// Which of its states this is.
    pub(crate) version: Version,
}

impl Stored {
    /// Whether its time is not over, whether or not the backend has noticed yet.
    pub(crate) fn lives(&self) -> bool {
        self.record.expiry_date > OffsetDateTime::now_utc()
    }

    /// What `load` answers: the record, if it lives; and the request remembers which version it has seen.
    pub(crate) fn loaded(self) -> Option<Record> {
        let lives = self.lives();
        if lives {
            note(&self.record.id, self.version);
        }
        lives.then_some(self.record)
    }
}

// ANCHOR: refusal
/// Why a save must not happen that is based on the version `based_on`, where this is what is stored. A save that is
/// based on no version replaces any.
pub(crate) fn refusal(stored: Option<&Stored>, based_on: Option<Version>) -> Option<Error> {
    match stored.filter(|stored| stored.lives()) {
        None => Some(gone()),
        Some(stored) if based_on.is_some_and(|version| version != stored.version) => Some(conflict()),
        Some(_) => None,
    }
}
// ANCHOR_END: refusal

/// The value to store for this record; without a version where that has a place of its own.
pub(crate) fn encode(record: &Record, version: Option<Version>) -> Result<Vec<u8>> {
    let version = version.map(|version| version.to_string());
    let entry = Entry { version, expires: milliseconds(record.expiry_date), data: record.data.clone() };
    serde_json::to_vec(&entry).map_err(|error| Error::Encode(error.to_string()))
}

/// What a stored value says.
pub(crate) fn decode(id: &Id, value: &[u8]) -> Result<Stored> {
    let entry: Entry = serde_json::from_slice(value).map_err(|error| damaged(id, error))?;
    let expiry_date = OffsetDateTime::from_unix_timestamp_nanos(i128::from(entry.expires) * 1_000_000)
        .map_err(|error| damaged(id, error))?;
    let version = parse(entry.version.as_deref().unwrap_or(UNVERSIONED)).map_err(|error| damaged(id, error))?;
    Ok(Stored { record: Record { id: *id, data: entry.data, expiry_date }, version })
}

/// What a stored value says, where its version stands beside it.
pub(crate) fn decode_beside(id: &Id, value: &[u8], version: &str) -> Result<Stored> {
    Ok(Stored { version: parse(version).map_err(|error| damaged(id, error))?, ..decode(id, value)? })
}

/// What stands under this ID is no record.
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

/// This instant in milliseconds since 1970.
pub(crate) fn now() -> i64 {
    milliseconds(OffsetDateTime::now_utc())
}

/// An instant in milliseconds since 1970, rounded down: a session never lives longer than it was told.
pub(crate) fn milliseconds(instant: OffsetDateTime) -> i64 {
    let milliseconds = instant.unix_timestamp_nanos().div_euclid(1_000_000);
    i64::try_from(milliseconds).unwrap_or(i64::MAX)
}
