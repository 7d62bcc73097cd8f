//! A cache in front of a store: most loads never reach the store, and a logout still takes effect everywhere.
//!
//! The difficulty is a load that reads the old record from the store just before a change, and adds it to the cache
//! just after. From then on the cache would return a session that was changed or has ended. So a request that changes a
//! record first puts a tombstone in its place in the cache. While the tombstone is there, nothing can be added under
//! this key, and all requests use the store.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use session_guard::{
    Scope,
    version::{Version, note, noted},
};
use tokio::time::timeout;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

use super::failed;
use crate::at_rest::{Stored, decode};

/// The lifetime of a tombstone. It is longer than any load that began before the change can take.
pub(super) const TOMBSTONE: Duration = Duration::from_secs(10);

/// The time for which loads skip the cache after a failure.
const PAUSE: Duration = Duration::from_secs(1);

// ANCHOR: cache
/// The operations that a cache in front of a store needs. All instances must share the cache. With a cache of its own,
/// an instance would not notice a logout at another one.
#[async_trait]
pub trait Cache: std::fmt::Debug + Send + Sync + 'static {
    /// Returns the entry under this ID.
    async fn get(&self, id: &Id) -> Result<Cached>;
    /// Adds a record if there is no entry under its ID: neither a record nor a tombstone.
    async fn add(&self, record: &Record, version: Option<Version>) -> Result<()>;
    /// Removes the entry, and blocks its key for ten seconds.
    async fn tombstone(&self, id: &Id) -> Result<()>;
}

/// The entry of a session in a cache.
pub enum Cached {
    /// The record of the session.
    Record(Stored),
    /// No entry: ask the store, and add the record.
    Nothing,
    /// The session is being changed, or the cache does not answer: ask the store, and add nothing.
    AskTheStore,
}
// ANCHOR_END: cache

impl Cached {
    /// Reads an entry. An empty one is a tombstone, because no record is empty.
    pub(super) fn in_entry(id: &Id, entry: Option<Vec<u8>>) -> Result<Self> {
        Ok(match entry {
            None => Self::Nothing,
            Some(entry) if entry.is_empty() => Self::AskTheStore,
            Some(entry) => Some(decode(id, &entry)?).filter(Stored::lives).map_or(Self::Nothing, Self::Record),
        })
    }
}

/// A cache in front of a store.
#[derive(Clone, Debug)]
pub struct CacheAside<C, S> {
    cache: C,
    store: S,
    /// The maximum time for one call to the cache.
    limit: Duration,
    breaker: Breaker,
}

impl<C: Cache, S: SessionStore> CacheAside<C, S> {
    /// Puts `cache` in front of `store`. A call to the cache fails if it takes longer than `limit`. This limit must be
    /// shorter than the store's, because otherwise a cache that hangs leaves no time to ask the store.
    pub fn new(cache: C, store: S, limit: Duration) -> Self {
        Self { cache, store, limit, breaker: Breaker::default() }
    }

    // ANCHOR: get
    /// Returns the entry in the cache. A cache that is unavailable or hangs makes loads slower, not wrong: one load
    /// waits for it, and then loads skip it for a second.
    async fn get(&self, id: &Id) -> Cached {
        if !self.breaker.lets_through(Instant::now()) {
            return Cached::AskTheStore;
        }
        let found = self.limited(self.cache.get(id)).await;
        let answered = !matches!(found, Err(Error::Backend(_))); // one damaged entry is not an outage
        self.breaker.record(answered, Instant::now());
        found.unwrap_or(Cached::AskTheStore)
    }
    // ANCHOR_END: get

    /// Returns the store's record. It has a version even outside a request's scope, and the cache stores both.
    async fn load_from_store(&self, id: &Id) -> Result<(Option<Record>, Option<Version>)> {
        let asking = async { Ok((self.store.load(id).await?, noted(id))) };
        let (record, version) = Scope::default().run(asking).await?;
        if let Some(version) = version {
            note(id, version);
        }
        Ok((record, version))
    }

    async fn limited<T>(&self, call: impl Future<Output = Result<T>>) -> Result<T> {
        let late = || failed(format!("the cache did not answer in {} ms", self.limit.as_millis()));
        timeout(self.limit, call).await.unwrap_or_else(|_| Err(late()))
    }
}

// ANCHOR: store
#[async_trait]
impl<C: Cache, S: SessionStore> SessionStore for CacheAside<C, S> {
    async fn create(&self, record: &mut Record) -> Result<()> {
        self.store.create(record).await // the first load adds it to the cache
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.limited(self.cache.tombstone(&record.id)).await?;
        self.store.save(record).await
    }

    // ANCHOR: load_and_delete
    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let cached = self.get(id).await;
        if let Cached::Record(stored) = cached {
            return Ok(stored.loaded());
        }
        let (record, version) = self.load_from_store(id).await?;
        if let (Some(record), Cached::Nothing) = (&record, cached) {
            let added = self.limited(self.cache.add(record, version)).await;
            self.breaker.record(added.is_ok(), Instant::now()); // after a failure, the next load asks the store
        }
        Ok(record)
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        // A cache that is unavailable may return with the session in it, so this call must succeed.
        self.limited(self.cache.tombstone(id)).await?;
        self.store.delete(id).await
    }
    // ANCHOR_END: load_and_delete
}
// ANCHOR_END: store

/// A circuit breaker: after a failure it blocks all calls for a while, and then lets one through as a test. Clones
/// share one state.
#[derive(Clone, Debug, Default)]
struct Breaker(Arc<Mutex<Option<Instant>>>);

impl Breaker {
    fn lets_through(&self, now: Instant) -> bool {
        let mut closed_until = self.closed_until();
        match *closed_until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                // This call is the test. Others skip the cache until it has a result.
                *closed_until = Some(now + PAUSE);
                true
            }
        }
    }

    fn record(&self, success: bool, now: Instant) {
        *self.closed_until() = if success { None } else { Some(now + PAUSE) };
    }

    fn closed_until(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use tokio::sync::Notify;

    use super::*;
    use crate::store::memory::Memory;

    /// A cache in this process. `None` is a tombstone.
    #[derive(Clone, Debug, Default)]
    struct Entries(Arc<Mutex<HashMap<Id, Option<Stored>>>>);

    #[async_trait]
    impl Cache for Entries {
        async fn get(&self, id: &Id) -> Result<Cached> {
            Ok(match self.0.lock().unwrap().get(id).cloned() {
                None => Cached::Nothing,
                Some(None) => Cached::AskTheStore,
                Some(Some(stored)) => Cached::Record(stored),
            })
        }

        async fn add(&self, record: &Record, version: Option<Version>) -> Result<()> {
            let stored = Stored { record: record.clone(), version: version.expect("the store noted one") };
            self.0.lock().unwrap().entry(record.id).or_insert(Some(stored));
            Ok(())
        }

        async fn tombstone(&self, id: &Id) -> Result<()> {
            self.0.lock().unwrap().insert(*id, None);
            Ok(())
        }
    }

    /// A store whose load has read the record, and waits before it returns it.
    #[derive(Clone, Debug, Default)]
    struct Slow {
        store: Memory,
        has_read: Arc<Notify>,
        go_on: Arc<Notify>,
    }

    #[async_trait]
    impl SessionStore for Slow {
        async fn create(&self, record: &mut Record) -> Result<()> {
            self.store.create(record).await
        }

        async fn save(&self, record: &Record) -> Result<()> {
            self.store.save(record).await
        }

        async fn load(&self, id: &Id) -> Result<Option<Record>> {
            let found = self.store.load(id).await;
            self.has_read.notify_one();
            self.go_on.notified().await;
            found
        }

        async fn delete(&self, id: &Id) -> Result<()> {
            self.store.delete(id).await
        }
    }

    #[tokio::test]
    async fn a_load_that_is_slower_than_a_logout_puts_nothing_into_the_cache() {
        let store = Slow::default();
        let cached = CacheAside::new(Entries::default(), store.clone(), Duration::from_secs(60));
        let expiry_date = time::OffsetDateTime::now_utc() + time::Duration::hours(1);
        let mut record = Record { id: Id::default(), data: Default::default(), expiry_date };
        cached.create(&mut record).await.unwrap();
        let logout = async {
            store.has_read.notified().await;
            cached.delete(&record.id).await.unwrap();
            store.go_on.notify_one();
        };
        let (loaded, ()) = tokio::join!(cached.load(&record.id), logout);
        assert!(loaded.unwrap().is_some(), "it has read the record before the logout");
        store.go_on.notify_one();
        assert!(cached.load(&record.id).await.unwrap().is_none(), "and nobody else ever sees it");
    }

    #[test]
    fn after_a_failure_one_request_a_second_asks_the_cache() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        assert!(breaker.lets_through(now));
        breaker.record(false, now);
        assert!(!breaker.lets_through(now + PAUSE / 2));
        let later = now + PAUSE;
        assert!(breaker.lets_through(later), "one to try");
        assert!(!breaker.lets_through(later), "and the others go on without the cache");
        breaker.record(true, later);
        assert!(breaker.lets_through(later) && breaker.lets_through(later));
    }
}
