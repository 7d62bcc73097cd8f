//! The stores, one module for each backend, and their common parts.
//!
//! All of them give the same guarantees, which `checks::store` tests: an expired record is never loaded, a collision of
//! IDs never merges two sessions, and a save never revives a deleted session.
//!
//! All of them also compare and swap. `load` and `create` note the version of the record for the calling request, and
//! `save` replaces the record only while it has that version. Otherwise `save` fails with `version::conflict`, or with
//! `version::gone` if there is no record. A save that returns `Ok` is never dropped.

pub(crate) mod cache_aside;
pub mod file;
pub mod memcached;
pub mod memory;
pub mod postgres;
pub mod redis;
pub mod sqlite;

use std::{fmt::Display, sync::Arc, time::Duration};

use async_trait::async_trait;
use session_guard::note_failure;
use tokio::time::timeout;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

/// The maximum time for one call to a backend. A request of this lesson makes at most two calls, so every visitor has
/// an answer within two seconds, even if the backend hangs.
pub const LIMIT: Duration = Duration::from_millis(800);

/// The number of expired records that a sweep removes at a time. Other requests run between two batches.
pub(crate) const SWEEP_BATCH: usize = 1_000;

/// A store of any kind, with a time limit for each call.
#[derive(Clone, Debug)]
pub struct AnyStore {
    store: Arc<dyn SessionStore>,
    limit: Duration,
}

impl AnyStore {
    /// Wraps this store, so that its calls fail when they take longer than `limit`.
    pub fn new(store: impl SessionStore, limit: Duration) -> Self {
        Self { store: Arc::new(store), limit }
    }

    // ANCHOR: limit
    async fn limited<T>(&self, call: impl Future<Output = Result<T>>) -> Result<T> {
        let late = || failed(format!("no answer in {} ms", self.limit.as_millis()));
        note_failure(timeout(self.limit, call).await.unwrap_or_else(|_| Err(late())))
    }
    // ANCHOR_END: limit
}

#[async_trait]
impl SessionStore for AnyStore {
    async fn create(&self, record: &mut Record) -> Result<()> {
        self.limited(self.store.create(record)).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.limited(self.store.save(record)).await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        self.limited(self.store.load(id)).await
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.limited(self.store.delete(id)).await
    }
}

/// Turns an error of a backend's client into the error of a store.
fn failed(error: impl Display) -> Error {
    Error::Backend(error.to_string())
}
