//! Tests what the store in SQLite guarantees beyond the rules of `checks::store`: about a commit that many calls share.

use std::{fs, path::PathBuf, time::Duration};

use futures_util::{future::join_all, poll};
use lesson_3::store::sqlite::Sqlite;
use sqlx::{Connection, SqliteConnection, query, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use time::OffsetDateTime;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::Error,
};

const PATIENT: Duration = Duration::from_secs(60);

struct Opened {
    folder: TempDir,
    store: Sqlite,
}

impl Opened {
    async fn new() -> Self {
        Self::patient_for(PATIENT).await
    }

    async fn patient_for(limit: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(folder.path().join("sessions.sqlite"), limit).await.unwrap();
        Self { folder, store }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("sessions.sqlite")
    }

    /// Opens the file as another program does.
    async fn another(&self) -> SqliteConnection {
        SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(self.file())).await.unwrap()
    }

    async fn sessions(&self, count: usize) -> Vec<Record> {
        let mut records: Vec<_> = (0..count).map(|_| record()).collect();
        join_all(records.iter_mut().map(|record| self.store.create(record))).await.into_iter().for_each(Result::unwrap);
        records
    }

    async fn value(&self, id: &Id) -> u64 {
        self.store.load(id).await.unwrap().unwrap().data["value"].as_u64().unwrap()
    }

    /// Counts the commits in SQLite's log. The log begins with 32 bytes. Each page follows a header of 24 bytes, whose
    /// second number is zero unless the page is the last one of a commit. (Source: "WAL file format" in SQLite's
    /// documentation.)
    fn commits(&self) -> usize {
        let log = fs::read(self.file().with_extension("sqlite-wal")).unwrap();
        let page = usize::try_from(u32::from_be_bytes(log[8..12].try_into().unwrap())).unwrap();
        log[32..].chunks_exact(24 + page).filter(|frame| frame[4..8] != [0; 4]).count()
    }
}

fn record() -> Record {
    let expiry_date = OffsetDateTime::now_utc() + time::Duration::hours(1);
    Record { id: Id::default(), data: [("value".to_owned(), 0.into())].into(), expiry_date }
}

fn changed(record: &Record) -> Record {
    Record { data: [("value".to_owned(), 1.into())].into(), ..record.clone() }
}

#[tokio::test]
async fn changes_that_wait_together_are_one_commit() {
    let opened = Opened::new().await;
    let records: Vec<_> = opened.sessions(50).await.iter().map(changed).collect();
    let before = opened.commits();
    for saved in join_all(records.iter().map(|record| opened.store.save(record))).await {
        saved.unwrap();
    }
    assert_eq!(opened.commits(), before + 1);
    for Record { id, .. } in &records {
        assert_eq!(opened.value(id).await, 1);
    }
}

/// Another program locks the file while a save waits and its caller gives up.
#[tokio::test]
async fn a_save_that_was_given_up_is_never_carried_out() {
    let opened = Opened::new().await;
    let records = opened.sessions(2).await;
    let mut another = opened.another().await;
    let held = another.begin_with("begin immediate").await.unwrap();
    let (given_up, kept) = (changed(&records[0]), changed(&records[1]));
    let (mut given_up, kept) = (opened.store.save(&given_up), opened.store.save(&kept));
    assert!(poll!(&mut given_up).is_pending());
    let keeping = async {
        tokio::task::yield_now().await; // the writer has both, and waits for the file
        drop(given_up);
        held.rollback().await.unwrap();
    };
    let (kept, ()) = tokio::join!(kept, keeping);
    kept.unwrap();
    assert_eq!(opened.value(&records[0].id).await, 0);
    assert_eq!(opened.value(&records[1].id).await, 1);
}

/// SQLite itself rolls a transaction back when the disk is full.
#[tokio::test]
async fn after_sqlite_itself_has_rolled_back_a_transaction_the_next_one_works() {
    let opened = Opened::new().await;
    let records = opened.sessions(2).await;
    let refuse = "create trigger refuse before update on sessions begin select raise(rollback, 'a full disk'); end";
    let mut another = opened.another().await;
    query(refuse).execute(&mut another).await.unwrap();
    for _ in 0..3 {
        let reason = opened.store.save(&changed(&records[0])).await.unwrap_err().to_string();
        assert!(reason.contains("a full disk"), "{reason}");
    }
    query("drop trigger refuse").execute(&mut another).await.unwrap();
    opened.store.save(&changed(&records[0])).await.unwrap();
    opened.store.delete(&records[1].id).await.unwrap();
    assert_eq!(opened.value(&records[0].id).await, 1);
    assert_eq!(opened.store.load(&records[1].id).await.unwrap(), None);
}

/// Another program locks the file for longer than a call may take.
#[tokio::test]
async fn when_a_batch_cannot_begin_every_waiting_call_gets_the_error_and_the_next_batch_works() {
    let opened = Opened::patient_for(Duration::from_millis(100)).await;
    let records: Vec<_> = opened.sessions(3).await.iter().map(changed).collect();
    let mut another = opened.another().await;
    let held = another.begin_with("begin immediate").await.unwrap();
    for outcome in join_all(records.iter().map(|record| opened.store.save(record))).await {
        let reason = outcome.unwrap_err().to_string();
        assert!(reason.contains("database is locked"), "{reason}");
    }
    held.rollback().await.unwrap();
    for Record { id, .. } in &records {
        assert_eq!(opened.value(id).await, 0);
    }
    for saved in join_all(records.iter().map(|record| opened.store.save(record))).await {
        saved.unwrap();
    }
    assert_eq!(opened.value(&records[2].id).await, 1);
}

#[tokio::test]
async fn when_a_commit_fails_every_call_in_it_gets_the_error_and_nothing_changes() {
    let opened = Opened::new().await;
    let records: Vec<_> = opened.sessions(3).await.iter().map(changed).collect();
    let refuse = "create trigger refuse before delete on sessions begin select raise(abort, 'a full disk'); end";
    let mut another = opened.another().await;
    query(refuse).execute(&mut another).await.unwrap();
    let saves = async { tokio::join!(opened.store.save(&records[0]), opened.store.save(&records[1])) };
    let (saved, deleted) = tokio::join!(saves, opened.store.delete(&records[2].id));
    for outcome in [saved.0, saved.1, deleted] {
        let reason = outcome.unwrap_err().to_string();
        assert!(reason.contains("a full disk"), "{reason}");
    }
    for Record { id, .. } in &records {
        assert_eq!(opened.value(id).await, 0);
    }
    query("drop trigger refuse").execute(&mut another).await.unwrap();
    opened.store.delete(&records[2].id).await.unwrap();
    assert_eq!(opened.store.load(&records[2].id).await.unwrap(), None, "and it goes on");
}

/// SQLite stores a value of any type in a column.
#[tokio::test]
async fn a_row_with_values_of_other_types_is_damaged_and_can_be_deleted() {
    let opened = Opened::new().await;
    let mut another = opened.another().await;
    for damage in ["value = 5", "value = 1.5", "version = x'ff00'", "version = 'none'"] {
        let records = opened.sessions(1).await;
        query(sqlx::AssertSqlSafe(format!("update sessions set {damage}"))).execute(&mut another).await.unwrap();
        let error = opened.store.load(&records[0].id).await.unwrap_err();
        assert!(matches!(error, Error::Decode(_)), "{damage}: {error:?}");
        opened.store.delete(&records[0].id).await.unwrap();
        assert_eq!(opened.store.load(&records[0].id).await.unwrap(), None, "{damage}");
    }
}
