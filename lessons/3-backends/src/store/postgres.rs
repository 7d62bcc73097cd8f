//! In PostgreSQL: one truth for any number of machines.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::{Connection, PgConnection, PgPool, postgres::PgPoolOptions, query, query_scalar};
use tower_sessions::{
    ExpiredDeletion, SessionStore,
    session::{Id, Record},
    session_store::Result,
};

use super::failed;
use crate::at_rest::{PREFIX, decode, encode, key, milliseconds, now};

/// A database, behind a pool of connections that are made anew when they break.
#[derive(Clone, Debug)]
pub struct Postgres(PgPool);

impl Postgres {
    // ANCHOR: open
    /// Connects to `postgres://user:password@host:port/database`, and makes the table if there is none.
    /// A call fails that has to wait longer than `limit` for a connection.
    ///
    /// # Errors
    /// The database does not answer, or does not let us in.
    pub async fn open(address: &str, limit: Duration) -> std::result::Result<Self, sqlx::Error> {
        // The pool would only say that time ran out; one connection says why.
        PgConnection::connect(address).await?.close().await?;
        let pool = PgPoolOptions::new().acquire_timeout(limit).connect(address).await?;
        // Two instances may start at once, and PostgreSQL's `if not exists` is not safe against that by itself.
        let mut start = pool.begin().await?;
        query("select pg_advisory_xact_lock(43003)").execute(&mut *start).await?;
        query(
            "create table if not exists sessions (key text primary key, value bytea not null, expires bigint not null)",
        )
        .execute(&mut *start)
        .await?;
        query("create index if not exists sessions_expires on sessions (expires)").execute(&mut *start).await?;
        start.commit().await?;
        Ok(Self(pool))
    }
    // ANCHOR_END: open
}

#[async_trait]
impl SessionStore for Postgres {
    async fn create(&self, record: &mut Record) -> Result<()> {
        loop {
            let insert = "insert into sessions (key, value, expires) values ($1, $2, $3) on conflict do nothing";
            let inserted = query(insert)
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
        query("update sessions set value = $1, expires = $2 where key = $3 and expires > $4")
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
        let value: Option<Vec<u8>> = query_scalar("select value from sessions where key = $1")
            .bind(key(id))
            .fetch_optional(&self.0)
            .await
            .map_err(failed)?;
        value.map_or(Ok(None), |value| decode(id, &value))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        query("delete from sessions where key = $1").bind(key(id)).execute(&self.0).await.map_err(failed)?;
        Ok(())
    }
}

#[async_trait]
impl ExpiredDeletion for Postgres {
    async fn delete_expired(&self) -> Result<()> {
        query("delete from sessions where expires <= $1 and key like $2")
            .bind(now())
            .bind(format!("{PREFIX}%"))
            .execute(&self.0)
            .await
            .map_err(failed)?;
        Ok(())
    }
}
