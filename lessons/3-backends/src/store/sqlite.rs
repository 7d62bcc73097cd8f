//! In an SQLite file: no server to run, and nothing lost with the process.

use std::{
    fs::{self, File},
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

/// A file, behind a pool of connections.
#[derive(Clone, Debug)]
pub struct Sqlite(SqlitePool);

impl Sqlite {
    /// Opens the file, and makes it and its table if there are none. A call fails that has to wait longer than `limit`.
    ///
    /// # Errors
    /// It cannot be made, or is no SQLite file.
    pub async fn open(file: impl AsRef<Path>, limit: Duration) -> std::result::Result<Self, sqlx::Error> {
        if let Some(folder) = file.as_ref().parent() {
            fs::create_dir_all(folder)?;
        }
        // For its owner alone; SQLite gives the files it puts beside it the same mode.
        let mut options = File::options();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        drop(options.open(&file)?);
        let options = SqliteConnectOptions::new()
            .filename(file)
            // Readers and a writer do not wait for each other; two writers do, for a while.
            .journal_mode(SqliteJournalMode::Wal)
            .busy_timeout(limit / 2);
        let pool = SqlitePoolOptions::new().acquire_timeout(limit).connect_with(options).await?;
        query(
            "create table if not exists sessions (key text primary key, value blob not null, expires integer not null)",
        )
        .execute(&pool)
        .await?;
        query("create index if not exists sessions_expires on sessions (expires)").execute(&pool).await?;
        Ok(Self(pool))
    }
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
                .execute(&self.0)
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
            .execute(&self.0)
            .await
            .map_err(failed)?;
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let value: Option<Vec<u8>> = query_scalar("select value from sessions where key = ?")
            .bind(key(id))
            .fetch_optional(&self.0)
            .await
            .map_err(failed)?;
        value.map_or(Ok(None), |value| decode(id, &value))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        query("delete from sessions where key = ?").bind(key(id)).execute(&self.0).await.map_err(failed)?;
        Ok(())
    }
}

#[async_trait]
impl ExpiredDeletion for Sqlite {
    async fn delete_expired(&self) -> Result<()> {
        query("delete from sessions where expires <= ? and key like ?")
            .bind(now())
            .bind(format!("{PREFIX}%"))
            .execute(&self.0)
            .await
            .map_err(failed)?;
        Ok(())
    }
}
// ANCHOR_END: store
