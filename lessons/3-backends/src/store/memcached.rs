//! In Memcached: a cache, and honest about it. It forgets when it is full and when it is restarted.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use memcache::exp::{AsyncMetaClient, Error, MetaClientBuilder, Set, Ttl};
use time::OffsetDateTime;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::Result,
};

use super::{
    failed,
    tiers::{Cache, Found, REST},
};
use crate::at_rest::{decode, encode, key};

/// One server or several, each session on one of them.
#[derive(Clone)]
pub struct Memcached(AsyncMetaClient);

impl Memcached {
    /// Connects to servers such as `127.0.0.1:11211`. A call fails that takes longer than `limit`.
    ///
    /// # Errors
    /// One of them does not answer.
    pub async fn open(servers: Vec<String>, limit: Duration) -> std::result::Result<Self, Error> {
        let client = MetaClientBuilder::new()
            .connect_timeout(Some(limit))
            .io_timeout(Some(limit))
            .connect_multiple_async(servers)
            .await?;
        client.noop().await?;
        Ok(Self(client))
    }

    async fn set(&self, record: &Record, when: fn(Set) -> Set) -> Result<bool> {
        let set = when(Set::new(key(&record.id), encode(record)?)).ttl(time_to_live(record));
        Ok(self.0.run(set).await.map_err(failed)?.applied())
    }

    async fn get(&self, id: &Id) -> Result<Option<Vec<u8>>> {
        Ok(self.0.get(key(id)).send().await.map_err(failed)?.value)
    }
}

// ANCHOR: ttl
/// Memcached counts in whole seconds. Rounded up, and [`decode`] looks at the milliseconds: rounded down, the
/// last second of every session would be lost.
fn time_to_live(record: &Record) -> Ttl {
    let left = record.expiry_date - OffsetDateTime::now_utc();
    let seconds = u64::try_from(left.whole_seconds()).unwrap_or(0) + 1;
    Ttl::from(Duration::from_secs(seconds))
}
// ANCHOR_END: ttl

// ANCHOR: store
#[async_trait]
impl SessionStore for Memcached {
    async fn create(&self, record: &mut Record) -> Result<()> {
        while !self.set(record, Set::add).await? {
            record.id = Id::default(); // taken
        }
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        // The last second before the rounded end: what has expired is not to live again.
        if self.load(&record.id).await?.is_some() {
            // Nothing happens to a session that was deleted meanwhile: it stays deleted.
            self.set(record, Set::replace).await?;
        }
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        self.get(id).await?.map_or(Ok(None), |value| decode(id, &value))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.0.delete(key(id)).send().await.map_err(failed)?;
        Ok(())
    }
}
// ANCHOR_END: store

#[async_trait]
impl Cache for Memcached {
    async fn look(&self, id: &Id) -> Result<Found> {
        Found::in_entry(id, self.get(id).await?)
    }

    async fn fill(&self, record: &Record) -> Result<()> {
        self.set(record, Set::add).await?;
        Ok(())
    }

    async fn rest(&self, id: &Id) -> Result<()> {
        self.0.set(key(id), "").ttl(Ttl::from(REST)).send().await.map_err(failed)?;
        Ok(())
    }
}

impl fmt::Debug for Memcached {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Memcached")
    }
}
