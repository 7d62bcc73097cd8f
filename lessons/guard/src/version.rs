//! Compare-and-swap for sessions.
//!
//! tower-sessions saves a whole record, so of two requests that overlap the later save undoes the earlier one. A store
//! that keeps a version with each record can detect that. It [notes](note) the version that a request loads, and
//! accepts a save only while the record still has the version that the request has [noted].

use std::{fmt, str::FromStr};

use session_inspector::CONFLICT;
use tower_sessions::{session::Id, session_store::Error};

use crate::Scope;

const GONE: &str = "this session has ended meanwhile";

/// Identifies one state of a record. It is random and not a counter, so a record that was deleted and created again
/// never has a version of the earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(u64);

impl Version {
    /// Creates a version that no record has had.
    #[expect(clippy::new_without_default, reason = "every one is another: there is no default version")]
    pub fn new() -> Self {
        Self(rand::random())
    }
}

/// Writes sixteen hexadecimal digits.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Version {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

/// Notes, until this request ends, the version of a record that it has loaded, created or saved. Does nothing outside a
/// request.
pub fn note(id: &Id, version: Version) {
    if let Some(scope) = Scope::current() {
        scope.state().versions.insert(*id, version);
    }
}

/// Returns the version that this request has noted, on which its save is based. It is `None` outside a request, or if
/// the request has not loaded the record. A save without a version is based on no load and replaces any version.
pub fn noted(id: &Id) -> Option<Version> {
    Scope::current().and_then(|scope| scope.state().versions.get(id).copied())
}

/// The error of a save that is based on a stale load.
pub fn conflict() -> Error {
    Error::Backend(CONFLICT.to_owned())
}

/// Whether an error says that a save was based on a stale load.
pub fn is_conflict(error: &Error) -> bool {
    matches!(error, Error::Backend(reason) if reason == CONFLICT)
}

/// The error of a save whose record has been deleted or has expired.
pub fn gone() -> Error {
    Error::Backend(GONE.to_owned())
}

/// Whether an error says that the record has been deleted or has expired.
pub fn is_gone(error: &Error) -> bool {
    matches!(error, Error::Backend(reason) if reason == GONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_as_it_is_written() {
        for version in [Version(0), Version(u64::MAX), Version::new()] {
            assert_eq!(version.to_string().parse(), Ok(version));
        }
        assert!("".parse::<Version>().is_err());
    }

    #[tokio::test]
    async fn a_request_remembers_its_own_versions_and_no_others() {
        let (id, version) = (Id::default(), Version::new());
        let (tab, other) = (Scope::default(), Scope::default());
        tab.run(async { note(&id, version) }).await;
        assert_eq!(tab.run(async { noted(&id) }).await, Some(version));
        assert_eq!(other.run(async { noted(&id) }).await, None);
        note(&id, version);
        assert_eq!(noted(&id), None, "there is no request");
    }

    #[test]
    fn conflict_and_gone_are_distinguished_from_other_errors_of_a_backend() {
        let away = Error::Backend("connection refused".to_owned());
        assert_eq!([&conflict(), &gone(), &away].map(is_conflict), [true, false, false]);
        assert_eq!([&conflict(), &gone(), &away].map(is_gone), [false, true, false]);
    }
}
