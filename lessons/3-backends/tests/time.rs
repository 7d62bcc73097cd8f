//! Tests stores with dates far in the future, and with many records that expire at once.

#[path = "../../../tests/required/mod.rs"]
mod required;
mod services;

use std::{process::ExitCode, time::Duration};

use futures_util::{future::BoxFuture, poll};
use lesson_3::store::{memcached::Memcached, memory::Memory, postgres::Postgres, sqlite::Sqlite};
use required::trial;
use services::{MEMCACHED, POSTGRES, Service, missing};
use sqlx::{PgPool, SqlitePool, query, query_scalar};
use time::{OffsetDateTime, macros::datetime};
use tower_sessions::{
    ExpiredDeletion, SessionStore,
    session::{Id, Record},
};

fn main() -> ExitCode {
    required::run(vec![
        trial!(async memcached_keeps_what_it_accepts_past_2038, missing(MEMCACHED)),
        trial!(async a_sweep_of_sqlite_lets_others_write_between_batches),
        trial!(async a_sweep_of_postgres_lets_others_write_between_batches, missing(POSTGRES)),
        trial!(async a_sweep_of_memory_holds_its_lock_for_one_batch),
    ])
}

const PATIENT: Duration = Duration::from_secs(60);
/// Enough expired records for twenty batches.
const EXPIRED: i64 = 20_000;

fn record(expiry_date: OffsetDateTime) -> Record {
    Record { id: Id::default(), data: [("name".to_owned(), "alice".into())].into(), expiry_date }
}

fn in_an_hour() -> OffsetDateTime {
    OffsetDateTime::now_utc() + time::Duration::hours(1)
}

async fn memcached_keeps_what_it_accepts_past_2038() {
    let server = Service::memcached().expect("Memcached");
    let store = Memcached::open(vec![format!("127.0.0.1:{}", server.port)], PATIENT).await.unwrap();
    for expiry_date in
        [datetime!(2038-01-19 03:14:06 UTC), datetime!(2038-01-19 03:14:08 UTC), datetime!(2090-01-01 0:00 UTC)]
    {
        let mut record = record(expiry_date);
        store.create(&mut record).await.unwrap();
        assert_eq!(store.load(&record.id).await.unwrap().unwrap().expiry_date, expiry_date, "created");
        store.save(&record).await.unwrap();
        assert_eq!(store.load(&record.id).await.unwrap().unwrap().expiry_date, expiry_date, "saved");
    }
}

/// Checks that a save that comes after the beginning of a sweep is done before the sweep ends.
async fn a_save_gets_through(store: &impl ExpiredDeletion, left: impl Fn() -> BoxFuture<'static, i64>) {
    let mut session = record(in_an_hour());
    store.create(&mut session).await.unwrap();
    let mut sweep = Box::pin(store.delete_expired());
    assert!(poll!(&mut sweep).is_pending(), "its first batch is under way");
    let save = store.save(&session);
    tokio::select! {
        biased;
        _ = &mut sweep => panic!("the save waited for the whole sweep"),
        saved = save => saved.unwrap(),
    }
    sweep.await.unwrap();
    assert_eq!(left().await, 0, "and then it goes on to the end");
    assert!(store.load(&session.id).await.unwrap().is_some());
}

async fn a_sweep_of_sqlite_lets_others_write_between_batches() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.sqlite");
    let store = Sqlite::open(&file, PATIENT).await.unwrap();
    let pool = SqlitePool::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    let fill = "with recursive n(i) as (select 1 union all select i + 1 from n where i < ?) \
                insert into sessions (key, value, expires, version) select 'lesson-3-' || i, x'', 1, '0' from n";
    query(fill).bind(EXPIRED).execute(&pool).await.unwrap();
    a_save_gets_through(&store, || {
        let pool = pool.clone();
        Box::pin(async move {
            query_scalar("select count(*) from sessions where expires = 1").fetch_one(&pool).await.unwrap()
        })
    })
    .await;
}

async fn a_sweep_of_postgres_lets_others_write_between_batches() {
    let server = Service::postgres().expect("PostgreSQL");
    let address = format!("postgres://postgres@127.0.0.1:{}/postgres", server.port);
    let store = Postgres::open(&address, PATIENT).await.unwrap();
    let pool = PgPool::connect(&address).await.unwrap();
    let fill =
        "insert into sessions (key, value, expires) select 'lesson-3-' || i, '', 1 from generate_series(1, $1) i";
    query(fill).bind(EXPIRED).execute(&pool).await.unwrap();
    a_save_gets_through(&store, || {
        let pool = pool.clone();
        Box::pin(async move {
            query_scalar("select count(*) from sessions where expires = 1").fetch_one(&pool).await.unwrap()
        })
    })
    .await;
}

async fn a_sweep_of_memory_holds_its_lock_for_one_batch() {
    let store = Memory::default();
    for _ in 0..EXPIRED {
        store.create(&mut record(datetime!(2020-01-01 0:00 UTC))).await.unwrap();
    }
    let kept = store.clone();
    a_save_gets_through(&store, move || {
        let left = kept.len() as i64 - 1;
        Box::pin(async move { left })
    })
    .await;
    assert_eq!(store.len(), 1);
}
