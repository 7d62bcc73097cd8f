//! Time that can be skipped.

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

use crate::{What, timeline::Timeline};

/// System time plus all that was skipped. Clones share what was skipped.
///
/// A handler takes it as an argument: behind an [`Inspector`](crate::Inspector) it is the
/// inspector's clock, anywhere else plain system time.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    skipped_milliseconds: Arc<AtomicU64>,
    /// Where a skip is told; a clock without an inspector tells nobody.
    timeline: Option<Arc<Timeline>>,
}

impl Clock {
    /// A clock whose skips stand on this timeline, whoever skips.
    pub(crate) fn told_on(timeline: Arc<Timeline>) -> Self {
        Self { timeline: Some(timeline), ..Self::default() }
    }

    /// The time it is on this clock, in UTC.
    pub fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc().saturating_add(self.skipped_time())
    }

    /// How far this clock is ahead of system time, in steps of a millisecond.
    pub fn skipped(&self) -> Duration {
        Duration::from_millis(self.skipped_milliseconds.load(Ordering::Acquire))
    }

    /// Moves this clock on; it never goes back.
    pub fn skip(&self, by: Duration) {
        let milliseconds = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        let add = |skipped: u64| Some(skipped.saturating_add(milliseconds));
        // `add` always gives a value, so the update cannot fail.
        let _ = self.skipped_milliseconds.fetch_update(Ordering::AcqRel, Ordering::Acquire, add);
        if let Some(timeline) = &self.timeline {
            timeline.push(What::Skip { seconds: by.as_secs() });
        }
    }

    pub(crate) fn skipped_time(&self) -> time::Duration {
        time::Duration::try_from(self.skipped()).unwrap_or(time::Duration::MAX)
    }
}

impl<S: Sync> FromRequestParts<S> for Clock {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Clock>().cloned().unwrap_or_default())
    }
}
