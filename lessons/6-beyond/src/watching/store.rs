//! A store with monitoring: it measures its calls, and reports when sessions begin and end.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use session_inspector::{MOVED_KEY, TOMBSTONE_KEY};
use time::{Duration, OffsetDateTime};
use tokio::time::Instant;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::Result,
};

use super::{
    Monitor,
    event::{EndReason, Event},
    metrics::Operation,
    visit::{Name, Place, Visit},
};

/// The maximum number of ended sessions that are stored, the last ones.
const MOST_ENDED: usize = 10_000;
/// The number of live sessions above which expired ones are first removed. Later the number must have doubled since the
/// last removal.
const FIRST_SWEEP: usize = 1_000;
/// The maximum delay of a request that was sent before the end of its session.
const LATE: Duration = Duration::seconds(30);

tokio::task_local! {
    static CAUSE: Cause;
}

/// The reason why a session gets a new ID or ends.
#[derive(Clone, Debug)]
pub(super) enum Cause {
    /// The session continues under a new ID, in this account.
    Renewal(String),
    End(EndReason, String),
}

/// Runs `does` with this reason for the store, because the store itself cannot know why a session ends.
pub(super) async fn because<F: Future>(cause: Cause, does: F) -> F::Output {
    CAUSE.scope(cause, does).await
}

// ANCHOR: watched
/// A store with monitoring. It belongs inside `Guarded`, so that it sees the data that is really stored.
#[derive(Clone, Debug)]
pub(crate) struct MonitoredStore<S> {
    store: S,
    monitor: Monitor,
}

impl<S> MonitoredStore<S> {
    pub(crate) fn new(store: S, monitor: Monitor) -> Self {
        Self { store, monitor }
    }

    async fn measured<T>(&self, operation: Operation, call: impl Future<Output = Result<T>>) -> Result<T> {
        let begun = Instant::now();
        let result = call.await;
        self.monitor.0.metrics.call(operation, result.is_err(), begun.elapsed().as_secs_f64());
        result
    }
}

#[async_trait]
impl<S: SessionStore> SessionStore for MonitoredStore<S> {
    async fn create(&self, record: &mut Record) -> Result<()> {
        self.measured(Operation::Create, self.store.create(record)).await?;
        self.monitor.created(record);
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.measured(Operation::Save, self.store.save(record)).await?;
        self.monitor.saved(record);
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let found = self.measured(Operation::Load, self.store.load(id)).await?;
        if let Some(visit) = Visit::current()
            && found.as_ref().is_none_or(is_tombstone)
        {
            visit.misses(Name::of(&id.to_string()));
        }
        Ok(found)
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.measured(Operation::Delete, self.store.delete(id)).await?;
        self.monitor.ended(id);
        Ok(())
    }
}
// ANCHOR_END: watched

fn is_tombstone(record: &Record) -> bool {
    record.data.contains_key(TOMBSTONE_KEY)
}

/// The sessions that this process has seen, by name.
#[derive(Default)]
pub(super) struct Sessions(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// The expiry of each live session.
    alive: HashMap<Name, OffsetDateTime>,
    /// The number of live sessions after the last sweep.
    swept: usize,
    /// The time when each session ended, and its account.
    ended: HashMap<Name, (OffsetDateTime, Option<String>)>,
    /// The order in which they ended.
    order: VecDeque<Name>,
}

impl Sessions {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the account of the session with this name, if it ended so long ago that a late request cannot explain
    /// its use.
    pub(super) fn ended_before(&self, name: Name, now: OffsetDateTime) -> Option<Option<String>> {
        let (at, account) = self.known().ended.get(&name)?.clone();
        (now - at > LATE).then_some(account)
    }
}

impl Known {
    fn end(&mut self, name: Name, now: OffsetDateTime, account: Option<String>) -> bool {
        if self.ended.insert(name, (now, account)).is_none() {
            self.order.push_back(name);
        }
        while self.order.len() > MOST_ENDED {
            self.order.pop_front().and_then(|oldest| self.ended.remove(&oldest));
        }
        self.alive.remove(&name).is_some()
    }
}

impl Monitor {
    fn created(&self, record: &Record) {
        self.lives(record);
        match CAUSE.try_with(Clone::clone) {
            Ok(Cause::Renewal(account)) => self.say(Event::Renewed, Some(&account)),
            _ => self.say(Event::Begun, None),
        }
    }

    fn saved(&self, record: &Record) {
        if is_tombstone(record) {
            self.ended(&record.id);
        } else if record.data.contains_key(MOVED_KEY) {
            self.0.sessions.known().alive.remove(&Name::of(&record.id.to_string()));
        } else {
            self.lives(record);
        }
    }

    fn ended(&self, id: &Id) {
        let (why, account) = match CAUSE.try_with(Clone::clone) {
            Ok(Cause::Renewal(account)) => (None, Some(account)),
            Ok(Cause::End(why, account)) => (Some(why), Some(account)),
            Err(_) => (Some(EndReason::Unsaid), None),
        };
        let now = Visit::current().unwrap_or_default().clock.now();
        let was_alive = self.0.sessions.known().end(Name::of(&id.to_string()), now, account.clone());
        if let Some(why) = why.filter(|_| was_alive) {
            self.say(Event::Ended(why), account.as_deref());
        }
    }

    fn lives(&self, record: &Record) {
        let clock = Visit::current().unwrap_or_default().clock;
        let until = record.expiry_date.saturating_add(clock.skipped().try_into().unwrap_or(Duration::MAX));
        let has_doubled = {
            let mut known = self.0.sessions.known();
            known.alive.insert(Name::of(&record.id.to_string()), until);
            known.alive.len() > FIRST_SWEEP.max(2 * known.swept)
        };
        if has_doubled {
            self.alive(clock.now());
        }
    }

    fn say(&self, event: Event, account: Option<&str>) {
        let Visit { place, clock, .. } = Visit::current().unwrap_or_default();
        self.tell(event, account, &place, clock.now());
    }

    /// Returns the number of live sessions. Those that have expired since the last call are reported as ended.
    pub(super) fn alive(&self, now: OffsetDateTime) -> usize {
        let (alive, expired) = {
            let mut known = self.0.sessions.known();
            let before = known.alive.len();
            known.alive.retain(|_, until| *until > now);
            known.swept = known.alive.len();
            (known.alive.len(), before - known.alive.len())
        };
        let nowhere = Place::default();
        (0..expired).for_each(|_| self.tell(Event::Ended(EndReason::Expired), None, &nowhere, now));
        alive
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expired_sessions_are_forgotten_although_nobody_asks_for_the_metrics() {
        let monitor = Monitor::default();
        let record = |expiry_date| Record { id: Id::default(), data: HashMap::default(), expiry_date };
        let now = OffsetDateTime::now_utc();
        let one_that_lives = record(now + Duration::DAY);
        monitor.lives(&one_that_lives);
        for _ in 0..3 * FIRST_SWEEP {
            monitor.lives(&record(now - Duration::SECOND));
            assert!(monitor.0.sessions.known().alive.len() <= FIRST_SWEEP);
        }
        assert!(monitor.0.sessions.known().alive.contains_key(&Name::of(&one_that_lives.id.to_string())));
    }
}
