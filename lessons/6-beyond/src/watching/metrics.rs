//! Metrics, in the text format of Prometheus.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use super::event::{Alarm, EndReason, Event, Refusal};

/// The upper bounds of the histogram buckets for store calls, in seconds.
const BUCKETS: [f64; 6] = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5];

// ANCHOR: metrics
#[derive(Clone, Debug, EncodeLabelSet, Hash, PartialEq, Eq)]
struct Ended {
    why: EndReason,
}

#[derive(Clone, Debug, EncodeLabelSet, Hash, PartialEq, Eq)]
struct Refused {
    why: Refusal,
}

#[derive(Clone, Debug, EncodeLabelSet, Hash, PartialEq, Eq)]
struct AlarmLabel {
    attack: Alarm,
}

/// A kind of store call.
#[derive(Clone, Copy, Debug, EncodeLabelValue, Hash, PartialEq, Eq)]
pub(super) enum Operation {
    Create,
    Save,
    Load,
    Delete,
}

#[derive(Clone, Debug, EncodeLabelSet, Hash, PartialEq, Eq)]
struct Call {
    operation: Operation,
    /// 1 if it failed.
    failed: u64,
}

pub(super) struct Metrics {
    registry: Mutex<Registry>,
    alive: Gauge,
    begun: Counter,
    renewed: Counter,
    ended: Family<Ended, Counter>,
    logins: Counter,
    wrong: Counter,
    refused: Family<Refused, Counter>,
    alarms: Family<AlarmLabel, Counter>,
    store: Family<Call, Histogram, fn() -> Histogram>,
}
// ANCHOR_END: metrics

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            registry: Mutex::default(),
            alive: Gauge::default(),
            begun: Counter::default(),
            renewed: Counter::default(),
            ended: Family::default(),
            logins: Counter::default(),
            wrong: Counter::default(),
            refused: Family::default(),
            alarms: Family::default(),
            store: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
        };
        let mut registry = Registry::default();
        registry.register("sessions_alive", "Sessions that have not ended", metrics.alive.clone());
        registry.register("sessions_begun", "Sessions that began", metrics.begun.clone());
        registry.register("sessions_renewed", "Sessions that got a new ID", metrics.renewed.clone());
        registry.register("sessions_ended", "Sessions that ended", metrics.ended.clone());
        registry.register("logins", "Logins", metrics.logins.clone());
        registry.register("wrong_passwords", "Wrong passwords", metrics.wrong.clone());
        registry.register("requests_refused", "Requests that were refused", metrics.refused.clone());
        registry.register("alarms", "Alarms that were raised", metrics.alarms.clone());
        registry.register("store_seconds", "How long calls to the session store took", metrics.store.clone());
        Self { registry: Mutex::new(registry), ..metrics }
    }
}

impl Metrics {
    pub(super) fn count(&self, event: Event) {
        match event {
            Event::LoggedIn => self.logins.inc(),
            Event::WrongPassword => self.wrong.inc(),
            Event::Begun => self.begun.inc(),
            Event::Renewed => self.renewed.inc(),
            Event::Ended(why) => self.ended.get_or_create(&Ended { why }).inc(),
            Event::Refused(why) => self.refused.get_or_create(&Refused { why }).inc(),
            Event::Alarm(attack) => self.alarms.get_or_create(&AlarmLabel { attack }).inc(),
        };
    }

    /// Counts a call to the store, and records its duration in seconds.
    pub(super) fn call(&self, operation: Operation, failed: bool, seconds: f64) {
        self.store.get_or_create(&Call { operation, failed: failed.into() }).observe(seconds);
    }

    /// Returns all metrics as text. `alive` is the number of sessions.
    pub(super) fn text(&self, alive: usize) -> Result<String, fmt::Error> {
        self.alive.set(i64::try_from(alive).unwrap_or(i64::MAX));
        let mut text = String::new();
        encode(&mut text, &self.registry.lock().unwrap_or_else(PoisonError::into_inner))?;
        Ok(text)
    }
}
