//! A wrapper for stores whose save would bring back what was deleted.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};
use tokio::sync::RwLock;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::Result,
};

/// No request is under way for longer: after this nobody can save a session that was loaded before its end.
const LONGEST_REQUEST: Duration = Duration::HOUR;

// ANCHOR: store
/// Remembers what was deleted, for an hour, and saves none of it. Clones share what they remember.
///
/// It knows of the deletions in this process. Where several share a store, the store itself must save only what is
/// there, as those of lesson 3 do.
#[derive(Clone, Debug)]
pub struct NeverRevive<S> {
    store: S,
    /// Written to by a deletion, which so waits for saves under way; read by saves, which do not wait for each other.
    deleted: Arc<RwLock<HashMap<Id, OffsetDateTime>>>,
}

impl<S> NeverRevive<S> {
    /// The same store, but for that.
    pub fn new(store: S) -> Self {
        Self { store, deleted: Arc::default() }
    }
}

#[async_trait]
impl<S: SessionStore> SessionStore for NeverRevive<S> {
    async fn create(&self, record: &mut Record) -> Result<()> {
        // `flush` and then `insert` in one request asks for the deleted ID again: that is revival, too.
        while self.deleted.read().await.contains_key(&record.id) {
            record.id = Id::default();
        }
        self.store.create(record).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let deleted = self.deleted.read().await;
        if deleted.contains_key(&record.id) {
            return Ok(()); // whoever saves it has left: what it wanted to remember is of no use to anyone
        }
        self.store.save(record).await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        self.store.load(id).await
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let now = OffsetDateTime::now_utc();
        let mut deleted = self.deleted.write().await;
        deleted.retain(|_, when| now - *when < LONGEST_REQUEST);
        deleted.insert(*id, now);
        self.store.delete(id).await
    }
}
// ANCHOR_END: store
