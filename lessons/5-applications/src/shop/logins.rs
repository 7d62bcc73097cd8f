//! Who is logged in where. A login here and a session in the store hold the same random handle: without either of
//! them nobody is logged in, and this one can be ended from elsewhere, whatever the store.

use sqlx::{query, query_as};
use time::{Duration, OffsetDateTime};

use super::{Account, Away, Shop};
use crate::IDLE;

/// That a login was used is written down once a minute, and not at every request.
const SEEN_EVERY: Duration = Duration::MINUTE;

/// A login of somebody, as she sees it.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) id: i64,
    pub(crate) agent: String,
    pub(crate) begun: OffsetDateTime,
    pub(crate) seen: OffsetDateTime,
}

impl Shop {
    // ANCHOR: begin
    /// Writes down a login.
    pub(crate) async fn begin(&self, account: i64, handle: &str, agent: &str, now: OffsetDateTime) -> Result<(), Away> {
        let pool = self.pool().await?;
        query("delete from logins where seen < ?").bind((now - IDLE).unix_timestamp()).execute(pool).await?;
        query("insert into logins (account, handle, agent, begun, seen) values (?1, ?2, ?3, ?4, ?4)")
            .bind(account)
            .bind(handle)
            .bind(agent.chars().take(200).collect::<String>())
            .bind(now.unix_timestamp())
            .execute(pool)
            .await?;
        Ok(())
    }

    /// Whose login this is, and its number; nothing if it was ended, or its account deleted.
    pub(crate) async fn whose(&self, handle: &str, now: OffsetDateTime) -> Result<Option<(Account, i64)>, Away> {
        let pool = self.pool().await?;
        let found: Option<(i64, String, String, i64, i64)> = query_as(
            "select accounts.id, name, role, logins.id, seen
             from logins join accounts on accounts.id = logins.account where handle = ?",
        )
        .bind(handle)
        .fetch_optional(pool)
        .await?;
        let Some((id, name, role, login, seen)) = found else { return Ok(None) };
        let now = now.unix_timestamp();
        if now - seen >= SEEN_EVERY.whole_seconds() {
            query("update logins set seen = ? where id = ?").bind(now).bind(login).execute(pool).await?;
        }
        Ok(Some((Account::of((id, name, role)), login)))
    }
    // ANCHOR_END: begin

    pub(crate) async fn logins(&self, account: i64, now: OffsetDateTime) -> Result<Vec<Login>, Away> {
        let found: Vec<(i64, String, i64, i64)> = query_as(
            "select id, agent, begun, seen from logins where account = ? and seen >= ? order by begun desc, id desc",
        )
        .bind(account)
        .bind((now - IDLE).unix_timestamp())
        .fetch_all(self.pool().await?)
        .await?;
        let time = |seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let login = |(id, agent, begun, seen)| Login { id, agent, begun: time(begun), seen: time(seen) };
        Ok(found.into_iter().map(login).collect())
    }

    // ANCHOR: end
    /// Ends one of her logins; whether it was one of hers.
    pub(crate) async fn end(&self, account: i64, login: i64) -> Result<bool, Away> {
        let done = query("delete from logins where id = ? and account = ?").bind(login).bind(account);
        Ok(done.execute(self.pool().await?).await?.rows_affected() == 1)
    }

    /// Ends the login of this handle, if there is one.
    pub(crate) async fn end_handle(&self, handle: &str) -> Result<(), Away> {
        query("delete from logins where handle = ?").bind(handle).execute(self.pool().await?).await?;
        Ok(())
    }

    /// Ends all of her logins but this one, if one is to stay; how many.
    pub(crate) async fn end_all(&self, account: i64, but: Option<i64>) -> Result<u64, Away> {
        let done = query("delete from logins where account = ? and id is not ?").bind(account).bind(but);
        Ok(done.execute(self.pool().await?).await?.rows_affected())
    }
    // ANCHOR_END: end
}
