//! The life of one session: what its record knows of it, and the middleware that prolongs it.

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
/// What a session knows of its own life. tower-sessions forgets an expiry with the request that set it, so the
/// visitor's choice is kept here, and applied whenever the session is saved.
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

    /// A life that begins now.
    pub(crate) async fn begin(session: &Session, clock: &Clock, remembered: bool) -> Result<(), Error> {
        let now = clock.now();
        session.insert(Self::KEY, Self { remembered, started: now, seen: now }).await
    }

    // ANCHOR: is_due
    /// Whether so much of the idle time has gone that this request has to be written down.
    fn is_due(&self, settings: &Settings, now: OffsetDateTime) -> bool {
        now - self.seen >= settings.life(self.remembered).idle / i32::from(settings.renewal)
    }
    // ANCHOR_END: is_due

    // ANCHOR: renew
    /// The session lives for another idle time from now, but not past its absolute end.
    async fn renew(self, session: &Session, life: Life, now: OffsetDateTime) -> Result<(), Error> {
        session.insert(Self::KEY, Self { seen: now, ..self }).await?;
        session.set_expiry(Some(Expiry::OnInactivity(life.idle.min(self.absolute_left(life, now)))));
        Ok(())
    }
    // ANCHOR_END: renew

    /// The same as the answer to a request that only reads leaves it: see [`keep`].
    pub(crate) fn once_answered(self, settings: &Settings, now: OffsetDateTime) -> Self {
        let seen = if self.is_due(settings, now) { now } else { self.seen };
        Self { seen, ..self }
    }

    /// How long it lives without another request.
    pub(crate) fn idle_left(&self, life: Life, now: OffsetDateTime) -> Duration {
        (self.seen + life.idle - now).min(self.absolute_left(life, now))
    }

    /// How long it lives at most.
    pub(crate) fn absolute_left(&self, life: Life, now: OffsetDateTime) -> Duration {
        self.absolute_end(life) - now
    }

    pub(crate) fn absolute_end(&self, life: Life) -> OffsetDateTime {
        self.started + life.absolute
    }
}

// ANCHOR: keep
/// Prolongs the session of the request, whether it reads or writes. The store does the rest: it does not load what
/// has expired.
pub(crate) async fn keep(
    State(settings): State<Settings>,
    session: Session,
    clock: Clock,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let due = Lifetime::of(&session).await?.is_some_and(|lifetime| lifetime.is_due(&settings, clock.now()));
    let mut response = next.run(request).await.into_response();
    // What a handler writes is saved anyway; and every save needs its expiry said again.
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

/// Whether the browser brought a session that is no more. Ask it after the session was looked into.
pub(crate) fn has_ended(brought: bool, session: &Session) -> bool {
    brought && session.id().is_none()
}
