//! A record of Flask-Session, wherever it is kept: its bytes, and what names their state.

use std::fmt::Display;

use session_guard::version::{Version, conflict, gone, note};
use sha1::{Digest, Sha1};
use time::Duration;
use tower_sessions::{
    session::{Id, Record},
    session_store::{Error, Result},
};

use super::msgpack::{Data, decode, encode};

/// Flask gives every record an end. One without is not ours to end: here it lasts as long as Flask's default.
pub(super) const LIFETIME: Duration = Duration::days(31);

/// The bytes of a record.
pub(super) fn packed(record: &Record) -> Result<Vec<u8>> {
    encode(&record.data).map_err(|error| Error::Encode(error.to_string()))
}

/// The data in a record.
pub(super) fn unpacked(value: &[u8]) -> Result<Data> {
    decode(value).map_err(|error| Error::Decode(error.to_string()))
}

/// Remembers that this request has loaded or written the session with these bytes.
pub(super) fn seen(id: &Id, value: &[u8]) {
    if let Some(version) = version(value) {
        note(id, version);
    }
}

/// Flask's records have no version, so the record itself has to name its state.
fn version(value: &[u8]) -> Option<Version> {
    hexadecimal(&Sha1::digest(value)[..8]).parse().ok()
}

/// Two digits for each byte.
pub(super) fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Why these bytes must not be saved, as `FlaskRedis` finds it out in Redis.
pub(super) fn refusal(stored: Option<&[u8]>, value: &[u8], based_on: Option<Version>) -> Option<Error> {
    match stored {
        None => Some(gone()),
        Some(stored) if stored != value && based_on.is_some() && based_on != version(stored) => Some(conflict()),
        Some(_) => None,
    }
}

/// What a backend says, as the error of a store.
pub(super) fn failed(error: impl Display) -> Error {
    Error::Backend(error.to_string())
}
