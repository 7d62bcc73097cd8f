//! Finds the backend that an address names, and opens it.

mod shown;

use std::{
    fmt::{self, Display},
    time::Duration,
};

use tower_sessions::{ExpiredDeletion, SessionStore};
use url::{Position, Url};

pub use self::shown::without_password;

use self::shown::servers;
use crate::{
    cleaning::{EVERY, clean},
    store::{
        AnyStore,
        cache_aside::{Cache, CacheAside},
        file::FileStore,
        memcached::Memcached,
        memory::Memory,
        postgres::Postgres,
        redis::Redis,
        sqlite::Sqlite,
    },
};

/// All kinds of addresses, for the message about an unknown one.
pub const KINDS: &str = "memory:  file:FOLDER  sqlite:FILE  postgres://USER@HOST/DATABASE  redis://HOST:PORT  \
                         redis://HOST:PORT,HOST:PORT[?replicas=NUMBER] (a cluster)  memcached://HOST:PORT[,HOST:PORT]";

/// The reason why a backend cannot be opened. It never contains a password from the address.
#[derive(Debug, PartialEq)]
pub struct NotOpen {
    backend: String,
    reason: String,
}

impl NotOpen {
    fn new(address: &str, reason: impl Display) -> Self {
        Self { backend: without_password(address), reason: reason.to_string() }
    }
}

impl Display for NotOpen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} cannot be opened: {}", self.backend, self.reason)
    }
}

/// Opens the store at an address, with `cache` in front of it if there is one. A call that takes longer than `limit`
/// fails. If the backend does not remove expired records itself, this starts a task that removes them.
///
/// # Errors
/// The address names no backend, or the backend does not answer.
pub async fn open(address: &str, cache: Option<&str>, limit: Duration) -> Result<AnyStore, NotOpen> {
    let Some(cache) = cache else { return open_store(address, limit).await };
    let store = open_store(address, limit).await?;
    let (kind, _) = split(cache)?;
    // If the cache hangs, there must be time left to ask the store.
    let short = limit / 4;
    match kind {
        "redis" => Ok(before(open_redis(cache, short).await?, store, short, limit)),
        "memcached" => Ok(before(open_memcached(cache, short).await?, store, short, limit)),
        _ => Err(NotOpen::new(cache, "a cache that all instances share is needed: redis://… or memcached://…")),
    }
}

async fn open_store(address: &str, limit: Duration) -> Result<AnyStore, NotOpen> {
    let not_open = |error: &dyn Display| NotOpen::new(address, error);
    let (kind, place) = split(address)?;
    Ok(match kind {
        "memory" => cleaned(Memory::default(), limit),
        "file" => cleaned(FileStore::open(place, limit).map_err(|error| not_open(&error))?, limit),
        "sqlite" => cleaned(Sqlite::open(place, limit).await.map_err(|error| not_open(&error))?, limit),
        "postgres" | "postgresql" => {
            cleaned(Postgres::open(address, limit).await.map_err(|error| not_answering(address, error))?, limit)
        }
        "redis" => AnyStore::new(open_redis(address, limit).await?, limit),
        "memcached" => AnyStore::new(open_memcached(address, limit).await?, limit),
        _ => return Err(NotOpen::new(address, format!("this kind of store is unknown. The kinds are:  {KINDS}"))),
    })
}

fn split(address: &str) -> Result<(&str, &str), NotOpen> {
    let (kind, place) = address
        .split_once(':')
        .ok_or_else(|| NotOpen::new(address, format!("that is not the address of a store. The kinds are:  {KINDS}")))?;
    let place = place.trim_start_matches("//");
    if place.is_empty() && kind != "memory" {
        return Err(NotOpen::new(address, format!("it does not say where the store is. The kinds are:  {KINDS}")));
    }
    Ok((kind, place))
}

async fn open_redis(address: &str, limit: Duration) -> Result<Redis, NotOpen> {
    let mut nodes = parsed(address)?;
    let replicas = stated_replicas(&nodes).map_err(|reason| NotOpen::new(address, reason))?;
    nodes.iter_mut().for_each(|node| node.set_query(None));
    let nodes: Vec<_> = nodes.into_iter().map(String::from).collect();
    Redis::open(&nodes, replicas, limit).await.map_err(|error| not_answering(address, error))
}

/// Returns the number of replicas in `redis://HOST:PORT?replicas=NUMBER`, if the address has one.
fn stated_replicas(nodes: &[Url]) -> Result<Option<usize>, &'static str> {
    let stated = nodes.iter().flat_map(Url::query_pairs).find(|(name, _)| name == "replicas");
    let number = stated.map(|(_, number)| number.parse());
    number.transpose().map_err(|_| "replicas=NUMBER needs a number: how many replicas must have a change")
}

async fn open_memcached(address: &str, limit: Duration) -> Result<Memcached, NotOpen> {
    let servers = parsed(address)?;
    let places = servers.iter().map(|server| server[Position::BeforeHost..Position::AfterPort].to_owned());
    Memcached::open(places.collect(), limit).await.map_err(|error| not_answering(address, error))
}

fn parsed(address: &str) -> Result<Vec<Url>, NotOpen> {
    let reason =
        "it cannot be parsed; in a user or a password write , : @ / ? # and % as %2C %3A %40 %2F %3F %23 and %25";
    servers(address).ok_or_else(|| NotOpen::new(address, reason))
}

fn before(cache: impl Cache, store: impl SessionStore, short: Duration, limit: Duration) -> AnyStore {
    AnyStore::new(CacheAside::new(cache, store, short), limit)
}

fn cleaned(store: impl ExpiredDeletion + Clone, limit: Duration) -> AnyStore {
    tokio::spawn(clean(store.clone(), EVERY));
    AnyStore::new(store, limit)
}

fn not_answering(address: &str, error: impl Display) -> NotOpen {
    NotOpen::new(address, format!("{error}; is the server running there? sqlite:FILE needs none"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::LIMIT;

    #[tokio::test]
    async fn an_address_without_a_backend_is_refused_with_a_list_of_the_kinds() {
        for (address, words) in [
            ("sqlite", "that is not the address of a store"),
            ("mongo://localhost", "this kind of store is unknown"),
            ("file:", "it does not say where"),
            ("redis://", "it does not say where"),
        ] {
            let said = open(address, None, LIMIT).await.unwrap_err().to_string();
            assert!(said.contains(words) && said.contains(KINDS), "{address}: {said}");
        }
        for address in [
            "postgres://app:s3c/ret@127.0.0.1:1/shop",
            "redis://app:s3c/ret@127.0.0.1:1",
            "memcached://app:s3c#ret@h:1",
        ] {
            let said = open(address, None, LIMIT).await.unwrap_err().to_string();
            assert!(!said.contains("s3c") && !said.contains("ret@"), "{said}");
        }
        // The pool alone would wait, and then report only a timeout.
        let said = open("postgres://app@127.0.0.1:1/shop", None, LIMIT).await.unwrap_err().to_string();
        assert!(said.contains("refused"), "{said}");
        let said = open("memory:", Some("memory:"), LIMIT).await.unwrap_err().to_string();
        assert!(said.contains("a cache that all instances share"), "{said}");
    }
}
