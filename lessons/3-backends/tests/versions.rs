//! Every backend compares and swaps, so no request undoes the change of another one that overlaps with it.

#[path = "../../../tests/required/mod.rs"]
mod required;
mod services;

use std::{
    iter,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use lesson_3::{
    address::open,
    at_rest::key,
    store::{
        AnyStore, file::FileStore, memcached::Memcached, memory::Memory, postgres::Postgres, redis::Redis,
        sqlite::Sqlite,
    },
};
use required::trial;
use services::{CACHES, CLUSTER, MEMCACHED, POSTGRES, REDIS, Service, missing};
use session_guard::{
    Scope,
    version::{is_conflict, is_gone},
};
use time::OffsetDateTime;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
};

fn main() -> ExitCode {
    required::run(vec![
        trial!(parallel memory),
        trial!(parallel files),
        trial!(parallel sqlite),
        trial!(parallel postgres, missing(POSTGRES)),
        trial!(parallel redis, missing(REDIS)),
        trial!(parallel redis_cluster, missing(CLUSTER)),
        trial!(parallel memcached, missing(MEMCACHED)),
        trial!(parallel a_cache_before_a_store, missing(CACHES)),
        trial!(async a_file_from_before_there_were_versions_is_taken_over),
        trial!(async an_sqlite_table_from_before_there_were_versions_is_taken_over),
        trial!(async a_postgres_table_from_before_there_were_versions_is_taken_over, missing(POSTGRES)),
        trial!(async a_redis_entry_from_before_there_were_versions_is_taken_over, missing(REDIS)),
        trial!(async a_memcached_entry_from_before_there_were_versions_is_taken_over, missing(MEMCACHED)),
    ])
}

/// The rules are about the stored data and not about speed, so a busy machine must not break one.
const PATIENT: Duration = Duration::from_secs(60);
/// The increments for each backend, over all instances and sessions.
const INCREMENTS: u64 = 10_000;
const INSTANCES: usize = 3;
/// Fewer sessions than workers, so that some workers always meet, but enough that most of them do not.
const SESSIONS: usize = 8;
const WORKERS_EACH: usize = 4;

/// Stores that were opened separately over one backend, as in three processes.
type Instances = [AnyStore; INSTANCES];

fn instances(store: impl SessionStore + Clone) -> Instances {
    [(); INSTANCES].map(|()| AnyStore::new(store.clone(), PATIENT))
}

async fn opened(address: &str, cache: Option<&str>) -> Instances {
    let one = async || open(address, cache, PATIENT).await.unwrap();
    [one().await, one().await, one().await]
}

fn counter(count: u64) -> Record {
    let expiry_date = OffsetDateTime::now_utc() + time::Duration::hours(1);
    Record { id: Id::default(), data: [("count".to_owned(), count.into())].into(), expiry_date }
}

async fn created(store: &AnyStore) -> Id {
    let mut record = counter(0);
    store.create(&mut record).await.unwrap();
    record.id
}

async fn counted(store: &AnyStore, id: &Id) -> u64 {
    store.load(id).await.unwrap().unwrap().data["count"].as_u64().unwrap()
}

/// Loads, counts and saves in one request. Returns whether the save was accepted. After a conflict the request must run
/// again.
async fn increment(store: &AnyStore, id: &Id) -> bool {
    let request = async {
        let mut record = store.load(id).await.unwrap().unwrap();
        let count = record.data["count"].as_u64().unwrap() + 1;
        record.data.insert("count".to_owned(), count.into());
        tokio::task::yield_now().await; // like a handler that waits, so that other requests run in between
        store.save(&record).await
    };
    match Scope::default().run(request).await {
        Ok(()) => true,
        Err(error) if is_conflict(&error) => false,
        Err(error) => panic!("{error}"),
    }
}

// ANCHOR: increments
/// Increments eight sessions through three instances at once, `increments` times in all. Returns the number of
/// conflicts.
async fn loses_no_increment(instances: &Instances, increments: u64) -> u64 {
    let sessions: Arc<[Id]> = join_all((0..SESSIONS).map(|_| created(&instances[0]))).await.into();
    let left = Arc::new(AtomicU64::new(increments));
    let workers = instances.iter().flat_map(|store| iter::repeat_n(store, WORKERS_EACH));
    let workers = workers.map(|store| tokio::spawn(work(store.clone(), sessions.clone(), left.clone())));
    let conflicts = join_all(workers).await.into_iter().map(Result::unwrap).sum();
    let kept: u64 = join_all(sessions.iter().map(|id| counted(&instances[1], id))).await.iter().sum();
    assert_eq!(kept, increments, "none is lost");
    conflicts
}

/// Increments one session after the other until no increment is left. A request whose save is a conflict runs again.
async fn work(store: AnyStore, sessions: Arc<[Id]>, left: Arc<AtomicU64>) -> u64 {
    let mut conflicts = 0;
    while let Ok(left) = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)) {
        let id = &sessions[left as usize % SESSIONS];
        while !increment(&store, id).await {
            conflicts += 1;
        }
    }
    conflicts
}
// ANCHOR_END: increments

// ANCHOR: stale
/// Two requests load the same state, and both save. Without a scope the first save is lost. With one, the second save
/// is refused.
async fn refuses_a_stale_save([one, two, _]: &Instances) {
    let id = created(one).await;
    let (mut first, mut second) = (one.load(&id).await.unwrap().unwrap(), two.load(&id).await.unwrap().unwrap());
    first.data.insert("first".to_owned(), true.into());
    second.data.insert("second".to_owned(), true.into());
    one.save(&first).await.unwrap();
    two.save(&second).await.unwrap();
    let kept = one.load(&id).await.unwrap().unwrap();
    assert!(!kept.data.contains_key("first"), "outside a request nothing is compared, so one change is lost");

    let (tab, other) = (Scope::default(), Scope::default());
    let mut first = tab.run(one.load(&id)).await.unwrap().unwrap();
    let mut second = other.run(two.load(&id)).await.unwrap().unwrap();
    first.data.insert("first".to_owned(), true.into());
    second.data.insert("second".to_owned(), false.into());
    tab.run(one.save(&first)).await.unwrap();
    let refused = other.run(two.save(&second)).await.unwrap_err();
    assert!(is_conflict(&refused), "{refused}");
    assert_eq!(one.load(&id).await.unwrap().unwrap().data, first.data, "a refused save changes nothing");
    // The first request can save again, because its own save is no conflict.
    first.data.insert("again".to_owned(), true.into());
    tab.run(one.save(&first)).await.unwrap();
    assert_eq!(two.load(&id).await.unwrap().unwrap().data, first.data);
    // The second request runs again, and loads the current state.
    assert_eq!(other.run(two.load(&id)).await.unwrap().unwrap().data, first.data);
    other.run(two.save(&second)).await.unwrap();
}
// ANCHOR_END: stale

/// The request that created a record may save it more than once.
async fn a_new_session_is_saved_again([one, ..]: &Instances) {
    let request = async {
        let mut record = counter(0);
        one.create(&mut record).await.unwrap();
        for count in 1..=2 {
            record.data.insert("count".to_owned(), count.into());
            one.save(&record).await.unwrap();
        }
        record.id
    };
    let id = Scope::default().run(request).await;
    assert_eq!(counted(one, &id).await, 2);
}

/// A save of a record that was deleted or never existed is refused as gone, with and without a version.
async fn refuses_a_save_of_a_deleted_session([one, two, _]: &Instances) {
    let id = created(one).await;
    let request = Scope::default();
    let record = request.run(one.load(&id)).await.unwrap().unwrap();
    two.delete(&id).await.unwrap();
    for refused in [request.run(one.save(&record)).await, one.save(&record).await, one.save(&counter(7)).await] {
        let error = refused.unwrap_err();
        assert!(is_gone(&error), "{error}");
    }
    assert!(two.load(&id).await.unwrap().is_none());
    // An expired record counts as gone, even if the backend still has it.
    let expiry_date = OffsetDateTime::now_utc() - time::Duration::milliseconds(1);
    let mut expired = Record { expiry_date, ..counter(0) };
    let request = async {
        match one.create(&mut expired).await {
            Ok(()) => one.save(&Record { id: expired.id, ..counter(1) }).await,
            refused => refused,
        }
    };
    assert!(Scope::default().run(request).await.is_err());
    assert!(one.load(&expired.id).await.unwrap().is_none());
}

async fn compares_and_swaps(backend: &str, instances: Instances) {
    so_often(backend, instances, INCREMENTS).await;
}

async fn so_often(backend: &str, instances: Instances, increments: u64) {
    refuses_a_stale_save(&instances).await;
    a_new_session_is_saved_again(&instances).await;
    refuses_a_save_of_a_deleted_session(&instances).await;
    let conflicts = loses_no_increment(&instances, increments).await;
    println!("{backend}: 0 lost of {increments} increments, {conflicts} conflicts");
    assert!(conflicts > 0, "{backend}: the requests never met, so this shows nothing");
}

async fn memory() {
    compares_and_swaps("memory", instances(Memory::default())).await;
}

async fn files() {
    let folder = tempfile::tempdir().unwrap();
    let one = || AnyStore::new(FileStore::open(folder.path().join("sessions"), PATIENT).unwrap(), PATIENT);
    compares_and_swaps("files", [one(), one(), one()]).await;
}

async fn sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.sqlite");
    let one = async || AnyStore::new(Sqlite::open(&file, PATIENT).await.unwrap(), PATIENT);
    compares_and_swaps("sqlite", [one().await, one().await, one().await]).await;
}

async fn postgres() {
    let server = Service::postgres().expect("PostgreSQL");
    let address = format!("postgres://postgres@127.0.0.1:{}/postgres", server.port);
    let one = async || AnyStore::new(Postgres::open(&address, PATIENT).await.unwrap(), PATIENT);
    compares_and_swaps("postgres", [one().await, one().await, one().await]).await;
}

async fn redis() {
    let server = Service::redis().expect("Redis");
    let address = format!("redis://127.0.0.1:{}", server.port);
    let one =
        async || AnyStore::new(Redis::open(std::slice::from_ref(&address), None, PATIENT).await.unwrap(), PATIENT);
    compares_and_swaps("redis", [one().await, one().await, one().await]).await;
}

async fn redis_cluster() {
    let nodes = services::redis_cluster().expect("a cluster");
    let nodes: Vec<_> = nodes.iter().map(|node| (node, format!("127.0.0.1:{}", node.port))).collect();
    let addresses: Vec<_> = nodes.iter().map(|(_, address)| address.as_str()).collect();
    let address = format!("redis://{}", addresses.join(","));
    compares_and_swaps("redis cluster", opened(&address, None).await).await;
}

async fn memcached() {
    let server = Service::memcached().expect("Memcached");
    let servers = || vec![format!("127.0.0.1:{}", server.port)];
    let one = async || AnyStore::new(Memcached::open(servers(), PATIENT).await.unwrap(), PATIENT);
    compares_and_swaps("memcached", [one().await, one().await, one().await]).await;
}

async fn a_cache_before_a_store() {
    let (redis, memcached) = (Service::redis().expect("Redis"), Service::memcached().expect("Memcached"));
    for cache in [format!("redis://127.0.0.1:{}", redis.port), format!("memcached://127.0.0.1:{}", memcached.port)] {
        let folder = tempfile::tempdir().unwrap();
        let store = format!("sqlite:{}", folder.path().join("sessions.sqlite").display());
        let instances = opened(&store, Some(&cache)).await;
        version_comes_with_the_cached_record(&instances).await;
        nothing_is_cached_straight_after_a_change(&instances, &open(&store, None, PATIENT).await.unwrap()).await;
        so_often("sqlite behind a cache", instances, INCREMENTS / 2).await;
    }
}

/// A save can be based on a load from the cache, just as on one from the store.
async fn version_comes_with_the_cached_record([one, two, _]: &Instances) {
    let id = created(one).await;
    one.load(&id).await.unwrap(); // puts it into the cache, outside any request
    let request = Scope::default();
    let record = request.run(two.load(&id)).await.unwrap().unwrap();
    one.save(&counter_of(&record, 5)).await.unwrap();
    let refused = request.run(two.save(&counter_of(&record, 6))).await.unwrap_err();
    assert!(is_conflict(&refused), "{refused}");
    assert_eq!(counted(two, &id).await, 5);
}

/// After a change the cache has a tombstone. If a load replaced it, a later change that bypasses the cache would not be
/// seen.
async fn nothing_is_cached_straight_after_a_change([one, two, _]: &Instances, behind: &AnyStore) {
    let id = created(one).await;
    let record = one.load(&id).await.unwrap().unwrap();
    one.save(&counter_of(&record, 1)).await.unwrap();
    assert_eq!(counted(two, &id).await, 1);
    behind.save(&counter_of(&record, 2)).await.unwrap();
    assert_eq!(counted(two, &id).await, 2);
}

fn counter_of(record: &Record, count: u64) -> Record {
    Record { id: record.id, ..counter(count) }
}

// Records that were stored before they had versions.

/// Checks that such a record can be loaded, and that only one of two requests that have loaded it may save it.
async fn takes_over([one, two, _]: &Instances, id: &Id) {
    let (first, second) = (Scope::default(), Scope::default());
    let record = first.run(one.load(id)).await.unwrap().unwrap();
    second.run(two.load(id)).await.unwrap().unwrap();
    assert_eq!(record.data["count"], 41);
    first.run(one.save(&counter_of(&record, 42))).await.unwrap();
    let refused = second.run(two.save(&counter_of(&record, 43))).await.unwrap_err();
    assert!(is_conflict(&refused), "{refused}");
    assert_eq!(counted(two, id).await, 42);
}

/// Returns an ID, the record that an older release stored under it, and the expiry of that record.
fn before_versions() -> (Id, String, i64) {
    let expires = (OffsetDateTime::now_utc().unix_timestamp() + 3600) * 1000;
    (Id::default(), format!(r#"{{"data":{{"count":41}},"expires":{expires}}}"#), expires)
}

async fn a_file_from_before_there_were_versions_is_taken_over() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("sessions");
    let one = || AnyStore::new(FileStore::open(&folder, PATIENT).unwrap(), PATIENT);
    let (instances, (id, value, _)) = ([one(), one(), one()], before_versions());
    std::fs::write(folder.join(key(&id)), value).unwrap();
    takes_over(&instances, &id).await;
}

async fn an_sqlite_table_from_before_there_were_versions_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.sqlite").display().to_string();
    let (id, value, expires) = before_versions();
    let pool = sqlx::SqlitePool::connect(&format!("sqlite:{file}?mode=rwc")).await.unwrap();
    let table = "create table sessions (key text primary key, value blob not null, expires integer not null)";
    sqlx::query(table).execute(&pool).await.unwrap();
    let insert = sqlx::query("insert into sessions values (?, ?, ?)").bind(key(&id)).bind(value.into_bytes());
    insert.bind(expires).execute(&pool).await.unwrap();
    takes_over(&opened(&format!("sqlite:{file}"), None).await, &id).await;
}

async fn a_postgres_table_from_before_there_were_versions_is_taken_over() {
    let server = Service::postgres().expect("PostgreSQL");
    let address = format!("postgres://postgres@127.0.0.1:{}/postgres", server.port);
    let (id, value, expires) = before_versions();
    let pool = sqlx::PgPool::connect(&address).await.unwrap();
    let table = "create table sessions (key text primary key, value bytea not null, expires bigint not null)";
    sqlx::query(table).execute(&pool).await.unwrap();
    let insert = sqlx::query("insert into sessions values ($1, $2, $3)").bind(key(&id)).bind(value.into_bytes());
    insert.bind(expires).execute(&pool).await.unwrap();
    takes_over(&opened(&address, None).await, &id).await;
}

async fn a_redis_entry_from_before_there_were_versions_is_taken_over() {
    let server = Service::redis().expect("Redis");
    let address = format!("redis://127.0.0.1:{}", server.port);
    let (id, value, expires) = before_versions();
    let mut node = redis::Client::open(address.as_str()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let mut set = redis::cmd("SET");
    set.arg(key(&id)).arg(value).arg("PXAT").arg(expires);
    set.query_async::<()>(&mut node).await.unwrap();
    takes_over(&opened(&address, None).await, &id).await;
}

async fn a_memcached_entry_from_before_there_were_versions_is_taken_over() {
    let server = Service::memcached().expect("Memcached");
    let (id, value, _) = before_versions();
    let client = memcache::connect(format!("memcache://127.0.0.1:{}", server.port)).unwrap();
    client.set(&key(&id), value.as_bytes(), 3600).unwrap();
    takes_over(&opened(&format!("memcached://127.0.0.1:{}", server.port), None).await, &id).await;
}
