//! In Redis, on one node or in a cluster: quick, shared, and expired records go by themselves.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use redis::{
    Client, Cmd, FromRedisValue, RedisError,
    aio::{ConnectionManager, ConnectionManagerConfig},
    cluster::ClusterClientBuilder,
    cluster_async::ClusterConnection,
    cmd,
};
use session_guard::version::{Version, conflict, gone, note, noted};
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::Result,
};

use super::{
    cache_aside::{Cache, Cached, TOMBSTONE},
    failed,
};
use crate::at_rest::{Stored, decode, encode, key, milliseconds, now};

/// A connection that many requests share, and that is made anew when it breaks.
#[derive(Clone)]
pub struct Redis(Connection);

#[derive(Clone)]
enum Connection {
    Node(ConnectionManager),
    Cluster(ClusterConnection),
}

impl Redis {
    // ANCHOR: open
    /// Connects to one node, at an address such as `redis://127.0.0.1:6379`. A call fails that takes longer than `limit`.
    ///
    /// # Errors
    /// The node does not answer.
    pub async fn open(address: &str, limit: Duration) -> std::result::Result<Self, RedisError> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(limit))
            .set_response_timeout(Some(limit))
            // The next request tries again; this one's visitor should not wait for it.
            .set_number_of_retries(1);
        let manager = ConnectionManager::new_with_config(Client::open(address)?, config).await?;
        Self::answering(Connection::Node(manager)).await
    }
    // ANCHOR_END: open

    /// Connects to the cluster that these nodes belong to: it tells which other nodes there are.
    ///
    /// # Errors
    /// None of the nodes answers.
    pub async fn open_cluster(addresses: &[String], limit: Duration) -> std::result::Result<Self, RedisError> {
        let client = ClusterClientBuilder::new(addresses.iter().map(String::as_str))
            .connection_timeout(limit)
            .response_timeout(limit)
            .overall_response_timeout(Some(limit))
            .build()?;
        Self::answering(Connection::Cluster(client.get_async_connection().await?)).await
    }

    async fn answering(connection: Connection) -> std::result::Result<Self, RedisError> {
        let redis = Self(connection);
        redis.send::<String>(&cmd("PING")).await?;
        Ok(redis)
    }

    async fn send<T: FromRedisValue>(&self, command: &Cmd) -> std::result::Result<T, RedisError> {
        match self.0.clone() {
            Connection::Node(mut node) => command.query_async(&mut node).await,
            Connection::Cluster(mut cluster) => command.query_async(&mut cluster).await,
        }
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T> {
        self.send(command).await.map_err(failed)
    }

    /// Sets a record that expires by itself, only where nothing is.
    async fn set_new(&self, record: &Record, version: Option<Version>) -> Result<bool> {
        let mut set = cmd("SET");
        set.arg(key(&record.id)).arg(encode(record, version)?);
        set.arg("NX").arg("PXAT").arg(milliseconds(record.expiry_date));
        let done: Option<String> = self.ask(&set).await?;
        Ok(done.is_some())
    }

    async fn get_value(&self, id: &Id) -> Result<Option<Vec<u8>>> {
        self.ask(cmd("GET").arg(key(id))).await
    }
}

// ANCHOR: save
/// Compares and swaps: Redis runs a script as a whole, and nobody comes between its lines.
///
/// It is given the key, the new value with its version and its expiry, the version that the save is based on, and the
/// time. Version and expiry stand first in a value; one without them was stored before records had versions. Where a
/// connection breaks, the client may send a save twice: the second one finds that it is done.
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
    async fn create(&self, record: &mut Record) -> Result<()> {
        let version = Version::new();
        while !self.set_new(record, Some(version)).await? {
            record.id = Id::default(); // taken
        }
        note(&record.id, version);
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let version = Version::new();
        let based_on = noted(&record.id).map(|version| version.to_string()).unwrap_or_default();
        let mut save = cmd("EVAL");
        save.arg(SAVE).arg(1).arg(key(&record.id)).arg(encode(record, Some(version))?);
        save.arg(version.to_string()).arg(milliseconds(record.expiry_date)).arg(based_on).arg(now());
        let outcome: String = self.ask(&save).await?;
        match outcome.as_str() {
            "saved" => note(&record.id, version),
            "conflict" => return Err(conflict()),
            _ => return Err(gone()),
        }
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let stored = self.get_value(id).await?.map(|value| decode(id, &value)).transpose()?;
        Ok(stored.and_then(Stored::loaded))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let _deleted: u64 = self.ask(cmd("DEL").arg(key(id))).await?;
        Ok(())
    }
}

#[async_trait]
impl Cache for Redis {
    async fn get(&self, id: &Id) -> Result<Cached> {
        Cached::in_entry(id, self.get_value(id).await?)
    }

    async fn add(&self, record: &Record, version: Option<Version>) -> Result<()> {
        self.set_new(record, version).await?;
        Ok(())
    }

    async fn tombstone(&self, id: &Id) -> Result<()> {
        self.ask(cmd("SET").arg(key(id)).arg("").arg("EX").arg(TOMBSTONE.as_secs())).await
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Redis")
    }
}
