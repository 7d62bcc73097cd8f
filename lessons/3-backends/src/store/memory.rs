//! A store in this process: the fastest one. Its sessions end with the process.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use session_guard::version::{Version, note, noted};
use time::OffsetDateTime;
use tokio::task::yield_now;
use tower_sessions::{
    ExpiredDeletion, SessionStore,
    session::{Id, Record},
    session_store::Result,
};

use super::SWEEP_BATCH;
use crate::at_rest::{Stored, refusal};

/// A store in a map. Clones share the map.
///
/// tower-sessions has such a store, too, but a save to it revives a deleted session, and it keeps expired records.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<Sessions>>);

#[derive(Debug, Default)]
struct Sessions {
    stored: HashMap<Id, Stored>,
    /// The IDs in the order of their expiry. A sweep finds the expired ones at the start and reads no others.
    by_expiry: BTreeSet<(OffsetDateTime, i128)>,
}

impl Sessions {
    fn put(&mut self, record: &Record) {
        let stored = Stored { record: record.clone(), version: Version::new() };
        note(&record.id, stored.version);
        self.take(&record.id);
        self.by_expiry.insert((record.expiry_date, record.id.0));
        self.stored.insert(record.id, stored);
    }

    fn take(&mut self, id: &Id) {
        if let Some(Stored { record, .. }) = self.stored.remove(id) {
            self.by_expiry.remove(&(record.expiry_date, id.0));
        }
    }

    /// Returns the ID of the record that expires first, if it has expired.
    fn first_expired(&self) -> Option<Id> {
        let (expires, id) = self.by_expiry.first()?;
        (*expires <= OffsetDateTime::now_utc()).then_some(Id(*id))
    }
}

impl Memory {
    /// The number of records, including expired ones.
    pub fn len(&self) -> usize {
        self.sessions().stored.len()
    }

    /// Whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// ANCHOR: store
#[async_trait]
impl SessionStore for Memory {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let mut sessions = self.sessions();
        while sessions.stored.contains_key(&record.id) {
            record.id = Id::default();
        }
        sessions.put(record);
        Ok(())
    }

    // ANCHOR: save
    async fn save(&self, record: &Record) -> Result<()> {
        // The comparison and the swap are under one lock, so no other request comes between them.
        let mut sessions = self.sessions();
        if let Some(error) = refusal(sessions.stored.get(&record.id), noted(&record.id)) {
            return Err(error);
        }
        sessions.put(record);
        Ok(())
    }
    // ANCHOR_END: save

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let stored = self.sessions().stored.get(id).cloned();
        Ok(stored.and_then(Stored::loaded))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.sessions().take(id);
        Ok(())
    }
}
// ANCHOR_END: store

#[async_trait]
impl ExpiredDeletion for Memory {
    async fn delete_expired(&self) -> Result<()> {
        while self.sweep() == SWEEP_BATCH {
            yield_now().await; // lets other requests run
        }
        Ok(())
    }
}

impl Memory {
    /// Removes at most one batch of expired records, and returns their number.
    fn sweep(&self) -> usize {
        let mut sessions = self.sessions();
        for swept in 0..SWEEP_BATCH {
            let Some(id) = sessions.first_expired() else { return swept };
            sessions.take(&id);
        }
        SWEEP_BATCH
    }
}
