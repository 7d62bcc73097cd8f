//! What can be told.

use prometheus_client::encoding::EncodeLabelValue;

// ANCHOR: event
/// What happened. Only enums, so that no value of a session can get into a log or a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    LoggedIn,
    WrongPassword,
    Begun,
    Renewed,
    Ended(Why),
    Refused(Refusal),
    Rang(Alarm),
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, EncodeLabelValue, Hash, PartialEq, Eq)]
pub(super) enum Why {
    Logout,
    FromElsewhere,
    Expired,
    /// Another topic of this lesson has ended it.
    Unsaid,
}

/// Why a request was refused.
#[derive(Clone, Copy, Debug, EncodeLabelValue, Hash, PartialEq, Eq)]
pub(super) enum Refusal {
    ForeignForm,
    TooManyGuesses,
}

/// What looks like an attack.
#[derive(Clone, Copy, Debug, EncodeLabelValue, Hash, PartialEq, Eq)]
pub(super) enum Alarm {
    /// Many wrong passwords for one account.
    Guessing,
    /// Many wrong passwords from one network, whatever the account.
    Spraying,
    /// A form of another site.
    ForeignForm,
    /// Many IDs that the store does not know, from one network.
    UnknownIds,
    /// A login in a session that began at another place.
    PlantedSession,
    /// Two cookies that pass for the session's.
    TossedCookie,
    /// An ID that has ended a while ago.
    EndedSession,
    /// A session that is used in another browser and another network than it was begun in.
    Elsewhere,
}
// ANCHOR_END: event

impl Event {
    /// For the visitor whose account it is; nothing if it says nothing to them.
    pub(super) fn words(self) -> Option<&'static str> {
        match self {
            Self::LoggedIn => Some("Logged in"),
            Self::WrongPassword => Some("A wrong password was entered"),
            Self::Ended(Why::Logout) => Some("Logged out"),
            Self::Ended(Why::FromElsewhere) => Some("Ended from another browser"),
            Self::Ended(Why::Expired | Why::Unsaid) | Self::Begun | Self::Renewed => None,
            Self::Refused(Refusal::TooManyGuesses) => Some("A login was refused after too many wrong passwords"),
            Self::Refused(Refusal::ForeignForm) => None,
            Self::Rang(Alarm::Guessing | Alarm::Spraying) => Some("Somebody may be guessing your password"),
            Self::Rang(Alarm::ForeignForm) => Some("A form from another site was refused"),
            Self::Rang(Alarm::PlantedSession) => Some("You logged in to a session that began in another browser"),
            Self::Rang(Alarm::EndedSession) => Some("A session of yours was used after it had ended"),
            Self::Rang(Alarm::Elsewhere) => Some("A session of yours was used from another place"),
            Self::Rang(Alarm::UnknownIds | Alarm::TossedCookie) => None,
        }
    }
}
