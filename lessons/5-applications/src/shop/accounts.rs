//! Accounts: names, passwords, roles.

use lesson_4::{
    defence::{device::DeviceCookie, guesses::TooMany, throttle::network},
    request::Client,
};
use serde::{Deserialize, Serialize};
use sqlx::{Sqlite, Transaction, query, query_as};
use time::OffsetDateTime;

use super::{
    NewLogin, Refused, Shop, Unavailable,
    database::{begin, commit},
    logins::end_all,
};

/// The role of an account.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A user may buy.
    User,
    /// An admin may also change the roles of others.
    Admin,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Account {
    /// The number of the account.
    pub id: i64,
    /// The name for the login.
    pub name: String,
    /// The role at the time of this request.
    pub role: Role,
}

/// The accounts of a new database: name, password, role.
pub(crate) const DEMO: [(&str, &str, Role); 3] = [
    ("alice", "a cup of tea", Role::User),
    ("bob", "a long walk home", Role::User),
    ("carol", "nine green bottles", Role::Admin),
];

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }

    /// Reads a role. An unknown role has no special permissions.
    fn named(name: &str) -> Self {
        if name == Self::Admin.name() { Self::Admin } else { Self::User }
    }
}

impl Account {
    pub(super) fn of((id, name, role): (i64, String, String)) -> Self {
        Self { id, name, role: Role::named(&role) }
    }
}

/// An account whose password was right. The password may have changed since, so a query that depends on it also checks
/// that this hash is still the stored one.
pub(crate) struct Verified {
    pub(crate) id: i64,
    name: String,
    pub(super) hash: String,
}

impl Shop {
    // ANCHOR: register
    /// Creates an account and its login, or returns `None` if the name is taken.
    ///
    /// # Errors
    /// Too many accounts were created from this address.
    pub(crate) async fn register(
        &self,
        name: &str,
        password: String,
        client: &Client,
        login: &NewLogin,
    ) -> Result<Option<Verified>, Refused> {
        // This is never given back, because a taken name costs as much as a free one.
        let counted = self.0.registrations.reserve(network(client.address), login.now).await;
        drop(counted.map_err(|wait| TooMany { what: "new accounts", wait })?);
        let hash = self.0.passwords.hash(password).await?;
        let mut changes = begin(self.pool().await?).await?;
        let Some(id) = insert(&mut changes, name, &hash, Role::User).await? else { return Ok(None) };
        let made = Verified { id, name: name.to_owned(), hash };
        login.insert(&mut changes, &made).await?;
        commit(changes).await?;
        Ok(Some(made))
    }
    // ANCHOR_END: register

    // ANCHOR: verify_password
    /// Returns the account with this name and password. After too many wrong passwords, the visitor must wait. Lesson 4
    /// explains the reasons.
    ///
    /// # Errors
    /// Too many passwords were wrong, too many checks are waiting, or the database is unavailable.
    pub(crate) async fn verify_password(
        &self,
        name: &str,
        password: String,
        client: &Client,
        DeviceCookie(cookie): &DeviceCookie,
        now: OffsetDateTime,
    ) -> Result<Option<Verified>, Refused> {
        let account: Option<(i64, String)> = query_as("select id, hash from accounts where name = ?")
            .bind(name)
            .fetch_optional(self.pool().await?)
            .await
            .map_err(Unavailable::from)?;
        let (id, hash) = account.unzip();
        let devices = self.devices().await?;
        let device = cookie.as_deref().zip(hash.as_deref());
        let device = device.and_then(|(cookie, hash)| devices.verify(cookie, name, hash, now));
        let guess = self.0.guesses.reserve(name, client.address, device, now).await?;
        // An unknown name costs the same work.
        let checked = self.0.passwords.check(password, hash.clone()).await;
        if !matches!(checked, Ok(false)) {
            guess.give_back();
        }
        let verified = id.zip(hash).map(|(id, hash)| Verified { id, name: name.to_owned(), hash });
        let is_right = checked?;
        Ok(verified.filter(|_| is_right))
    }
    // ANCHOR_END: verify_password

    /// Makes the device cookie with which the account knows this browser.
    pub(crate) async fn device_cookie(
        &self,
        Verified { name, hash, .. }: &Verified,
        now: OffsetDateTime,
    ) -> Result<String, Unavailable> {
        Ok(self.devices().await?.issue(name, hash, now).to_string())
    }

    // ANCHOR: set_password
    /// Sets a new password and ends all logins except this one, or does neither. Returns the number of logins that have
    /// ended, or `None` if the password has changed since it was verified.
    pub(crate) async fn set_password(
        &self,
        verified: &mut Verified,
        password: String,
        login: i64,
    ) -> Result<Option<u64>, Refused> {
        let hash = self.0.passwords.hash(password).await?;
        let mut changes = begin(self.pool().await?).await?;
        let changed = query("update accounts set hash = ? where id = ? and hash = ?")
            .bind(&hash)
            .bind(verified.id)
            .bind(&verified.hash)
            .execute(&mut *changes)
            .await
            .map_err(Unavailable::from)?;
        if changed.rows_affected() == 0 {
            return Ok(None);
        }
        let ended = end_all(&mut *changes, verified.id, Some(login)).await?;
        commit(changes).await?;
        verified.hash = hash;
        Ok(Some(ended))
    }
    // ANCHOR_END: set_password

    pub(crate) async fn accounts(&self) -> Result<Vec<Account>, Unavailable> {
        let all = query_as("select id, name, role from accounts order by name").fetch_all(self.pool().await?).await?;
        Ok(all.into_iter().map(Account::of).collect())
    }

    /// Sets a role. Returns whether it was set. The last admin keeps the role. `by` is the login of an admin. If that
    /// user is no longer an admin, nothing is changed.
    pub(crate) async fn set_role(&self, by: i64, id: i64, role: Role) -> Result<bool, Unavailable> {
        let done = query(
            "update accounts set role = ?1 where id = ?2
             and (?1 = 'admin' or exists (select 1 from accounts where role = 'admin' and id <> ?2))
             and exists (select 1 from logins join accounts on accounts.id = account
                         where logins.id = ?3 and role = 'admin')",
        )
        .bind(role.name())
        .bind(id)
        .bind(by)
        .execute(self.pool().await?)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Deletes an account. Returns whether it was deleted. The last admin stays. `by` is the login of an admin. The
    /// account's logins end with it, and its orders stay.
    pub(crate) async fn delete(&self, by: i64, id: i64) -> Result<bool, Unavailable> {
        let done = query(
            "delete from accounts where id = ?1
             and exists (select 1 from accounts where role = 'admin' and id <> ?1)
             and exists (select 1 from logins join accounts on accounts.id = account
                         where logins.id = ?2 and role = 'admin')",
        )
        .bind(id)
        .bind(by)
        .execute(self.pool().await?)
        .await?;
        Ok(done.rows_affected() == 1)
    }
}

pub(super) async fn insert(
    changes: &mut Transaction<'_, Sqlite>,
    name: &str,
    hash: &str,
    role: Role,
) -> Result<Option<i64>, Unavailable> {
    let done = query("insert into accounts (name, hash, role) values (?, ?, ?) on conflict do nothing")
        .bind(name)
        .bind(hash)
        .bind(role.name())
        .execute(&mut **changes)
        .await?;
    Ok((done.rows_affected() == 1).then(|| done.last_insert_rowid()))
}
