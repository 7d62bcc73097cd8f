//! The data in the session: the user, and the time of their last activity.

use serde::{Deserialize, Serialize};
use session_inspector::Clock;
use time::Duration;
use tower_sessions::{
    Session,
    session::{Error, Id},
};

/// The idle timeout of a login.
const IDLE: Duration = Duration::minutes(30);

/// A login. Connections belong to it, not to the session ID, which changes.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Login {
    pub(super) user: String,
    /// 128 random bits. A channel may carry them, because nobody can log in with them.
    pub(super) handle: String,
    /// The time of the user's last activity, in seconds since 1970.
    seen: i64,
}

impl Login {
    const KEY: &str = "connection";

    pub(super) fn new(user: String, clock: &Clock) -> Self {
        Self { user, handle: Id::default().to_string(), seen: clock.now().unix_timestamp() }
    }

    // ANCHOR: current
    /// Returns the login of this session, as this request or this connection has loaded it.
    pub(super) async fn of(session: &Session, clock: &Clock) -> Result<Option<Self>, Error> {
        let login: Option<Self> = session.get(Self::KEY).await?;
        Ok(login.filter(|login| clock.now().unix_timestamp() - login.seen < IDLE.whole_seconds()))
    }

    /// Returns the login of this session, as the store has it now.
    pub(super) async fn current(session: &Session, clock: &Clock) -> Result<Option<Self>, Error> {
        session.load().await?;
        Self::of(session, clock).await
    }
    // ANCHOR_END: current

    /// Returns the login with an activity at the present time.
    pub(super) fn seen_now(self, clock: &Clock) -> Self {
        Self { seen: clock.now().unix_timestamp(), ..self }
    }

    pub(super) async fn save(&self, session: &Session) -> Result<(), Error> {
        session.insert(Self::KEY, self).await
    }
}
