//! The entry in the store under an ID that has no session of its own any longer.

use serde_json::Value;
use session_inspector::{MOVED_KEY, TOMBSTONE_KEY};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};
use tower_sessions::session::{Id, Record};

/// The time for which a store keeps a tombstone. It is longer than any request that began before it.
pub(crate) const GRACE: Duration = Duration::seconds(30);

/// A record that is not a session.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Marker {
    /// A tombstone: the session has ended, or it has a new ID that holders of the old one must not get.
    Ended,
    /// A pointer: the session continues under this ID.
    Moved(Id),
}

impl Marker {
    /// Returns the marker in this record, or `None` if the record is a session.
    pub(crate) fn of(record: &Record) -> Option<Self> {
        if record.data.contains_key(TOMBSTONE_KEY) {
            return Some(Self::Ended);
        }
        let sealed: Id = record.data.get(MOVED_KEY)?.as_str()?.parse().ok()?;
        Some(Self::Moved(seal(&sealed, &record.id)))
    }

    /// Makes a tombstone.
    pub(crate) fn tombstone(id: Id) -> Record {
        let data = [(TOMBSTONE_KEY.to_owned(), Value::from(true))].into();
        Record { id, data, expiry_date: OffsetDateTime::now_utc() + GRACE }
    }

    /// Makes the record of a pointer from `old` to the session under `new`.
    pub(crate) fn pointer(old: Id, new: &Record) -> Record {
        let sealed = Value::from(seal(&new.id, &old).to_string());
        Record { id: old, data: [(MOVED_KEY.to_owned(), sealed)].into(), expiry_date: new.expiry_date }
    }
}

/// Encrypts one ID with another; the same call decrypts it. So a pointer helps only a request that has the old ID, and
/// nobody who reads the store. The pad is a hash of the old ID's 128 random bits, and each old ID encrypts only one new
/// ID.
fn seal(id: &Id, with: &Id) -> Id {
    let hash = Sha256::new().chain_update(b"session-guard pointer").chain_update(with.0.to_be_bytes()).finalize();
    let mut pad = [0; 16];
    pad.copy_from_slice(&hash[..16]);
    Id(id.0 ^ i128::from_be_bytes(pad))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(data: &[(&str, Value)]) -> Record {
        let data = data.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        Record { id: Id::default(), data, expiry_date: OffsetDateTime::now_utc() + Duration::HOUR }
    }

    #[test]
    fn a_pointer_leads_from_the_old_id_to_the_new_one_and_does_not_show_it() {
        let (old, new) = (Id::default(), record(&[]));
        let pointer = Marker::pointer(old, &new);
        assert_eq!(Marker::of(&pointer), Some(Marker::Moved(new.id)));
        assert_eq!(pointer.expiry_date, new.expiry_date);
        let text = serde_json::to_string(&pointer.data).unwrap();
        assert!(!text.contains(&new.id.to_string()), "{text}");
        // The pad depends on the old ID, so the pointer is useless under any other one.
        let elsewhere = Record { id: Id::default(), ..pointer };
        assert_ne!(Marker::of(&elsewhere), Some(Marker::Moved(new.id)));
    }

    #[test]
    fn a_tombstone_is_distinguished_from_a_session() {
        assert_eq!(Marker::of(&Marker::tombstone(Id::default())), Some(Marker::Ended));
        assert_eq!(Marker::of(&record(&[("username", "alice".into())])), None);
        assert_eq!(Marker::of(&record(&[(MOVED_KEY, "no id".into())])), None);
    }
}
