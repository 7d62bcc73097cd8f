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
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::Result,
};

use super::{
    failed,
    tiers::{Cache, Found, REST},
};
use crate::at_rest::{decode, encode, key, milliseconds};

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

    // ANCHOR: set
    /// Sets a record that expires by itself; `when` is `NX`, only where nothing is, or `XX`, only where something is.
    async fn set(&self, record: &Record, when: &str) -> Result<bool> {
        let mut set = cmd("SET");
        set.arg(key(&record.id)).arg(encode(record)?);
        set.arg(when).arg("PXAT").arg(milliseconds(record.expiry_date));
        let done: Option<String> = self.ask(&set).await?;
        Ok(done.is_some())
    }
    // ANCHOR_END: set
}

#[async_trait]
impl SessionStore for Redis {
    async fn create(&self, record: &mut Record) -> Result<()> {
        while !self.set(record, "NX").await? {
            record.id = Id::default(); // taken
        }
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        // Nothing happens to a session that was deleted meanwhile: it stays deleted.
        self.set(record, "XX").await?;
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let value: Option<Vec<u8>> = self.ask(cmd("GET").arg(key(id))).await?;
        value.map_or(Ok(None), |value| decode(id, &value))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let _deleted: u64 = self.ask(cmd("DEL").arg(key(id))).await?;
        Ok(())
    }
}

#[async_trait]
impl Cache for Redis {
    async fn look(&self, id: &Id) -> Result<Found> {
        let value: Option<Vec<u8>> = self.ask(cmd("GET").arg(key(id))).await?;
        Found::in_entry(id, value)
    }

    async fn fill(&self, record: &Record) -> Result<()> {
        self.set(record, "NX").await?;
        Ok(())
    }

    async fn rest(&self, id: &Id) -> Result<()> {
        self.ask(cmd("SET").arg(key(id)).arg("").arg("EX").arg(REST.as_secs())).await
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Redis")
    }
}
