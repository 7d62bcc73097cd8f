//! The lifetime of one session: the data that its record holds about it, and the middleware that extends it.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use lesson_page::Failure;
use serde::{Deserialize, Serialize};
use session_inspector::Clock;
use time::{Duration, OffsetDateTime};
use tower_sessions::{Expiry, Session, session::Error};

use crate::settings::{Life, Settings};

// ANCHOR: record
/// The data that a session holds about its own lifetime. tower-sessions drops an expiry after the request that set it.
/// So this record stores the visitor's choice, which is applied again whenever the session is saved.
#[derive(Clone, Copy, Deserialize, Serialize)]
pub(crate) struct Lifetime {
    pub(crate) remembered: bool,
    #[serde(with = "time::serde::timestamp")]
    started: OffsetDateTime,
    #[serde(with = "time::serde::timestamp")]
    seen: OffsetDateTime,
}
// ANCHOR_END: record

impl Lifetime {
    const KEY: &str = "lifetime";

    pub(crate) async fn of(session: &Session) -> Result<Option<Self>, Error> {
        session.get(Self::KEY).await
    }

    /// Begins a lifetime now.
    pub(crate) async fn begin(session: &Session, clock: &Clock, remembered: bool) -> Result<(), Error> {
        let now = clock.now();
        session.insert(Self::KEY, Self { remembered, started: now, seen: now }).await
    }

    // ANCHOR: is_due
    /// Whether enough of the idle time has passed that this request must be recorded.
    fn is_due(&self, settings: &Settings, now: OffsetDateTime) -> bool {
        now - self.seen >= settings.life(self.remembered).idle / i32::from(settings.renewal)
    }
    // ANCHOR_END: is_due

    // ANCHOR: renew
    /// Extends the session by another idle time from now, but not past its absolute end.
    async fn renew(self, session: &Session, life: Life, now: OffsetDateTime) -> Result<(), Error> {
        session.insert(Self::KEY, Self { seen: now, ..self }).await?;
        session.set_expiry(Some(Expiry::OnInactivity(life.idle.min(self.absolute_left(life, now)))));
        Ok(())
    }
    // ANCHOR_END: renew

    /// Returns the lifetime after the answer to a request that only reads: see [`keep`].
    pub(crate) fn once_answered(self, settings: &Settings, now: OffsetDateTime) -> Self {
        let seen = if self.is_due(settings, now) { now } else { self.seen };
        Self { seen, ..self }
    }

    /// Returns the time until the session ends without another request.
    pub(crate) fn idle_left(&self, life: Life, now: OffsetDateTime) -> Duration {
        (self.seen + life.idle - now).min(self.absolute_left(life, now))
    }

    /// Returns the time until the session ends in any case.
    pub(crate) fn absolute_left(&self, life: Life, now: OffsetDateTime) -> Duration {
        self.absolute_end(life) - now
    }

    pub(crate) fn absolute_end(&self, life: Life) -> OffsetDateTime {
        self.started + life.absolute
    }
}

// ANCHOR: keep
/// Extends the session of the request, whether the request reads or writes. The store ends it, because it does not load
/// an expired record.
pub(crate) async fn keep(
    State(settings): State<Settings>,
    session: Session,
    clock: Clock,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let due = Lifetime::of(&session).await?.is_some_and(|lifetime| lifetime.is_due(&settings, clock.now()));
    let mut response = next.run(request).await.into_response();
    // A handler's change is saved anyway, and every save needs its expiry set again.
    if (due || session.is_modified())
        && let Some(lifetime) = Lifetime::of(&session).await?
    {
        let life = settings.life(lifetime.remembered);
        lifetime.renew(&session, life, clock.now()).await?;
        response.extensions_mut().insert(life);
    }
    Ok(response)
}
// ANCHOR_END: keep

/// Whether the browser sent the ID of a session that has ended. Call it after the session was loaded.
pub(crate) fn has_ended(had_cookie: bool, session: &Session) -> bool {
    had_cookie && session.id().is_none()
}
