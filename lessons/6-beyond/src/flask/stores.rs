//! The records of Flask-Session 0.8 in Redis, as a store for tower-sessions, so that both apps share sessions.
//!
//! Flask must make IDs that tower-sessions accepts: with `SESSION_ID_LENGTH = 16` they have 128 bits, in the same
//! base64. The default is 256 bits.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use redis::{Client, RedisError, aio::ConnectionManager, aio::ConnectionManagerConfig, cmd, pipe};
use session_guard::{
    note_failure,
    version::{conflict, gone, noted},
};
use time::OffsetDateTime;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

use super::record::{LIFETIME, packed, seen, unpacked};

/// The store in Redis. Clones share one connection.
#[derive(Clone)]
pub struct FlaskRedis {
    connection: ConnectionManager,
    /// `SESSION_KEY_PREFIX`
    prefix: String,
}

impl FlaskRedis {
    /// Connects to the `SESSION_REDIS` at an address such as `redis://127.0.0.1:6379`. The prefix is Flask's
    /// `SESSION_KEY_PREFIX`, `session:` by default. A call fails if it takes longer than `limit`.
    ///
    /// # Errors
    /// The address is invalid, or no server answers there.
    pub async fn open(address: &str, prefix: &str, limit: Duration) -> std::result::Result<Self, RedisError> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(limit))
            .set_response_timeout(Some(limit))
            .set_number_of_retries(1);
        let connection = ConnectionManager::new_with_config(Client::open(address)?, config).await?;
        Ok(Self { connection, prefix: prefix.to_owned() })
    }

    fn key(&self, id: &Id) -> String {
        format!("{}{id}", self.prefix)
    }
}

// ANCHOR: save
/// Flask writes without a check. This app checks: it does not revive an ended record, and it refuses a change as a
/// conflict if Flask or another request has changed the record since it was loaded.
///
/// The script gets the key, the new value, its expiry in milliseconds, and the first digits of the SHA-1 of the loaded
/// value. An empty value deletes the record.
const SAVE: &str = r#"
local stored = redis.call('GET', KEYS[1])
local value, expires, based_on = unpack(ARGV)
if not stored then return 'gone' end
if stored ~= value and based_on ~= '' and based_on ~= string.sub(redis.sha1hex(stored), 1, 16) then return 'conflict' end
if value == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], value, 'PXAT', expires) end
return 'saved'
"#;
// ANCHOR_END: save

impl FlaskRedis {
    async fn create_new(&self, record: &mut Record) -> Result<()> {
        let value = packed(record)?;
        loop {
            let mut set = cmd("SET");
            set.arg(self.key(&record.id)).arg(&value).arg("NX").arg("PXAT").arg(milliseconds(record.expiry_date));
            let done: Option<String> = set.query_async(&mut self.connection.clone()).await.map_err(failed)?;
            if done.is_some() {
                seen(&record.id, &value);
                return Ok(());
            }
            record.id = Id::default(); // taken
        }
    }

    async fn update(&self, record: &Record) -> Result<()> {
        let value = packed(record)?;
        let based_on = noted(&record.id).map(|version| version.to_string()).unwrap_or_default();
        let mut save = cmd("EVAL");
        save.arg(SAVE).arg(1).arg(self.key(&record.id)).arg(&value);
        save.arg(milliseconds(record.expiry_date)).arg(based_on);
        let outcome: String = save.query_async(&mut self.connection.clone()).await.map_err(failed)?;
        match outcome.as_str() {
            "saved" => seen(&record.id, &value),
            "conflict" => return Err(conflict()),
            _ => return Err(gone()),
        }
        Ok(())
    }

    async fn read(&self, id: &Id) -> Result<Option<Record>> {
        let key = self.key(id);
        // Redis reports the remaining time a moment later, so it is counted from before the request. The record must
        // not seem to live longer.
        let asked = OffsetDateTime::now_utc().truncate_to_millisecond();
        let both = pipe().atomic().get(&key).pttl(&key).query_async(&mut self.connection.clone()).await;
        let (value, left): (Option<Vec<u8>>, i64) = both.map_err(failed)?;
        let Some(value) = value else { return Ok(None) };
        seen(id, &value);
        let data = unpacked(&value)?;
        // Flask gives every record an expiry. A record without one must not end because of us.
        let left = if left < 0 { LIFETIME } else { time::Duration::milliseconds(left) };
        Ok(Some(Record { id: *id, data, expiry_date: asked.saturating_add(left) }))
    }

    async fn remove(&self, id: &Id) -> Result<()> {
        cmd("DEL").arg(self.key(id)).query_async(&mut self.connection.clone()).await.map_err(failed)
    }
}

/// Returns milliseconds since 1970. Redis accepts no earlier date.
fn milliseconds(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX).max(1)
}

/// A key of another type is a damaged record, because Redis will give the same answer again.
fn failed(error: RedisError) -> Error {
    let text = error.to_string();
    if error.code() == Some("WRONGTYPE") { Error::Decode(text) } else { Error::Backend(text) }
}

#[async_trait]
impl SessionStore for FlaskRedis {
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

impl fmt::Debug for FlaskRedis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FlaskRedis({}…)", self.prefix)
    }
}
