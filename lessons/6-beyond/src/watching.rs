//! Monitoring: the facts about sessions that an operator and a visitor can see, without a session ID.
//!
//! - `event`: the list of events. No event can contain an ID.
//! - `visit`: a request, as the monitor sees it. The outermost layer begins one, with a span of the log.
//! - `store`: a wrapper of a store, which measures its calls and reports when sessions begin and end.
//! - `metrics`: the metrics; `alarm`: the thresholds of alarms; `journal`: the audit log of an account.
//! - `accounts`, `pages`: a small login for the demo.

mod accounts;
mod alarm;
mod event;
mod journal;
mod metrics;
mod pages;
mod store;
mod visit;

use std::{fmt, sync::Arc};

use time::OffsetDateTime;

use accounts::Accounts;
use alarm::Alarms;
use event::{Alarm, Event};
use journal::Journal;
use metrics::Metrics;
use store::Sessions;
use visit::Place;

pub(crate) use pages::routes;
pub(crate) use store::MonitoredStore;
pub(crate) use visit::watch;

/// The monitor of this process. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Monitor(Arc<Inner>);

#[derive(Default)]
struct Inner {
    accounts: Accounts,
    alarms: Alarms,
    journal: Journal,
    metrics: Metrics,
    sessions: Sessions,
}

/// A store must be `Debug`, and the monitor is part of one. This shows none of its data.
impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Monitor")
    }
}

impl Monitor {
    // ANCHOR: tell
    /// Reports an event to the log, to the metrics, and to the owner of the account. No other function reports events.
    fn tell(&self, event: Event, account: Option<&str>, place: &Place, now: OffsetDateTime) {
        let name = account.unwrap_or("nobody");
        match event {
            Event::Alarm(alarm) => tracing::warn!(?alarm, account = name, %place, "an alarm was raised"),
            event => tracing::info!(?event, account = name, %place, "session event"),
        }
        self.0.metrics.count(event);
        if let Some(account) = account {
            self.0.journal.add(account, event, place, now);
        }
    }
    // ANCHOR_END: tell

    /// Raises an alarm, unless the same one was raised too often.
    async fn raise(&self, alarm: Alarm, account: Option<&str>, place: &Place, now: OffsetDateTime) {
        if self.0.alarms.may_raise(alarm, account, place, now).await {
            self.tell(Event::Alarm(alarm), account, place, now);
        }
    }
}
