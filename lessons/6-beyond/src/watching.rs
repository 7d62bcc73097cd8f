//! Watching it: what an operator and a visitor can see of sessions, with no session ID in it.
//!
//! - `event`: everything that can be told. No event has a place for an ID.
//! - `visit`: a request, as it is told: the outermost layer begins one, and a span of the log with it.
//! - `store`: a store around another one, which measures its calls and tells when sessions begin and end.
//! - `metrics`: numbers for a machine; `alarm`: which events ring; `journal`: what a visitor reads of their account.
//! - `accounts`, `pages`: a small login to play with.

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
pub(crate) use store::Watched;
pub(crate) use visit::watch;

/// All that is known of the sessions of this process. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Watch(Arc<Inner>);

#[derive(Default)]
struct Inner {
    accounts: Accounts,
    alarms: Alarms,
    journal: Journal,
    metrics: Metrics,
    sessions: Sessions,
}

/// A store has to be `Debug`, and the watch is a part of one: this shows nothing of what it knows.
impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

impl Watch {
    // ANCHOR: tell
    /// The one place at which anything is told: to the log, to the metrics, and to the visitor whose account it is.
    fn tell(&self, event: Event, account: Option<&str>, place: &Place, now: OffsetDateTime) {
        let name = account.unwrap_or("nobody");
        match event {
            Event::Rang(alarm) => tracing::warn!(?alarm, account = name, %place, "an alarm was raised"),
            event => tracing::info!(?event, account = name, %place, "session event"),
        }
        self.0.metrics.count(event);
        if let Some(account) = account {
            self.0.journal.add(account, event, place, now);
        }
    }
    // ANCHOR_END: tell

    /// Rings, unless the same has rung too often.
    async fn ring(&self, alarm: Alarm, account: Option<&str>, place: &Place, now: OffsetDateTime) {
        if self.0.alarms.rings(alarm, account, place, now).await {
            self.tell(Event::Rang(alarm), account, place, now);
        }
    }
}
