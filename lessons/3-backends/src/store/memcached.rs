//! A store in Memcached, which is a cache: it drops records when it is full and when it restarts.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use memcache::exp::{AsyncMetaClient, Error, Get, Meta, MetaClientBuilder, Set, Ttl};
use session_guard::version::{Version, note, noted};
use time::OffsetDateTime;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::Result,
};

use super::{
    cache_aside::{Cache, Cached, TOMBSTONE},
    failed,
};
use crate::at_rest::{Stored, decode, encode, key, refusal};

/// One server or several. Each session is on one of them.
#[derive(Clone)]
pub struct Memcached(AsyncMetaClient);

impl Memcached {
    /// Connects to servers such as `127.0.0.1:11211`. A call fails if it takes longer than `limit`.
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

    /// Stores a record only if its key is free.
    async fn set_new(&self, record: &Record, version: Option<Version>) -> Result<bool> {
        let set = Set::new(key(&record.id), encode(record, version)?).add();
        Ok(self.0.run(set.ttl(time_to_live(record, OffsetDateTime::now_utc()))).await.map_err(failed)?.applied())
    }

    /// Returns the stored value, and Memcached's number (CAS) for its present state.
    async fn get_value(&self, id: &Id) -> Result<Option<(Vec<u8>, u64)>> {
        let found = self.0.run(Get::new(key(id)).meta(Meta::NONE.cas())).await.map_err(failed)?;
        Ok(found.value.zip(found.item.cas))
    }
}

// ANCHOR: ttl
/// Returns the lifetime of a record in Memcached, which counts whole seconds. This rounds up, and [`Stored::lives`]
/// checks the milliseconds. Rounding down would lose the last second of every session.
///
/// Memcached reads a time of more than thirty days as a date with 32 bits. It treats a date after 2038-01-19 as past:
/// it answers that the record is stored, and stores nothing. So the record gets the longest possible time, at least
/// thirty days. It may be dropped before its expiry, like any record in a cache, and each save extends its time.
fn time_to_live(record: &Record, now: OffsetDateTime) -> Ttl {
    // ANCHOR: seconds
    let seconds = (record.expiry_date - now).whole_seconds().max(0) + 1;
    let until_2038 = i64::from(i32::MAX) - now.unix_timestamp() - 1;
    let longest = until_2038.max(THIRTY_DAYS);
    Ttl::from(Duration::from_secs(seconds.min(longest).unsigned_abs()))
    // ANCHOR_END: seconds
}
// ANCHOR_END: ttl

/// Thirty days in seconds. Up to this number Memcached counts from now, so the year does not matter.
const THIRTY_DAYS: i64 = 30 * 24 * 60 * 60;

/// The number of tries of a save that is based on no version and loses to other saves.
const TRIES: usize = 100;

// ANCHOR: store
#[async_trait]
impl SessionStore for Memcached {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let version = Version::new();
        while !self.set_new(record, Some(version)).await? {
            record.id = Id::default(); // taken
        }
        note(&record.id, version);
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let (version, based_on) = (Version::new(), noted(&record.id));
        for _ in 0..TRIES {
            let found = self.get_value(&record.id).await?;
            let stored = found.as_ref().map(|(value, _)| decode(&record.id, value)).transpose()?;
            if stored.as_ref().is_some_and(|stored| stored.version == version) {
                note(&record.id, version);
                return Ok(()); // the connection broke after the save, and the client has sent it again
            }
            if let Some(error) = refusal(stored.as_ref(), based_on) {
                return Err(error);
            }
            // Replace only the state that was read. A state that has changed since is read again.
            let mut set = Set::new(key(&record.id), encode(record, Some(version))?)
                .ttl(time_to_live(record, OffsetDateTime::now_utc()));
            set.compare_cas = found.map(|(_, cas)| cas);
            if self.0.run(set).await.map_err(failed)?.applied() {
                note(&record.id, version);
                return Ok(());
            }
        }
        Err(failed("too many requests change this session at the same time"))
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let stored = self.get_value(id).await?.map(|(value, _)| decode(id, &value)).transpose()?;
        Ok(stored.and_then(Stored::loaded))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.0.delete(key(id)).send().await.map_err(failed)?;
        Ok(())
    }
}
// ANCHOR_END: store

#[async_trait]
impl Cache for Memcached {
    async fn get(&self, id: &Id) -> Result<Cached> {
        Cached::in_entry(id, self.get_value(id).await?.map(|(value, _)| value))
    }

    async fn add(&self, record: &Record, version: Option<Version>) -> Result<()> {
        self.set_new(record, version).await?;
        Ok(())
    }

    async fn tombstone(&self, id: &Id) -> Result<()> {
        self.0.set(key(id), "").ttl(Ttl::from(TOMBSTONE)).send().await.map_err(failed)?;
        Ok(())
    }
}

impl fmt::Debug for Memcached {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Memcached")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_live_fits_memcached_in_every_year() {
        let ttl = |now: i64, days: i64| {
            let now = OffsetDateTime::from_unix_timestamp(now).unwrap();
            let record = Record { id: Id(1), data: Default::default(), expiry_date: now + time::Duration::days(days) };
            time_to_live(&record, now)
        };
        let seconds = |seconds: i64| Ttl::from(Duration::from_secs(seconds.unsigned_abs()));
        let (in_2026, last) = (1_800_000_000, i64::from(i32::MAX));
        assert_eq!(ttl(in_2026, 400), seconds(400 * 86_400 + 1));
        assert_eq!(ttl(in_2026, 10_000), seconds(last - in_2026 - 1), "until 2038 and no longer");
        assert_eq!(ttl(last - 86_400, 60), seconds(THIRTY_DAYS), "counted from now, the end of the world is no matter");
        assert_eq!(ttl(last + 86_400, 14), seconds(14 * 86_400 + 1));
        assert_eq!(ttl(in_2026, -1), seconds(1));
    }
}
