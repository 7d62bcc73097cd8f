//! A store in Redis, on one node or in a cluster. It is fast and shared, and Redis itself removes expired records.

mod link;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use redis::{Cmd, FromRedisValue, RedisError, cmd};
use session_guard::version::{Version, conflict, gone, note, noted};
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::{Error, Result as StoreResult},
};

use self::link::Link;
use super::{
    cache_aside::{Cache, Cached, TOMBSTONE},
    failed,
};
use crate::at_rest::{Stored, decode, encode, key, milliseconds, now};

/// One node or a cluster, over a connection that all requests and all clones share.
#[derive(Clone)]
pub struct Redis {
    link: Arc<Link>,
    /// The number of replicas that must have a change before it is acknowledged.
    replicas: usize,
}

impl Redis {
    /// Connects to one node at an address such as `redis://127.0.0.1:6379`, or with several addresses to the cluster of
    /// these nodes, which names the others. A call fails if it takes longer than `limit`.
    ///
    /// A change is acknowledged when `replicas` replicas have it. The default is one in a cluster whose masters have
    /// replicas, and none elsewhere.
    ///
    /// # Errors
    /// No node answers.
    pub async fn open(addresses: &[String], replicas: Option<usize>, limit: Duration) -> Result<Self, RedisError> {
        let link = Link::open(addresses, limit).await?;
        let replicas = match replicas {
            Some(replicas) => replicas,
            None => usize::from(link.has_replicas().await?),
        };
        Ok(Self { link: Arc::new(link), replicas })
    }

    async fn read<T: FromRedisValue>(&self, command: &Cmd) -> StoreResult<T> {
        self.link.send(command).await.map_err(refused)
    }

    // ANCHOR: write
    /// Makes a change. Returns when enough replicas have it, because otherwise a replica that has missed a logout could
    /// become the master, and the session would come back.
    ///
    /// The price is that each change waits for a replica, and all other traffic on the connection waits, too. While
    /// there are too few replicas, no change is acknowledged, although the master has it: the outcome is unknown.
    async fn write<T: FromRedisValue>(&self, command: Cmd) -> StoreResult<T> {
        if self.replicas == 0 {
            return self.read(&command).await;
        }
        // ANCHOR: wait
        let (done, heard): (T, usize) = self.link.send_and_wait(command, self.replicas).await.map_err(refused)?;
        if heard < self.replicas {
            return Err(failed(format!("{heard} replicas have the change, and {} must have it", self.replicas)));
        }
        Ok(done)
        // ANCHOR_END: wait
    }
    // ANCHOR_END: write

    // ANCHOR: set_new
    /// Sets a record that expires by itself, but only if its key is free.
    async fn set_new(&self, record: &Record, version: Option<Version>) -> StoreResult<bool> {
        let mut set = cmd("SET");
        set.arg(key(&record.id)).arg(encode(record, version)?);
        set.arg("NX").arg("PXAT").arg(milliseconds(record.expiry_date));
        let done: Option<String> = self.write(set).await?;
        Ok(done.is_some())
    }
    // ANCHOR_END: set_new

    async fn get_value(&self, id: &Id) -> StoreResult<Option<Vec<u8>>> {
        self.read(cmd("GET").arg(key(id))).await
    }
}

// ANCHOR: save
/// Compares and swaps. Redis runs a script atomically, so no other command runs between its lines.
///
/// The script gets the key, the new value with its version and its expiry, the version that the save is based on, and
/// the time. Version and expiry come first in a value. A value without them was stored before records had versions. If
/// a connection breaks, the client may send a save twice, and the second one finds that it is already done.
const SAVE: &str = r#"
local stored = redis.call('GET', KEYS[1])
if not stored then return 'gone' end
local value, new_version, new_expires, based_on, now = unpack(ARGV)
local version, expires = string.match(stored, '^{"version":"(%x+)","expires":(%-?%d+)')
if version == new_version then return 'saved' end
if expires and tonumber(expires) <= tonumber(now) then return 'gone' end
if based_on ~= '' and based_on ~= (version or '0000000000000000') then return 'conflict' end
redis.call('SET', KEYS[1], value, 'PXAT', new_expires)
return 'saved'
"#;
// ANCHOR_END: save

#[async_trait]
impl SessionStore for Redis {
    async fn create(&self, record: &mut Record) -> StoreResult<()> {
        let version = Version::new();
        while !self.set_new(record, Some(version)).await? {
            record.id = Id::default(); // taken
        }
        note(&record.id, version);
        Ok(())
    }

    async fn save(&self, record: &Record) -> StoreResult<()> {
        let version = Version::new();
        let based_on = noted(&record.id).map(|version| version.to_string()).unwrap_or_default();
        let mut save = cmd("EVAL");
        save.arg(SAVE).arg(1).arg(key(&record.id)).arg(encode(record, Some(version))?);
        save.arg(version.to_string()).arg(milliseconds(record.expiry_date)).arg(based_on).arg(now());
        let outcome: String = self.write(save).await?;
        match outcome.as_str() {
            "saved" => note(&record.id, version),
            "conflict" => return Err(conflict()),
            _ => return Err(gone()),
        }
        Ok(())
    }

    async fn load(&self, id: &Id) -> StoreResult<Option<Record>> {
        let stored = self.get_value(id).await?.map(|value| decode(id, &value)).transpose()?;
        Ok(stored.and_then(Stored::loaded))
    }

    async fn delete(&self, id: &Id) -> StoreResult<()> {
        let mut delete = cmd("DEL");
        delete.arg(key(id));
        let _deleted: u64 = self.write(delete).await?;
        Ok(())
    }
}

#[async_trait]
impl Cache for Redis {
    async fn get(&self, id: &Id) -> StoreResult<Cached> {
        Cached::in_entry(id, self.get_value(id).await?)
    }

    async fn add(&self, record: &Record, version: Option<Version>) -> StoreResult<()> {
        self.set_new(record, version).await?;
        Ok(())
    }

    async fn tombstone(&self, id: &Id) -> StoreResult<()> {
        let mut set = cmd("SET");
        set.arg(key(id)).arg("").arg("EX").arg(TOMBSTONE.as_secs());
        self.write(set).await
    }
}

/// A key of another type is a damaged record, because Redis has answered and will give the same answer again.
fn refused(error: RedisError) -> Error {
    if error.code() == Some("WRONGTYPE") { Error::Decode(error.to_string()) } else { failed(error) }
}

impl fmt::Debug for Redis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Redis")
    }
}
