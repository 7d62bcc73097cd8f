//! A connection to Redis that recovers: it finds a server that was restarted, and a replica that has become the master.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use redis::{
    Client, Cmd, FromRedisValue, Pipeline, RedisError,
    aio::{ConnectionManager, ConnectionManagerConfig},
    cluster::{ClusterClient, ClusterClientBuilder},
    cluster_async::ClusterConnection,
    cmd,
};
use tokio::sync::Mutex;

type Result<T> = std::result::Result<T, RedisError>;

pub(super) struct Link {
    servers: Servers,
    limit: Duration,
    connection: Arc<RwLock<Connection>>,
    /// Locked while a new connection is made, so that only one is made at a time.
    rebuilding: Arc<Mutex<()>>,
}

#[derive(Clone)]
enum Servers {
    Node(Client, Box<ConnectionManagerConfig>),
    Cluster(ClusterClient),
}

#[derive(Clone)]
enum Connection {
    Node(ConnectionManager),
    Cluster(ClusterConnection),
}

impl Servers {
    /// All timeouts here are shorter than `limit`. So a call that fails here has time to start a new connection. A call
    /// that is canceled from outside has none.
    fn at(addresses: &[String], limit: Duration) -> Result<Self> {
        if let [address] = addresses {
            let config = ConnectionManagerConfig::new()
                .set_connection_timeout(Some(limit / 2))
                .set_response_timeout(Some(limit / 2))
                // The next request tries again. The visitor of this one should not wait for that.
                .set_number_of_retries(1);
            return Ok(Self::Node(Client::open(address.as_str())?, Box::new(config)));
        }
        let client = ClusterClientBuilder::new(addresses.iter().map(String::as_str))
            .connection_timeout(limit / 4)
            .response_timeout(limit / 2)
            .overall_response_timeout(Some(limit * 3 / 4))
            .build()?;
        Ok(Self::Cluster(client))
    }

    async fn connect(&self) -> Result<Connection> {
        Ok(match self.clone() {
            Self::Node(client, config) => Connection::Node(ConnectionManager::new_with_config(client, *config).await?),
            Self::Cluster(client) => Connection::Cluster(client.get_async_connection().await?),
        })
    }
}

impl Link {
    pub(super) async fn open(addresses: &[String], limit: Duration) -> Result<Self> {
        let servers = Servers::at(addresses, limit)?;
        let connection = Arc::new(RwLock::new(servers.connect().await?));
        let link = Self { servers, limit, connection, rebuilding: Arc::default() };
        link.send::<String>(&cmd("PING")).await?;
        Ok(link)
    }

    /// Whether this is a cluster whose masters have replicas.
    pub(super) async fn has_replicas(&self) -> Result<bool> {
        match self.servers {
            Servers::Node(..) => Ok(false),
            Servers::Cluster(_) => {
                let nodes: String = self.send(cmd("CLUSTER").arg("NODES")).await?;
                Ok(nodes.lines().filter_map(|node| node.split(' ').nth(2)).any(|flags| flags.contains("slave")))
            }
        }
    }

    pub(super) async fn send<T: FromRedisValue>(&self, command: &Cmd) -> Result<T> {
        let answer = match self.connection() {
            Connection::Node(mut node) => command.query_async(&mut node).await,
            Connection::Cluster(mut cluster) => command.query_async(&mut cluster).await,
        };
        self.noticed(answer)
    }

    /// Sends a command, and waits for `replicas` replicas of the node that it changes. Returns how many have the
    /// change.
    pub(super) async fn send_and_wait<T: FromRedisValue>(&self, command: Cmd, replicas: usize) -> Result<(T, usize)> {
        let wait = u64::try_from(self.limit.as_millis() / 4).unwrap_or(u64::MAX);
        let mut both = Pipeline::new(); // on one connection, because WAIT counts the changes that were sent before it
        both.add_command(command).cmd("WAIT").arg(replicas).arg(wait);
        let answers = match self.connection() {
            Connection::Node(mut node) => both.query_async(&mut node).await,
            Connection::Cluster(mut cluster) => both.query_async(&mut cluster).await,
        };
        self.noticed(answers)
    }

    fn connection(&self) -> Connection {
        self.connection.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    // ANCHOR: rebuild
    /// Starts a new connection after a failure in which no server answered.
    ///
    /// A master that hangs does not break the connection, so the client would continue to use it. A new connection
    /// learns from the other nodes which node is the master now. This request fails. The next one, or the one after it,
    /// finds the new master.
    fn noticed<T>(&self, answer: Result<T>) -> Result<T> {
        let is_lost = |error: &RedisError| error.is_timeout() || error.is_io_error() || error.is_cluster_error();
        if answer.as_ref().is_err_and(is_lost)
            && let Ok(rebuilding) = self.rebuilding.clone().try_lock_owned()
        {
            let (servers, connection) = (self.servers.clone(), self.connection.clone());
            tokio::spawn(async move {
                match servers.connect().await {
                    Ok(new) => *connection.write().unwrap_or_else(PoisonError::into_inner) = new,
                    Err(error) => tracing::error!(
                        "Redis cannot be reached; the next failure starts another attempt: \
                                                   {error}"
                    ),
                }
                drop(rebuilding);
            });
        }
        answer
    }
    // ANCHOR_END: rebuild
}
