//! Watches the login of a connection, and ends the connection with it.

use session_guard::{Scope, version::is_conflict};
use session_inspector::Clock;
use tokio::{
    sync::{broadcast::Receiver, watch},
    time::{Instant, Interval, interval_at},
};
use tower_sessions::{Session, session::Error};

use super::{
    Live,
    channel::{self, News},
    login::Login,
    open_connections::Permit,
    publishing,
};

/// The maximum number of tries to change the session while other requests change it, too.
const RUNS: usize = 10;

/// The login of a connection, which is watched.
pub(super) struct WatchedLogin {
    pub(super) login: Login,
    session: Session,
    clock: Clock,
    news: Receiver<News>,
    /// Becomes true when this instance ends.
    end: watch::Receiver<bool>,
    checks: Interval,
    /// Whether the login must be checked in the store.
    is_due: bool,
    _permit: Permit,
}

/// The next step of a connection.
pub(super) enum Next {
    Say(String),
    /// Close the connection, because the login has ended.
    Ended,
    /// Close the connection, because the instance ends. The login continues.
    Restart,
}

/// The reason why a connection is refused.
pub(super) enum Refused {
    NotLoggedIn,
    TooMany,
}

impl WatchedLogin {
    // ANCHOR: begin
    /// Starts to watch the login of this session, at the handshake.
    pub(super) async fn begin(live: &Live, session: Session, clock: Clock) -> Result<Result<Self, Refused>, Error> {
        let news = live.channel.subscribe(); // before the session is loaded, so that no logout is missed
        let Some(login) = Login::current(&session, &clock).await? else { return Ok(Err(Refused::NotLoggedIn)) };
        let Some(permit) = live.open.take(&login.handle) else { return Ok(Err(Refused::TooMany)) };
        let checks = interval_at(Instant::now() + live.check_every, live.check_every);
        let end = live.channel.end();
        Ok(Ok(Self { login, session, clock, news, end, checks, is_due: false, _permit: permit }))
    }

    /// Returns the next step of the connection. You can drop the future and call the method again.
    pub(super) async fn next(&mut self) -> Next {
        loop {
            if self.is_due && !self.is_current().await {
                return Next::Ended;
            }
            self.is_due = false;
            let news = tokio::select! {
                _ = self.end.wait_for(|ends| *ends) => return Next::Restart,
                news = channel::next(&mut self.news) => news,
                _ = self.checks.tick() => News::Missed, // a message may get lost, and an idle timeout sends none
            };
            match news {
                News::Ended { handle } if handle == self.login.handle => return Next::Ended,
                News::Bought { user, item } if user == self.login.user => return Next::Say(format!("Bought: {item}.")),
                News::Gone { session } if self.is_named(&session) => self.is_due = true,
                News::Missed => self.is_due = true,
                News::Ended { .. } | News::Gone { .. } | News::Bought { .. } => {}
            }
        }
    }

    /// Whether the store still has this login. It is `false` if the store does not answer, so while the store is
    /// unavailable every connection ends at its next check.
    async fn is_current(&self) -> bool {
        let current = Login::current(&self.session, &self.clock).await;
        current.is_ok_and(|login| login.is_some_and(|login| login.handle == self.login.handle))
    }
    // ANCHOR_END: begin

    fn is_named(&self, name: &str) -> bool {
        self.session.id().is_some_and(|id| publishing::name(&id) == name)
    }

    // ANCHOR: act
    /// Records an activity of the user. Returns whether the login is still valid.
    ///
    /// A message is like a separate request: it loads the current session, changes it, and saves it.
    pub(super) async fn act(&self) -> bool {
        for _ in 0..RUNS {
            match Scope::default().run(self.note_activity()).await {
                Err(Error::Store(error)) if is_conflict(&error) => {} // another request was faster
                noted => return noted.unwrap_or(false),
            }
        }
        false
    }

    async fn note_activity(&self) -> Result<bool, Error> {
        let current = Login::current(&self.session, &self.clock).await?;
        let Some(login) = current.filter(|login| login.handle == self.login.handle) else { return Ok(false) };
        login.seen_now(&self.clock).save(&self.session).await?;
        self.session.save().await?;
        Ok(true)
    }
    // ANCHOR_END: act
}
