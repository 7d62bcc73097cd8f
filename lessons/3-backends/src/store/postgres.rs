//! A store in PostgreSQL, which any number of machines can share.

use std::time::Duration;

use async_trait::async_trait;
use session_guard::version::{Version, conflict, gone, note, noted};
use sqlx::{Connection, PgConnection, PgPool, postgres::PgPoolOptions, query, query_as};
use tower_sessions::{
    ExpiredDeletion, SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

use super::{SWEEP_BATCH, failed};
use crate::at_rest::{PREFIX, Stored, decode_beside, encode, key, milliseconds, now};

/// A database behind a pool, which replaces broken connections.
#[derive(Clone, Debug)]
pub struct Postgres(PgPool);

impl Postgres {
    // ANCHOR: open
    /// Connects to `postgres://user:password@host:port/database`, and creates the table if there is none. A call fails
    /// if it waits longer than `limit` for a connection.
    ///
    /// # Errors
    /// The database does not answer, or refuses the login.
    pub async fn open(address: &str, limit: Duration) -> std::result::Result<Self, sqlx::Error> {
        // If no server listens, the pool tries until the time is up and reports only that. One connection reports why.
        PgConnection::connect(address).await?.close().await?;
        // A broken connection is noticed at its next use. The task of sqlx 0.9.0 that replaces old ones may spin forever:
        // https://github.com/transact-rs/sqlx/issues/3645
        let pool = PgPoolOptions::new().acquire_timeout(limit).idle_timeout(None).max_lifetime(None);
        let pool = pool.connect(address).await?;
        // ANCHOR: turn
        // Two instances may start at the same time, and PostgreSQL's `if not exists` alone is not safe then.
        let mut start = pool.begin().await?;
        query("select pg_advisory_xact_lock(43003)").execute(&mut *start).await?;
        // ANCHOR_END: turn
        query(
            "create table if not exists sessions (key text primary key, value bytea not null, expires bigint not null)",
        )
        .execute(&mut *start)
        .await?;
        query("create index if not exists sessions_expires on sessions (expires)").execute(&mut *start).await?;
        // In a table from before records had versions, all records get the same version.
        let column = "alter table sessions add column if not exists version text not null default '0000000000000000'";
        query(column).execute(&mut *start).await?;
        start.commit().await?;
        Ok(Self(pool))
    }
    // ANCHOR_END: open
}

#[async_trait]
impl SessionStore for Postgres {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let insert =
            "insert into sessions (key, value, expires, version) values ($1, $2, $3, $4) on conflict do nothing";
        loop {
            let version = Version::new();
            let inserted = query(insert)
                .bind(key(&record.id))
                .bind(encode(record, None)?)
                .bind(milliseconds(record.expiry_date))
                .bind(version.to_string())
                .execute(&self.0)
                .await
                .map_err(failed)?;
            if inserted.rows_affected() == 1 {
                note(&record.id, version);
                return Ok(());
            }
            record.id = Id::default(); // taken
        }
    }

    async fn save(&self, record: &Record) -> Result<()> {
        // One statement, as in SQLite. If two change the same row, the second one waits and compares again.
        let update = "update sessions set value = $1, expires = $2, version = $3 \
                      where key = $4 and expires > $5 and version = coalesce($6, version)";
        let version = Version::new();
        let updated = query(update)
            .bind(encode(record, None)?)
            .bind(milliseconds(record.expiry_date))
            .bind(version.to_string())
            .bind(key(&record.id))
            .bind(now())
            .bind(noted(&record.id).map(|version| version.to_string()))
            .execute(&self.0)
            .await
            .map_err(failed)?;
        if updated.rows_affected() == 0 {
            return Err(self.why_not(&record.id).await?);
        }
        note(&record.id, version);
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let row: Option<(Vec<u8>, String)> = query_as("select value, version from sessions where key = $1")
            .bind(key(id))
            .fetch_optional(&self.0)
            .await
            .map_err(failed)?;
        let stored = row.map(|(value, version)| decode_beside(id, &value, &version)).transpose()?;
        Ok(stored.and_then(Stored::loaded))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        query("delete from sessions where key = $1").bind(key(id)).execute(&self.0).await.map_err(failed)?;
        Ok(())
    }
}

impl Postgres {
    /// Returns the reason why a save has updated no row.
    async fn why_not(&self, id: &Id) -> Result<Error> {
        let lives = query("select 1 from sessions where key = $1 and expires > $2").bind(key(id)).bind(now());
        let found = lives.fetch_optional(&self.0).await.map_err(failed)?;
        Ok(if found.is_some() { conflict() } else { gone() })
    }
}

#[async_trait]
impl ExpiredDeletion for Postgres {
    async fn delete_expired(&self) -> Result<()> {
        // A row that another session of PostgreSQL is changing is left for the next sweep.
        let delete = "delete from sessions where key in \
                      (select key from sessions where expires <= $1 and key like $2 limit $3 for update skip locked)";
        loop {
            let batch = query(delete).bind(now()).bind(format!("{PREFIX}%")).bind(SWEEP_BATCH as i64);
            if batch.execute(&self.0).await.map_err(failed)?.rows_affected() < SWEEP_BATCH as u64 {
                return Ok(());
            }
        }
    }
}
