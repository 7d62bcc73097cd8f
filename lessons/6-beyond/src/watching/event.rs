//! The list of events.

use prometheus_client::encoding::EncodeLabelValue;

// ANCHOR: event
/// An event. It contains only enums, so that no value of a session can get into a log or a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    LoggedIn,
    WrongPassword,
    Begun,
    Renewed,
    Ended(EndReason),
    Refused(Refusal),
    Alarm(Alarm),
}

/// The reason why a session ended.
#[derive(Clone, Copy, Debug, EncodeLabelValue, Hash, PartialEq, Eq)]
pub(super) enum EndReason {
    Logout,
    FromElsewhere,
    Expired,
    /// Another topic of this lesson has ended it without a reason.
    Unsaid,
}

/// The reason why a request was refused.
#[derive(Clone, Copy, Debug, EncodeLabelValue, Hash, PartialEq, Eq)]
pub(super) enum Refusal {
    ForeignForm,
    TooManyGuesses,
}

/// An event that may be an attack.
#[derive(Clone, Copy, Debug, EncodeLabelValue, Hash, PartialEq, Eq)]
pub(super) enum Alarm {
    /// Many wrong passwords for one account.
    Guessing,
    /// Many wrong passwords from one network, for any accounts.
    Spraying,
    /// A form from another site.
    ForeignForm,
    /// Many IDs that the store does not know, from one network.
    UnknownIds,
    /// A login in a session that began in another browser or network.
    PlantedSession,
    /// Two cookies with the session cookie's name, or one whose name only decodes to it.
    TossedCookie,
    /// The use of an ID that ended some time ago.
    EndedSession,
    /// The use of a session in another browser and another network than at its beginning.
    Elsewhere,
}
// ANCHOR_END: event

impl Event {
    /// Returns the sentence for the owner of the account, or `None` if the event does not concern them.
    pub(super) fn words(self) -> Option<&'static str> {
        match self {
            Self::LoggedIn => Some("Logged in"),
            Self::WrongPassword => Some("A wrong password was entered"),
            Self::Ended(EndReason::Logout) => Some("Logged out"),
            Self::Ended(EndReason::FromElsewhere) => Some("A session was ended from another browser"),
            Self::Ended(EndReason::Expired | EndReason::Unsaid) | Self::Begun | Self::Renewed => None,
            Self::Refused(Refusal::TooManyGuesses) => Some("A login was refused after too many wrong passwords"),
            Self::Refused(Refusal::ForeignForm) => None,
            Self::Alarm(Alarm::Guessing | Alarm::Spraying) => Some("Somebody may be guessing your password"),
            Self::Alarm(Alarm::ForeignForm) => Some("A form from another site was refused"),
            Self::Alarm(Alarm::PlantedSession) => Some("You logged in to a session that began in another browser"),
            Self::Alarm(Alarm::EndedSession) => Some("A session of yours was used after it had ended"),
            Self::Alarm(Alarm::Elsewhere) => Some("A session of yours was used from another place"),
            Self::Alarm(Alarm::UnknownIds | Alarm::TossedCookie) => None,
        }
    }
}
