//! The logins of all users. A login here and a session in the store have the same random handle. A visitor is logged in
//! only if both exist. So a login can be ended from another session, with any store.

use sqlx::{Executor, Sqlite, Transaction, query, query_as};
use time::{Duration, OffsetDateTime};
use tower_sessions::session::Id;

use super::{
    Account, Shop, Unavailable, Verified,
    database::{begin, commit},
};
use crate::IDLE;

/// The absolute lifetime of a login, even if it is active (ASVS 5.0 7.3.2: an absolute lifetime).
const ABSOLUTE: Duration = Duration::days(7);
/// The time after the entry of the password for which the shop assumes that the same person is still there. OWASP calls
/// this a recent re-authentication.
const RECENT: Duration = Duration::minutes(5);
/// The use of a login is recorded at most once in this time, and not at every request.
const SEEN_EVERY: Duration = Duration::MINUTE;
/// The number of expired logins that are removed at a time, because no other request can write during that.
const BATCH: i64 = 100;

/// A login, as its user sees it in the list.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) id: i64,
    pub(crate) agent: String,
    pub(crate) begun: OffsetDateTime,
    pub(crate) seen: OffsetDateTime,
}

/// A login that is still valid.
pub(crate) struct Current {
    pub(crate) account: Account,
    /// The number of the login.
    pub(crate) login: i64,
    /// The time when the login ends, even if it is active.
    pub(crate) ends: OffsetDateTime,
}

// ANCHOR: begin
/// A new login.
pub(crate) struct NewLogin {
    /// The handle, 128 random bits, which is also in the session.
    pub(crate) handle: String,
    /// The handle that the session had before. That login ends, even if it was another user's.
    pub(crate) replaces: Option<String>,
    pub(crate) agent: String,
    pub(crate) now: OffsetDateTime,
}

impl NewLogin {
    pub(crate) fn new(replaces: Option<String>, agent: &str, now: OffsetDateTime) -> Self {
        let agent = agent.chars().take(200).collect();
        Self { handle: Id::default().to_string(), replaces, agent, now }
    }

    /// Inserts a login. Returns whether it was inserted. It is not inserted if the verified password has changed or the
    /// account was deleted since.
    pub(super) async fn insert(
        &self,
        changes: &mut Transaction<'_, Sqlite>,
        verified: &Verified,
    ) -> Result<bool, Unavailable> {
        let Self { handle, replaces, agent, now } = self;
        query("delete from logins where handle = ?").bind(replaces).execute(&mut **changes).await?;
        let done = query(
            "insert into logins (account, handle, agent, begun, seen, confirmed)
             select id, ?3, ?4, ?5, ?5, ?5 from accounts where id = ?1 and hash = ?2",
        )
        .bind(verified.id)
        .bind(&verified.hash)
        .bind(handle)
        .bind(agent)
        .bind(now.unix_timestamp())
        .execute(&mut **changes)
        .await?;
        Ok(done.rows_affected() == 1)
    }
}

impl Shop {
    /// Records a login, and removes some expired ones. Returns `false` if the password has changed since it was
    /// verified.
    pub(crate) async fn begin(&self, verified: &Verified, login: &NewLogin) -> Result<bool, Unavailable> {
        let mut changes = begin(self.pool().await?).await?;
        if !login.insert(&mut changes, verified).await? {
            return Ok(false);
        }
        query("delete from logins where id in (select id from logins where seen <= ? or begun <= ? limit ?)")
            .bind((login.now - IDLE).unix_timestamp())
            .bind((login.now - ABSOLUTE).unix_timestamp())
            .bind(BATCH)
            .execute(&mut *changes)
            .await?;
        commit(changes).await?;
        Ok(true)
    }

    /// Returns the login with this handle, or `None` if it was ended, has expired, or its account was deleted.
    pub(crate) async fn find_login(&self, handle: &str, now: OffsetDateTime) -> Result<Option<Current>, Unavailable> {
        let pool = self.pool().await?;
        let found: Option<(i64, String, String, i64, i64, i64)> = query_as(
            "select accounts.id, name, role, logins.id, seen, begun
             from logins join accounts on accounts.id = logins.account
             where handle = ? and seen > ? and begun > ?",
        )
        .bind(handle)
        .bind((now - IDLE).unix_timestamp())
        .bind((now - ABSOLUTE).unix_timestamp())
        .fetch_optional(pool)
        .await?;
        let Some((id, name, role, login, seen, begun)) = found else { return Ok(None) };
        let now = now.unix_timestamp();
        if now - seen >= SEEN_EVERY.whole_seconds() {
            query("update logins set seen = ? where id = ?").bind(now).bind(login).execute(pool).await?;
        }
        Ok(Some(Current { account: Account::of((id, name, role)), login, ends: time(begun) + ABSOLUTE }))
    }
    // ANCHOR_END: begin

    pub(crate) async fn logins(&self, account: i64, now: OffsetDateTime) -> Result<Vec<Login>, Unavailable> {
        let found: Vec<(i64, String, i64, i64)> = query_as(
            "select id, agent, begun, seen from logins where account = ? and seen > ? and begun > ?
             order by begun desc, id desc",
        )
        .bind(account)
        .bind((now - IDLE).unix_timestamp())
        .bind((now - ABSOLUTE).unix_timestamp())
        .fetch_all(self.pool().await?)
        .await?;
        let login = |(id, agent, begun, seen)| Login { id, agent, begun: time(begun), seen: time(seen) };
        Ok(found.into_iter().map(login).collect())
    }

    // ANCHOR: end
    // ANCHOR: end_one
    /// Ends one of the account's logins. Returns whether there was such a login.
    pub(crate) async fn end(&self, account: i64, login: i64) -> Result<bool, Unavailable> {
        let done = query("delete from logins where id = ? and account = ?").bind(login).bind(account);
        Ok(done.execute(self.pool().await?).await?.rows_affected() == 1)
    }
    // ANCHOR_END: end_one

    /// Ends the login with this handle, if there is one.
    pub(crate) async fn end_handle(&self, handle: &str) -> Result<(), Unavailable> {
        query("delete from logins where handle = ?").bind(handle).execute(self.pool().await?).await?;
        Ok(())
    }

    /// Ends all of the account's logins except `but`. Returns their number.
    pub(crate) async fn end_all(&self, account: i64, but: Option<i64>) -> Result<u64, Unavailable> {
        end_all(self.pool().await?, account, but).await
    }
    // ANCHOR_END: end

    /// Whether the password was entered recently in this login.
    pub(crate) async fn is_recent(&self, login: i64, now: OffsetDateTime) -> Result<bool, Unavailable> {
        let found: Option<(i64,)> = query_as("select 1 from logins where id = ? and confirmed > ?")
            .bind(login)
            .bind((now - RECENT).unix_timestamp())
            .fetch_optional(self.pool().await?)
            .await?;
        Ok(found.is_some())
    }

    /// Records that the password was entered again. Returns `false` if the password has changed since it was verified.
    pub(crate) async fn confirm(
        &self,
        verified: &Verified,
        login: i64,
        now: OffsetDateTime,
    ) -> Result<bool, Unavailable> {
        let done = query(
            "update logins set confirmed = ?1 where id = ?2
             and account = (select id from accounts where id = ?3 and hash = ?4)",
        )
        .bind(now.unix_timestamp())
        .bind(login)
        .bind(verified.id)
        .bind(&verified.hash)
        .execute(self.pool().await?)
        .await?;
        Ok(done.rows_affected() == 1)
    }
}

fn time(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

pub(super) async fn end_all<'c>(
    on: impl Executor<'c, Database = Sqlite>,
    account: i64,
    but: Option<i64>,
) -> Result<u64, Unavailable> {
    let done = query("delete from logins where account = ? and id is not ?").bind(account).bind(but);
    Ok(done.execute(on).await?.rows_affected())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use lesson_4::{
        defence::{device::DeviceCookie, password::Passwords},
        request::Client,
    };

    use super::*;

    async fn verify(shop: &Shop, password: &str) -> Option<Verified> {
        let client = Client { address: Ipv4Addr::LOCALHOST.into(), agent: String::new() };
        let now = OffsetDateTime::UNIX_EPOCH;
        let verified = shop.verify_password("alice", password.to_owned(), &client, &DeviceCookie(None), now).await;
        verified.ok().flatten()
    }

    #[tokio::test]
    async fn a_password_that_was_verified_before_it_was_changed_begins_no_login() {
        let shop = Shop::in_memory(Passwords::quick());
        let now = OffsetDateTime::UNIX_EPOCH;
        let login = || NewLogin::new(None, "", now);
        let old = verify(&shop, "a cup of tea").await.unwrap();
        assert!(shop.begin(&old, &login()).await.unwrap());
        let this = shop.logins(old.id, now).await.unwrap()[0].id;
        let mut early = verify(&shop, "a cup of tea").await.unwrap();
        let mut late = verify(&shop, "a cup of tea").await.unwrap();
        let change = shop.set_password(&mut early, "two cups of tea".to_owned(), this).await;
        assert_eq!(change.ok().flatten(), Some(0));
        assert!(!shop.begin(&late, &login()).await.unwrap());
        assert!(!shop.confirm(&late, this, now).await.unwrap());
        let change = shop.set_password(&mut late, "three cups of tea".to_owned(), this).await;
        assert!(matches!(change, Ok(None)));
        assert_eq!(shop.logins(old.id, now).await.unwrap().len(), 1);
        assert!(shop.confirm(&early, this, now).await.unwrap());
        assert!(shop.begin(&early, &login()).await.unwrap());
    }
}
