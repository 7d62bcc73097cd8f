//! In this process: the quickest store, and gone with it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use time::OffsetDateTime;
use tower_sessions::{
    ExpiredDeletion, SessionStore,
    session::{Id, Record},
    session_store::Result,
};

/// A map. Clones are the same map.
///
/// tower-sessions has one too. That one revives a deleted session when it is saved, and keeps what has expired
/// for ever.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<HashMap<Id, Record>>>);

impl Memory {
    /// How many records are kept, expired ones among them.
    pub fn len(&self) -> usize {
        self.records().len()
    }

    /// Whether no record is kept.
    pub fn is_empty(&self) -> bool {
        self.records().is_empty()
    }

    fn records(&self) -> MutexGuard<'_, HashMap<Id, Record>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// ANCHOR: store
#[async_trait]
impl SessionStore for Memory {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let mut records = self.records();
        while records.contains_key(&record.id) {
            record.id = Id::default();
        }
        records.insert(record.id, record.clone());
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        // Only where a session is: one that was deleted meanwhile stays deleted.
        if let Some(kept) = self.records().get_mut(&record.id).filter(|kept| lives(kept)) {
            *kept = record.clone();
        }
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        Ok(self.records().get(id).filter(|kept| lives(kept)).cloned())
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.records().remove(id);
        Ok(())
    }
}

#[async_trait]
impl ExpiredDeletion for Memory {
    async fn delete_expired(&self) -> Result<()> {
        self.records().retain(|_, kept| lives(kept));
        Ok(())
    }
}

fn lives(record: &Record) -> bool {
    record.expiry_date > OffsetDateTime::now_utc()
}
// ANCHOR_END: store
