//! A record of Flask-Session in any backend: its bytes and its version.

use std::fmt::Display;

use session_guard::version::{Version, conflict, gone, note};
use session_inspector::{MOVED_KEY, TOMBSTONE_KEY};
use sha1::{Digest, Sha1};
use time::Duration;
use tower_sessions::{
    session::{Id, Record},
    session_store::{Error, Result},
};

use super::msgpack::{Data, decode, encode};

/// The lifetime of a record without an expiry: Flask's default. Flask itself gives every record an expiry.
pub(super) const LIFETIME: Duration = Duration::days(31);

/// Returns the bytes of a record, or none for a marker of session-guard, for which the store deletes the record. Flask
/// would read a marker as a session, and keep it as long as one.
pub(super) fn packed(record: &Record) -> Result<Vec<u8>> {
    if [MOVED_KEY, TOMBSTONE_KEY].iter().any(|key| record.data.contains_key(*key)) {
        return Ok(Vec::new());
    }
    encode(&record.data).map_err(|error| Error::Encode(error.to_string()))
}

/// Returns the data in a record.
pub(super) fn unpacked(value: &[u8]) -> Result<Data> {
    decode(value).map_err(|error| Error::Decode(error.to_string()))
}

/// Notes that this request has loaded or written the session with these bytes.
pub(super) fn seen(id: &Id, value: &[u8]) {
    if let Some(version) = version(value) {
        note(id, version);
    }
}

/// Computes the version from the record's bytes, because Flask's records have none.
fn version(value: &[u8]) -> Option<Version> {
    hexadecimal(&Sha1::digest(value)[..8]).parse().ok()
}

/// Writes bytes in hexadecimal, with two digits for each.
pub(super) fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the reason why these bytes must not be saved. `FlaskRedis` makes the same decision in Redis.
pub(super) fn refusal(stored: Option<&[u8]>, value: &[u8], based_on: Option<Version>) -> Option<Error> {
    match stored {
        None => Some(gone()),
        Some(stored) if stored != value && based_on.is_some() && based_on != version(stored) => Some(conflict()),
        Some(_) => None,
    }
}

/// Turns an error of a backend into the error of a store.
pub(super) fn failed(error: impl Display) -> Error {
    Error::Backend(error.to_string())
}
