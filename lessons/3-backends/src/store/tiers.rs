//! A cache before a store: most loads never reach the store, and a logout still reaches everyone.
//!
//! The trap is a load that found the old record in the store just before it changed, and puts it into the cache
//! just after: from then on the cache tells of a session that was changed, or ended. So whoever changes a record
//! first lays its place in the cache to rest. For that while nothing can be put there, and everyone asks the store.

use std::time::Duration;

use async_trait::async_trait;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::Result,
};

use crate::at_rest::decode;

/// How long a place rests. Longer than any load that began before the change can take to end.
pub(super) const REST: Duration = Duration::from_secs(10);

// ANCHOR: cache
/// What a cache before a store has to be able to do. It must be one that all instances share: in a cache of its
/// own, an instance would not hear of a logout at another one.
#[async_trait]
pub trait Cache: std::fmt::Debug + Send + Sync + 'static {
    /// What stands under this ID.
    async fn look(&self, id: &Id) -> Result<Found>;
    /// Puts a record there, if nothing stands there: no record, and no rest.
    async fn fill(&self, record: &Record) -> Result<()>;
    /// Takes away what stands there, and keeps the place empty for ten seconds.
    async fn rest(&self, id: &Id) -> Result<()>;
}

/// What a cache knows of a session.
pub enum Found {
    /// This record.
    Record(Record),
    /// Nothing: ask the store, and fill the place.
    Nothing,
    /// It is being changed: ask the store.
    Rest,
}
// ANCHOR_END: cache

impl Found {
    /// A resting place is an empty entry; no record is empty.
    pub(super) fn in_entry(id: &Id, entry: Option<Vec<u8>>) -> Result<Self> {
        Ok(match entry {
            None => Self::Nothing,
            Some(entry) if entry.is_empty() => Self::Rest,
            Some(entry) => decode(id, &entry)?.map_or(Self::Nothing, Self::Record),
        })
    }
}

/// A cache before a store.
#[derive(Clone, Debug)]
pub struct Tiers<C, S> {
    cache: C,
    store: S,
}

impl<C: Cache, S: SessionStore> Tiers<C, S> {
    /// `cache` before `store`.
    pub fn new(cache: C, store: S) -> Self {
        Self { cache, store }
    }
}

// ANCHOR: store
#[async_trait]
impl<C: Cache, S: SessionStore> SessionStore for Tiers<C, S> {
    async fn create(&self, record: &mut Record) -> Result<()> {
        self.store.create(record).await // the first load fills the cache
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.cache.rest(&record.id).await?;
        self.store.save(record).await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        // A cache that is away makes loads slower, not wrong.
        let found = self.cache.look(id).await.unwrap_or(Found::Rest);
        if let Found::Record(record) = found {
            return Ok(Some(record));
        }
        let record = self.store.load(id).await?;
        if let (Some(record), Found::Nothing) = (&record, found) {
            let _ = self.cache.fill(record).await; // if it fails, the next load asks the store again
        }
        Ok(record)
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        // A cache that is away now may come back with the session in it, so this one must succeed.
        self.cache.rest(id).await?;
        self.store.delete(id).await
    }
}
// ANCHOR_END: store
