//! A store in an SQLite file. It needs no server, and its sessions outlive the process.

mod writer;

use std::{
    fs::{self, File},
    io,
    path::Path,
    time::Duration,
};

use async_trait::async_trait;
use session_guard::version::{Version, conflict, gone, note, noted};
use sqlx::{
    SqlitePool, query, query_as,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tower_sessions::{
    ExpiredDeletion, SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

use self::writer::Writer;
use super::{SWEEP_BATCH, failed};
use crate::at_rest::{PREFIX, Stored, damaged, decode_beside, encode, key, milliseconds, now};

/// An SQLite file with several connections that read, and one that writes.
///
/// SQLite lets one connection write at a time. Connections that wait for it try again in no order, and some never
/// succeed. Callers of the single writer wait in a queue instead.
#[derive(Clone, Debug)]
pub struct Sqlite {
    reader: SqlitePool,
    writer: Writer,
}

impl Sqlite {
    /// Opens the file, and creates it and its table if there are none. A call fails if it waits longer than `limit`.
    ///
    /// # Errors
    /// The file cannot be created, or is not an SQLite file.
    pub async fn open(file: impl AsRef<Path>, limit: Duration) -> std::result::Result<Self, sqlx::Error> {
        make(file.as_ref())?;
        // In this mode no reader waits for a writer.
        let options = SqliteConnectOptions::new().filename(file).journal_mode(SqliteJournalMode::Wal);
        // With `Normal` a commit would not wait for the disk, and a power failure could undo an acknowledged logout.
        let options = options.synchronous(SqliteSynchronous::Full);
        let options = options.busy_timeout(limit); // for other processes that write
        // A connection to a file does not break, so it needs neither a test before each call nor a replacement. The
        // task of sqlx 0.9.0 that replaces connections may also spin forever:
        // https://github.com/transact-rs/sqlx/issues/3645
        let pool = |connections| {
            let options = SqlitePoolOptions::new().max_connections(connections).acquire_timeout(limit);
            options.test_before_acquire(false).idle_timeout(None).max_lifetime(None)
        };
        let writer = pool(1).connect_with(options.clone()).await?;
        make_table(&writer).await?;
        Ok(Self { reader: pool(4).connect_with(options).await?, writer: Writer::new(writer) })
    }
}

/// Creates the file and its folder. Only the owner can read the file. SQLite gives the files beside it the same mode.
fn make(file: &Path) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}

/// Creates the table. A table from before records had versions gets the column, and all its records get the same
/// version.
async fn make_table(writer: &SqlitePool) -> std::result::Result<(), sqlx::Error> {
    // Two processes may start at the same time. The second one waits, and finds everything done.
    let mut start = writer.begin_with("begin immediate").await?;
    let table =
        "create table if not exists sessions (key text primary key, value blob not null, expires integer not null)";
    query(table).execute(&mut *start).await?;
    query("create index if not exists sessions_expires on sessions (expires)").execute(&mut *start).await?;
    let column = "select 1 from pragma_table_info('sessions') where name = 'version'";
    if query(column).fetch_optional(&mut *start).await?.is_none() {
        query("alter table sessions add column version text not null default '0000000000000000'")
            .execute(&mut *start)
            .await?;
    }
    start.commit().await
}

// ANCHOR: store
#[async_trait]
impl SessionStore for Sqlite {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let insert = "insert into sessions (key, value, expires, version) values (?, ?, ?, ?) on conflict do nothing";
        loop {
            let version = Version::new();
            let insert = query(insert)
                .bind(key(&record.id))
                .bind(encode(record, None)?)
                .bind(milliseconds(record.expiry_date))
                .bind(version.to_string());
            if self.writer.execute(insert).await? == 1 {
                note(&record.id, version);
                return Ok(());
            }
            record.id = Id::default(); // taken
        }
    }

    // ANCHOR: save
    async fn save(&self, record: &Record) -> Result<()> {
        // An update, never an insert, so that a session that was deleted in the meantime stays deleted. One statement,
        // so that nothing changes the record between the comparison and the swap.
        let update = "update sessions set value = ?, expires = ?, version = ? \
                      where key = ? and expires > ? and version = coalesce(?, version)";
        let version = Version::new();
        let update = query(update)
            .bind(encode(record, None)?)
            .bind(milliseconds(record.expiry_date))
            .bind(version.to_string())
            .bind(key(&record.id))
            .bind(now())
            .bind(noted(&record.id).map(|version| version.to_string()));
        if self.writer.execute(update).await? == 0 {
            return Err(self.why_not(&record.id).await?);
        }
        note(&record.id, version);
        Ok(())
    }
    // ANCHOR_END: save

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        Ok(self.find(id).await?.and_then(Stored::loaded))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.writer.execute(query("delete from sessions where key = ?").bind(key(id))).await?;
        Ok(())
    }
}
// ANCHOR_END: store

impl Sqlite {
    async fn find(&self, id: &Id) -> Result<Option<Stored>> {
        let row: Option<(Vec<u8>, String)> = query_as("select value, version from sessions where key = ?")
            .bind(key(id))
            .fetch_optional(&self.reader)
            .await
            .map_err(|error| unread(id, error))?;
        row.map(|(value, version)| decode_beside(id, &value, &version)).transpose()
    }

    /// Returns the reason why a save has updated no row.
    async fn why_not(&self, id: &Id) -> Result<Error> {
        let lives = query("select 1 from sessions where key = ? and expires > ?").bind(key(id)).bind(now());
        let found = lives.fetch_optional(&self.reader).await.map_err(failed)?;
        Ok(if found.is_some() { conflict() } else { gone() })
    }
}

/// An SQLite column accepts values of any type. A value of another type is a damaged record, not a failure of the file.
fn unread(id: &Id, error: sqlx::Error) -> Error {
    if matches!(error, sqlx::Error::ColumnDecode { .. }) { damaged(id, error) } else { failed(error) }
}

#[async_trait]
impl ExpiredDeletion for Sqlite {
    // ANCHOR: sweep
    async fn delete_expired(&self) -> Result<()> {
        let delete = "delete from sessions where key in \
                      (select key from sessions where expires <= ? and key like ? limit ?)";
        loop {
            // Each batch is a change of its own, so a caller that waits to write is served before the next batch.
            let batch = query(delete).bind(now()).bind(format!("{PREFIX}%")).bind(SWEEP_BATCH as i64);
            if self.writer.execute(batch).await? < SWEEP_BATCH as u64 {
                return Ok(());
            }
        }
    }
    // ANCHOR_END: sweep
}
