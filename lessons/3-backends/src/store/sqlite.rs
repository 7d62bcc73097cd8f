//! In an SQLite file: no server to run, and nothing lost with the process.

use std::{
    fs::{self, File},
    io,
    path::Path,
    time::Duration,
};

use async_trait::async_trait;
use sqlx::{
    SqlitePool, query, query_scalar,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};
use tower_sessions::{
    ExpiredDeletion, SessionStore,
    session::{Id, Record},
    session_store::Result,
};

use super::failed;
use crate::at_rest::{PREFIX, decode, encode, key, milliseconds, now};

/// A file: many connections that read, and one that writes.
///
/// SQLite lets one connection write at a time. Those that wait for it try again and again, in no order, and some
/// never get their turn; whoever waits for the one connection of a pool waits in a queue.
#[derive(Clone, Debug)]
pub struct Sqlite {
    reader: SqlitePool,
    writer: SqlitePool,
}

impl Sqlite {
    /// Opens the file, and makes it and its table if there are none. A call fails that has to wait longer than `limit`.
    ///
    /// # Errors
    /// It cannot be made, or is no SQLite file.
    pub async fn open(file: impl AsRef<Path>, limit: Duration) -> std::result::Result<Self, sqlx::Error> {
        make(file.as_ref())?;
        // In this mode nobody who reads waits for somebody who writes.
        let options = SqliteConnectOptions::new().filename(file).journal_mode(SqliteJournalMode::Wal);
        let options = options.busy_timeout(limit); // of another process that writes
        let pool = |connections| SqlitePoolOptions::new().max_connections(connections).acquire_timeout(limit);
        let writer = pool(1).connect_with(options.clone()).await?;
        query(
            "create table if not exists sessions (key text primary key, value blob not null, expires integer not null)",
        )
        .execute(&writer)
        .await?;
        query("create index if not exists sessions_expires on sessions (expires)").execute(&writer).await?;
        Ok(Self { reader: pool(4).connect_with(options).await?, writer })
    }
}

/// The file and its folder, for their owner alone; SQLite gives the files it puts beside it the same mode.
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

// ANCHOR: store
#[async_trait]
impl SessionStore for Sqlite {
    async fn create(&self, record: &mut Record) -> Result<()> {
        loop {
            let inserted = query("insert into sessions (key, value, expires) values (?, ?, ?) on conflict do nothing")
                .bind(key(&record.id))
                .bind(encode(record)?)
                .bind(milliseconds(record.expiry_date))
                .execute(&self.writer)
                .await
                .map_err(failed)?;
            if inserted.rows_affected() == 1 {
                return Ok(());
            }
            record.id = Id::default(); // taken
        }
    }

    async fn save(&self, record: &Record) -> Result<()> {
        // An update, never an insert: a session that was deleted meanwhile stays deleted.
        query("update sessions set value = ?, expires = ? where key = ? and expires > ?")
            .bind(encode(record)?)
            .bind(milliseconds(record.expiry_date))
            .bind(key(&record.id))
            .bind(now())
            .execute(&self.writer)
            .await
            .map_err(failed)?;
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let value: Option<Vec<u8>> = query_scalar("select value from sessions where key = ?")
            .bind(key(id))
            .fetch_optional(&self.reader)
            .await
            .map_err(failed)?;
        value.map_or(Ok(None), |value| decode(id, &value))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        query("delete from sessions where key = ?").bind(key(id)).execute(&self.writer).await.map_err(failed)?;
        Ok(())
    }
}

#[async_trait]
impl ExpiredDeletion for Sqlite {
    async fn delete_expired(&self) -> Result<()> {
        query("delete from sessions where expires <= ? and key like ?")
            .bind(now())
            .bind(format!("{PREFIX}%"))
            .execute(&self.writer)
            .await
            .map_err(failed)?;
        Ok(())
    }
}
// ANCHOR_END: store
