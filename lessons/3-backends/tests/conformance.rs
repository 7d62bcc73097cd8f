//! Tests every backend against every rule of `checks::store`.

#[path = "../../../tests/required/mod.rs"]
mod required;
mod services;

use std::{
    fs,
    future::Future,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use checks::store::{Backend, rules};
use lesson_3::{
    address::open,
    at_rest::{PREFIX, key},
    store::{
        AnyStore, file::FileStore, memcached::Memcached, memory::Memory, postgres::Postgres, redis::Redis,
        sqlite::Sqlite,
    },
};
use required::trial;
use services::{CACHES, CLUSTER, MEMCACHED, POSTGRES, REDIS, Service, missing};
use sqlx::{AssertSqlSafe, Executor, PgPool, Row, SqlitePool, query};
use tempfile::TempDir;
use time::OffsetDateTime;
use tower_sessions::{
    ExpiredDeletion, SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

fn main() -> ExitCode {
    let mut trials = vec![
        trial!(async memory),
        trial!(async the_cleanup_of_memory_removes_what_has_expired_and_nothing_else),
        trial!(async s07_files),
        trial!(async s12_s23_sqlite),
        trial!(async postgres, missing(POSTGRES)),
        trial!(async two_instances_may_start_at_once_on_postgres, missing(POSTGRES)),
        trial!(async s13_s22_redis, missing(REDIS)),
        trial!(async redis_cluster_of_three_nodes, missing(CLUSTER)),
        trial!(async a_redis_key_of_another_type_is_damaged_and_can_be_deleted, missing(REDIS)),
        trial!(async memcached, missing(MEMCACHED)),
        trial!(async no_id_can_be_read_in_memcached, missing(MEMCACHED)),
        trial!(async a_cache_before_a_store, missing(CACHES)),
        trial!(a_key_is_a_file_name_and_a_memcached_key),
    ];
    if cfg!(unix) {
        trials.push(trial!(async s07_files_are_for_their_owner_alone_and_nothing_else_is_left_behind));
    }
    required::run(trials)
}

/// The rules are about the stored data and not about speed, so a busy machine must not break one.
const PATIENT: Duration = Duration::from_secs(60);
const DAMAGE: &[u8] = b"{\"data\": {\"user";

/// Tests a fresh backend against each rule, and lists the rules that it breaks.
async fn keeps_every_rule<B: Backend>(fresh: impl AsyncFn() -> B) {
    let mut broken = Vec::new();
    for rule in rules::<B>() {
        if let Err(miss) = (rule.run)(&fresh().await).await {
            broken.push(format!("{}: {miss:?}", rule.id));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

struct InMemory;

impl Backend for InMemory {
    type Store = Memory;

    async fn open(&self) -> Memory {
        Memory::default()
    }

    fn keeps(&self) -> bool {
        false
    }

    async fn damage(&self, _: &Id) -> Option<()> {
        None // records are stored as values, not as bytes
    }

    async fn contents(&self) -> Option<Vec<u8>> {
        None
    }

    async fn put_foreign(&self) -> Option<()> {
        None
    }

    async fn foreign_is_there(&self) -> bool {
        false
    }

    async fn clean(&self, store: &Memory) -> Result<()> {
        store.delete_expired().await
    }
}

async fn memory() {
    keeps_every_rule(async || InMemory).await;
}

/// No rule can look into the memory of a store, so this test does.
async fn the_cleanup_of_memory_removes_what_has_expired_and_nothing_else() {
    let (store, now) = (Memory::default(), OffsetDateTime::now_utc());
    for expiry_date in [now - Duration::from_secs(1), now + Duration::from_secs(3600)] {
        let mut record = Record { id: Id::default(), data: Default::default(), expiry_date };
        store.create(&mut record).await.unwrap();
    }
    assert_eq!(store.len(), 2);
    store.delete_expired().await.unwrap();
    assert_eq!(store.len(), 1);
}

struct InFolder(TempDir);

impl InFolder {
    fn path(&self) -> PathBuf {
        self.0.path().join("sessions")
    }

    fn files(&self) -> Vec<PathBuf> {
        fs::read_dir(self.path()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

impl Backend for InFolder {
    type Store = FileStore;

    async fn open(&self) -> FileStore {
        FileStore::open(self.path(), PATIENT).unwrap()
    }

    fn keeps(&self) -> bool {
        true
    }

    async fn damage(&self, id: &Id) -> Option<()> {
        fs::write(self.path().join(key(id)), DAMAGE).ok()
    }

    async fn contents(&self) -> Option<Vec<u8>> {
        let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned().into_bytes();
        Some(self.files().iter().flat_map(|path| [name(path), fs::read(path).unwrap()].concat()).collect())
    }

    async fn put_foreign(&self) -> Option<()> {
        fs::write(self.path().join("letter.txt"), r#"{"data":{},"expires":1}"#).ok()
    }

    async fn foreign_is_there(&self) -> bool {
        self.path().join("letter.txt").exists()
    }

    async fn clean(&self, store: &FileStore) -> Result<()> {
        store.delete_expired().await
    }
}

async fn s07_files() {
    keeps_every_rule(async || InFolder(tempfile::tempdir().unwrap())).await;
}

#[cfg(unix)]
async fn s07_files_are_for_their_owner_alone_and_nothing_else_is_left_behind() {
    use std::os::unix::fs::PermissionsExt;

    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("sessions");
    let store = FileStore::open(&folder, PATIENT).unwrap();
    let expiry_date = time::OffsetDateTime::now_utc() + time::Duration::hours(1);
    let mut record = Record { id: Id::default(), data: [("name".to_owned(), "alice".into())].into(), expiry_date };
    store.create(&mut record).await.unwrap();
    store.save(&record).await.unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join(key(&record.id))), 0o600);
    let mut names: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, [".lock".to_owned(), key(&record.id)]);
}

struct InSqlite(TempDir);

impl InSqlite {
    async fn pool(&self) -> SqlitePool {
        SqlitePool::connect(&format!("sqlite:{}", self.0.path().join("sessions.sqlite").display())).await.unwrap()
    }
}

impl Backend for InSqlite {
    type Store = Sqlite;

    async fn open(&self) -> Sqlite {
        Sqlite::open(self.0.path().join("sessions.sqlite"), PATIENT).await.unwrap()
    }

    fn keeps(&self) -> bool {
        true
    }

    async fn damage(&self, id: &Id) -> Option<()> {
        let update = query("update sessions set value = ? where key = ?").bind(DAMAGE).bind(key(id));
        update.execute(&self.pool().await).await.unwrap();
        Some(())
    }

    async fn contents(&self) -> Option<Vec<u8>> {
        let rows = query("select key, value from sessions").fetch_all(&self.pool().await).await.unwrap();
        Some(rows.iter().flat_map(|row| [row.get::<String, _>(0).into_bytes(), row.get(1)].concat()).collect())
    }

    async fn put_foreign(&self) -> Option<()> {
        let insert = "insert into sessions (key, value, expires) values ('another-program', x'00', 1)";
        self.pool().await.execute(insert).await.unwrap();
        Some(())
    }

    async fn foreign_is_there(&self) -> bool {
        let select = "select 1 from sessions where key = 'another-program'";
        query(select).fetch_optional(&self.pool().await).await.unwrap().is_some()
    }

    async fn clean(&self, store: &Sqlite) -> Result<()> {
        store.delete_expired().await
    }
}

async fn s12_s23_sqlite() {
    keeps_every_rule(async || InSqlite(tempfile::tempdir().unwrap())).await;
}

/// A separate database on one server.
struct InPostgres(String);

impl InPostgres {
    async fn fresh(port: u16) -> Self {
        let server = format!("postgres://postgres@127.0.0.1:{port}");
        let name = format!("d{}", Id::default().0.unsigned_abs());
        let pool = PgPool::connect(&format!("{server}/postgres")).await.unwrap();
        pool.execute(AssertSqlSafe(format!("create database {name}"))).await.unwrap();
        Self(format!("{server}/{name}"))
    }

    async fn pool(&self) -> PgPool {
        PgPool::connect(&self.0).await.unwrap()
    }
}

impl Backend for InPostgres {
    type Store = Postgres;

    async fn open(&self) -> Postgres {
        Postgres::open(&self.0, PATIENT).await.unwrap()
    }

    fn keeps(&self) -> bool {
        true
    }

    async fn damage(&self, id: &Id) -> Option<()> {
        let update = query("update sessions set value = $1 where key = $2").bind(DAMAGE).bind(key(id));
        update.execute(&self.pool().await).await.unwrap();
        Some(())
    }

    async fn contents(&self) -> Option<Vec<u8>> {
        let rows = query("select key, value from sessions").fetch_all(&self.pool().await).await.unwrap();
        Some(rows.iter().flat_map(|row| [row.get::<String, _>(0).into_bytes(), row.get(1)].concat()).collect())
    }

    async fn put_foreign(&self) -> Option<()> {
        let insert = "insert into sessions (key, value, expires) values ('another-program', '\\x00', 1)";
        self.pool().await.execute(insert).await.unwrap();
        Some(())
    }

    async fn foreign_is_there(&self) -> bool {
        let select = "select 1 from sessions where key = 'another-program'";
        query(select).fetch_optional(&self.pool().await).await.unwrap().is_some()
    }

    async fn clean(&self, store: &Postgres) -> Result<()> {
        store.delete_expired().await
    }
}

async fn postgres() {
    let server = Service::postgres().expect("PostgreSQL");
    keeps_every_rule(async || InPostgres::fresh(server.port).await).await;
}

async fn two_instances_may_start_at_once_on_postgres() {
    let server = Service::postgres().expect("PostgreSQL");
    let fresh = InPostgres::fresh(server.port).await;
    let starts = (0..8).map(|_| Postgres::open(&fresh.0, PATIENT));
    for started in futures_util::future::join_all(starts).await {
        started.unwrap();
    }
}

/// The ports of Redis, on one node or several. It is emptied for each rule.
struct InRedis(Vec<u16>);

impl InRedis {
    async fn fresh(ports: &[u16]) -> Self {
        let fresh = Self(ports.to_vec());
        fresh.each(redis::cmd("FLUSHALL")).await;
        fresh
    }

    /// Sends a command to every node, and returns their answers in the order of the nodes.
    async fn each(&self, command: redis::Cmd) -> Vec<redis::RedisResult<redis::Value>> {
        let mut answers = Vec::new();
        for port in &self.0 {
            let client = redis::Client::open(format!("redis://127.0.0.1:{port}")).unwrap();
            answers.push(command.query_async(&mut client.get_multiplexed_async_connection().await.unwrap()).await);
        }
        answers
    }
}

impl Backend for InRedis {
    type Store = Redis;

    async fn open(&self) -> Redis {
        let addresses: Vec<_> = self.0.iter().map(|port| format!("redis://127.0.0.1:{port}")).collect();
        Redis::open(&addresses, None, PATIENT).await.unwrap()
    }

    fn keeps(&self) -> bool {
        true
    }

    async fn damage(&self, id: &Id) -> Option<()> {
        // In a cluster, one node accepts the command, and the others name that node.
        let mut set = redis::cmd("SET");
        set.arg(key(id)).arg(DAMAGE);
        self.each(set).await.into_iter().any(|answer| answer.is_ok()).then_some(())
    }

    async fn contents(&self) -> Option<Vec<u8>> {
        let mut all = Vec::new();
        for port in &self.0 {
            let client = redis::Client::open(format!("redis://127.0.0.1:{port}")).unwrap();
            let mut node = client.get_multiplexed_async_connection().await.unwrap();
            let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut node).await.unwrap();
            for key in keys {
                let value: Vec<u8> = redis::cmd("GET").arg(&key).query_async(&mut node).await.unwrap();
                all.extend([key.into_bytes(), value].concat());
            }
        }
        Some(all)
    }

    async fn put_foreign(&self) -> Option<()> {
        let mut set = redis::cmd("SET");
        set.arg("another-program").arg("1");
        self.each(set).await.into_iter().any(|answer| answer.is_ok()).then_some(())
    }

    async fn foreign_is_there(&self) -> bool {
        let mut get = redis::cmd("GET");
        get.arg("another-program");
        self.each(get).await.into_iter().any(|answer| answer.is_ok_and(|value| value != redis::Value::Nil))
    }

    async fn clean(&self, _: &Redis) -> Result<()> {
        Ok(()) // Redis does this itself
    }
}

async fn s13_s22_redis() {
    let server = Service::redis().expect("Redis");
    keeps_every_rule(async || InRedis::fresh(&[server.port]).await).await;
}

async fn a_redis_key_of_another_type_is_damaged_and_can_be_deleted() {
    let server = Service::redis().expect("Redis");
    let backend = InRedis::fresh(&[server.port]).await;
    let store = backend.open().await;
    for (command, rest) in [("RPUSH", &["a"][..]), ("HSET", &["a", "b"])] {
        let expiry_date = OffsetDateTime::now_utc() + time::Duration::hours(1);
        let mut record = Record { id: Id::default(), data: Default::default(), expiry_date };
        store.create(&mut record).await.unwrap();
        let mut delete = redis::cmd("DEL");
        delete.arg(key(&record.id));
        let mut put = redis::cmd(command);
        put.arg(key(&record.id)).arg(rest);
        backend.each(delete).await.into_iter().chain(backend.each(put).await).for_each(|answer| drop(answer.unwrap()));
        for error in [store.load(&record.id).await.unwrap_err(), store.save(&record).await.unwrap_err()] {
            assert!(matches!(error, Error::Decode(_)), "{command}: {error:?}");
        }
        store.delete(&record.id).await.unwrap();
        assert_eq!(store.load(&record.id).await.unwrap(), None);
    }
}

async fn redis_cluster_of_three_nodes() {
    let nodes = services::redis_cluster().expect("a cluster");
    let ports: Vec<_> = nodes.iter().map(|node| node.port).collect();
    keeps_every_rule(async || InRedis::fresh(&ports).await).await;
}

/// The addresses of one server or two, which are emptied for each rule.
struct InMemcached(Vec<String>);

impl InMemcached {
    async fn fresh(servers: &[Service]) -> Self {
        let fresh = Self(servers.iter().map(|server| format!("127.0.0.1:{}", server.port)).collect());
        for address in &fresh.0 {
            memcache::connect(format!("memcache://{address}")).unwrap().flush().unwrap();
        }
        fresh
    }

    fn clients(&self) -> impl Iterator<Item = memcache::Client> {
        self.0.iter().map(|address| memcache::connect(format!("memcache://{address}")).unwrap())
    }
}

impl Backend for InMemcached {
    type Store = Memcached;

    async fn open(&self) -> Memcached {
        Memcached::open(self.0.clone(), PATIENT).await.unwrap()
    }

    fn keeps(&self) -> bool {
        true // as long as the servers run; `faults` tests what happens when they do not
    }

    async fn damage(&self, id: &Id) -> Option<()> {
        // Only the server that has the key replaces the value.
        self.clients().any(|client| client.replace(&key(id), DAMAGE, 0).is_ok()).then_some(())
    }

    async fn contents(&self) -> Option<Vec<u8>> {
        None // its list still has keys that expired within this second; `no_id_can_be_read_in_memcached` reads it
    }

    async fn put_foreign(&self) -> Option<()> {
        self.clients().for_each(|client| client.set("another-program", 1, 0).unwrap());
        Some(())
    }

    async fn foreign_is_there(&self) -> bool {
        self.clients().all(|client| client.get::<i32>("another-program").unwrap() == Some(1))
    }

    async fn clean(&self, _: &Memcached) -> Result<()> {
        Ok(()) // Memcached does this itself
    }
}

async fn memcached() {
    let servers = [(); 2].map(|()| Service::memcached().expect("Memcached"));
    keeps_every_rule(async || InMemcached::fresh(&servers[..1]).await).await;
    keeps_every_rule(async || InMemcached::fresh(&servers).await).await;
}

async fn no_id_can_be_read_in_memcached() {
    let server = Service::memcached().expect("Memcached");
    let address = format!("127.0.0.1:{}", server.port);
    let store = Memcached::open(vec![address.clone()], PATIENT).await.unwrap();
    let expiry_date = time::OffsetDateTime::now_utc() + time::Duration::hours(1);
    let mut record = Record { id: Id::default(), data: [("name".to_owned(), "alice".into())].into(), expiry_date };
    store.create(&mut record).await.unwrap();
    assert_eq!(keys(&address), [key(&record.id)]);
    let client = memcache::connect(format!("memcache://{address}")).unwrap();
    let value: String = client.get(&key(&record.id)).unwrap().expect("the record");
    assert!(value.contains("alice") && !value.contains(&record.id.to_string()), "{value}");
    assert!(!value.contains(&record.id.0.to_string()), "{value}");
}

/// Returns the keys in Memcached, which lists them for anyone who asks.
fn keys(address: &str) -> Vec<String> {
    loop {
        let mut server = TcpStream::connect(address).unwrap();
        server.write_all(b"lru_crawler metadump all\r\n").unwrap();
        let mut lines = BufReader::new(server).lines().map(|line| line.unwrap()).peekable();
        // Memcached refuses the command while its own crawler goes through the keys.
        if lines.next_if(|line| line.starts_with("BUSY")).is_none() {
            let lines = lines.take_while(|line| line != "END");
            return lines.filter_map(|line| Some(line.strip_prefix("key=")?.split(' ').next()?.to_owned())).collect();
        }
    }
}

/// The store of another backend, behind a cache.
struct Tiered<B, O>(B, O);

impl<B: Backend, F: Future<Output = AnyStore> + Send, O: Fn() -> F + Send + Sync> Backend for Tiered<B, O> {
    type Store = AnyStore;

    async fn open(&self) -> AnyStore {
        (self.1)().await
    }

    fn keeps(&self) -> bool {
        self.0.keeps()
    }

    async fn damage(&self, id: &Id) -> Option<()> {
        self.0.damage(id).await
    }

    async fn contents(&self) -> Option<Vec<u8>> {
        self.0.contents().await
    }

    async fn put_foreign(&self) -> Option<()> {
        self.0.put_foreign().await
    }

    async fn foreign_is_there(&self) -> bool {
        self.0.foreign_is_there().await
    }

    async fn clean(&self, _: &AnyStore) -> Result<()> {
        self.0.clean(&self.0.open().await).await
    }
}

async fn a_cache_before_a_store() {
    let (redis, memcached) = (Service::redis().expect("Redis"), Service::memcached().expect("Memcached"));
    for cache in [format!("redis://127.0.0.1:{}", redis.port), format!("memcached://127.0.0.1:{}", memcached.port)] {
        keeps_every_rule(async || {
            let folder = tempfile::tempdir().unwrap();
            let store = format!("sqlite:{}", folder.path().join("sessions.sqlite").display());
            let cache = cache.clone();
            let opened = move || {
                let (store, cache) = (store.clone(), cache.clone());
                async move { open(&store, Some(&cache), PATIENT).await.unwrap() }
            };
            Tiered(InSqlite(folder), opened)
        })
        .await;
    }
}

fn a_key_is_a_file_name_and_a_memcached_key() {
    let key = key(&Id::default());
    assert!(key.starts_with(PREFIX) && key.len() <= 250);
    assert!(key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{key}");
}
