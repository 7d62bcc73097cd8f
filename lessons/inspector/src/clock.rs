//! A clock that can be moved forward.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{extract::FromRequestParts, http::request::Parts};
use time::OffsetDateTime;

use crate::{What, calls, timeline::Timeline};

/// The maximum time by which a clock can be ahead of system time: 100 years. So the dates that an app computes from it
/// stay before the end of the calendar, the year 9999.
pub const LONGEST_AHEAD: Duration = Duration::from_secs(100 * 365 * 86_400);

/// System time plus all skipped time. Clones share the skipped time.
///
/// A handler takes it as an argument. Behind an [`Inspector`](crate::Inspector) it is the inspector's clock, and
/// anywhere else it is the system time.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    skipped_milliseconds: Arc<AtomicU64>,
    /// The timeline on which a skip is reported, if the clock belongs to an inspector.
    timeline: Option<Arc<Timeline>>,
}

impl Clock {
    /// Creates a clock that reports every skip on this timeline.
    pub(crate) fn recorded_on(timeline: Arc<Timeline>) -> Self {
        Self { timeline: Some(timeline), ..Self::default() }
    }

    /// The time on this clock, in UTC.
    pub fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc().saturating_add(self.skipped_time())
    }

    /// The time on this clock in milliseconds of Unix time.
    pub(crate) fn now_milliseconds(&self) -> i64 {
        milliseconds(self.now())
    }

    /// The time by which this clock is ahead of system time, in whole milliseconds.
    pub fn skipped(&self) -> Duration {
        Duration::from_millis(self.skipped_milliseconds.load(Ordering::Acquire))
    }

    /// Moves this clock forward. It never moves back, and it stops when it is [`LONGEST_AHEAD`] ahead.
    pub fn skip(&self, by: Duration) {
        let milliseconds = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        let most = u64::try_from(LONGEST_AHEAD.as_millis()).unwrap_or(u64::MAX);
        let moved = |skipped: u64| skipped.saturating_add(milliseconds).min(most);
        let update = |skipped| Some(moved(skipped));
        let (Ok(before) | Err(before)) =
            self.skipped_milliseconds.fetch_update(Ordering::AcqRel, Ordering::Acquire, update);
        let after = moved(before);
        if let Some(timeline) = self.timeline.as_ref().filter(|_| after > before) {
            timeline.push(What::Skip { seconds: (after - before) / 1000, ahead: after / 1000 });
        }
    }

    /// Reports the time at which the app itself ends the session of the current request, independent of the record and
    /// of the cookie: an absolute timeout. The page shows it beside the other limits. Nothing else changes.
    pub fn note_absolute_limit(&self, at: OffsetDateTime) {
        calls::note_absolute_limit(milliseconds(at));
    }

    pub(crate) fn skipped_time(&self) -> time::Duration {
        time::Duration::try_from(self.skipped()).unwrap_or(time::Duration::MAX)
    }
}

/// Converts a time to milliseconds of Unix time, the unit of the page's script.
pub(crate) fn milliseconds(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

impl<S: Sync> FromRequestParts<S> for Clock {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Clock>().cloned().unwrap_or_default())
    }
}
