//! The records that Flask-Session 0.8 stores in SQLite with SQLAlchemy, as a store for tower-sessions.
//!
//! As in [`stores`](super::stores), Flask must make IDs of 128 bits, with `SESSION_ID_LENGTH = 16`.

use std::{path::Path, time::Duration};

use async_trait::async_trait;
use session_guard::{note_failure, version::noted};
use sqlx::{
    SqliteConnection, SqlitePool, query, query_as,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use time::{
    OffsetDateTime, PrimitiveDateTime, UtcOffset, format_description::StaticFormatDescription,
    macros::format_description,
};
use tower_sessions::{
    ExpiredDeletion, SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

use super::record::{failed, packed, refusal, seen, unpacked};

/// The format in which SQLAlchemy writes a date in SQLite. The time is UTC, and a later date is a greater text.
const DATE: StaticFormatDescription =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second].[subsecond digits:6]");
/// The format in which SQLite and people write a date: without the fraction.
const SHORT_DATE: StaticFormatDescription = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
/// The number of expired rows that a sweep deletes at a time. Other programs can write between two batches.
const SWEEP_BATCH: u16 = 1_000;

/// The store in an SQLite file, in the table `sessions`. Clones share one connection.
#[derive(Clone, Debug)]
pub struct FlaskSql {
    /// SQLite lets one connection write at a time. This app has one, and its callers wait for it in a queue.
    connection: SqlitePool,
    /// `SESSION_KEY_PREFIX`
    prefix: String,
}

impl FlaskSql {
    /// Opens the file of Flask's `SQLALCHEMY_DATABASE_URI`. The prefix is Flask's `SESSION_KEY_PREFIX`, `session:` by
    /// default. A call fails if it waits longer than `limit`.
    ///
    /// # Errors
    /// The file or its table does not exist. Flask creates them when its app starts.
    pub async fn open(file: impl AsRef<Path>, prefix: &str, limit: Duration) -> std::result::Result<Self, sqlx::Error> {
        // A call waits for the other calls of this program, and then for other programs.
        let each = limit / 2;
        let options = SqliteConnectOptions::new().filename(file).busy_timeout(each);
        let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(each).test_before_acquire(false);
        // A connection to a file needs no replacement, and the task of sqlx 0.9.0 that replaces connections may spin
        // forever:
        // https://github.com/transact-rs/sqlx/issues/3645
        let pool = pool.idle_timeout(None).max_lifetime(None);
        let connection = pool.connect_with(options).await?;
        query("select session_id, data, expiry from sessions limit 0").execute(&connection).await?;
        Ok(Self { connection, prefix: prefix.to_owned() })
    }

    fn key(&self, id: &Id) -> String {
        format!("{}{id}", self.prefix)
    }

    async fn create_new(&self, record: &mut Record) -> Result<()> {
        let (value, expiry) = (packed(record)?, written(record.expiry_date)?);
        loop {
            let insert = "insert into sessions (session_id, data, expiry) values (?, ?, ?) on conflict do nothing";
            let insert = query(insert).bind(self.key(&record.id)).bind(&value).bind(&expiry);
            if insert.execute(&self.connection).await.map_err(failed)?.rows_affected() == 1 {
                seen(&record.id, &value);
                return Ok(());
            }
            record.id = Id::default(); // taken
        }
    }

    // ANCHOR: save
    async fn update(&self, record: &Record) -> Result<()> {
        let (key, value) = (self.key(&record.id), packed(record)?);
        // From here on nobody else writes, so the compared row is the replaced row.
        let mut change = self.connection.begin_with("begin immediate").await.map_err(failed)?;
        let stored = find(&mut change, &key).await?;
        if let Some(error) = refusal(stored.as_ref().map(|(stored, _)| &**stored), &value, noted(&record.id)) {
            return Err(error);
        }
        let write = match value.is_empty() {
            true => "delete from sessions where session_id = ?3",
            false => "update sessions set data = ?1, expiry = ?2 where session_id = ?3",
        };
        let write = query(write).bind(&value).bind(written(record.expiry_date)?).bind(key);
        write.execute(&mut *change).await.map_err(failed)?;
        change.commit().await.map_err(failed)?;
        seen(&record.id, &value);
        Ok(())
    }
    // ANCHOR_END: save

    async fn read(&self, id: &Id) -> Result<Option<Record>> {
        let mut connection = self.connection.acquire().await.map_err(failed)?;
        let Some((value, expiry_date)) = find(&mut connection, &self.key(id)).await? else { return Ok(None) };
        let data = unpacked(&value)?;
        seen(id, &value);
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn remove(&self, id: &Id) -> Result<()> {
        let delete = query("delete from sessions where session_id = ?").bind(self.key(id));
        delete.execute(&self.connection).await.map(drop).map_err(failed)
    }

    async fn sweep(&self) -> Result<()> {
        let delete = "delete from sessions where id in \
                      (select id from sessions where expiry <= ? and substr(session_id, 1, length(?)) = ? limit ?)";
        loop {
            let now = written(OffsetDateTime::now_utc())?;
            let batch = query(delete).bind(now).bind(&self.prefix).bind(&self.prefix).bind(SWEEP_BATCH);
            let done = batch.execute(&self.connection).await.map_err(failed)?;
            if done.rows_affected() < SWEEP_BATCH.into() {
                return Ok(());
            }
        }
    }
}

/// Returns the record under this key and its expiry, unless it has expired. A row without an expiry counts as expired,
/// as in Flask.
async fn find(connection: &mut SqliteConnection, key: &str) -> Result<Option<(Vec<u8>, OffsetDateTime)>> {
    // A column of SQLite accepts values of any type.
    let select = "select cast(data as blob), cast(expiry as text) from sessions where session_id = ?";
    let row: Option<(Option<Vec<u8>>, Option<String>)> =
        query_as(select).bind(key).fetch_optional(connection).await.map_err(failed)?;
    let Some((value, Some(expiry))) = row else { return Ok(None) };
    let expiry = PrimitiveDateTime::parse(&expiry, DATE).or_else(|_| PrimitiveDateTime::parse(&expiry, SHORT_DATE));
    let expiry = expiry.map_err(|error| Error::Decode(error.to_string()))?;
    let expiry = expiry.assume_utc();
    Ok((expiry > OffsetDateTime::now_utc()).then_some((value.unwrap_or_default(), expiry)))
}

/// Writes the date as SQLAlchemy does, rounded down.
fn written(date: OffsetDateTime) -> Result<String> {
    date.to_offset(UtcOffset::UTC).format(DATE).map_err(|error| Error::Encode(error.to_string()))
}

#[async_trait]
impl SessionStore for FlaskSql {
    async fn create(&self, record: &mut Record) -> Result<()> {
        note_failure(self.create_new(record).await)
    }

    async fn save(&self, record: &Record) -> Result<()> {
        note_failure(self.update(record).await)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        note_failure(self.read(id).await)
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        note_failure(self.remove(id).await)
    }
}

/// Like `flask session_cleanup`, deletes all expired rows.
#[async_trait]
impl ExpiredDeletion for FlaskSql {
    async fn delete_expired(&self) -> Result<()> {
        self.sweep().await
    }
}
