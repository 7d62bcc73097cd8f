//! Accounts: names, passwords, roles.

use lesson_4::request::Place;
use serde::{Deserialize, Serialize};
use sqlx::{SqlitePool, query, query_as, query_scalar};
use time::{Duration, OffsetDateTime};

use super::{Away, Shop};

/// What somebody may do.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Buys.
    User,
    /// Also says what others may do.
    Admin,
}

/// Somebody who has an account.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Account {
    /// Its number.
    pub id: i64,
    /// What somebody logs in with.
    pub name: String,
    /// What she may do, as of this request.
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

    /// A role that nobody has heard of may nothing special.
    fn named(name: &str) -> Self {
        if name == Self::Admin.name() { Self::Admin } else { Self::User }
    }
}

impl Account {
    pub(super) fn of((id, name, role): (i64, String, String)) -> Self {
        Self { id, name, role: Role::named(&role) }
    }
}

impl Shop {
    pub(super) async fn add_demo_accounts(&self, pool: &SqlitePool) -> Result<(), Away> {
        let any: i64 = query_scalar("select count(*) from accounts").fetch_one(pool).await?;
        if any == 0 {
            for (name, password, role) in DEMO {
                let hash = self.0.passwords.hash(password.to_owned()).await?;
                insert(pool, name, &hash, role).await?;
            }
        }
        Ok(())
    }

    /// Makes an account, and gives its number; nothing if the name is taken.
    pub(crate) async fn register(&self, name: &str, password: String) -> Result<Option<i64>, Away> {
        let hash = self.0.passwords.hash(password).await?;
        insert(self.pool().await?, name, &hash, Role::User).await
    }

    // ANCHOR: knows
    /// The number of the account with this name and password. Too many wrong ones have to wait: lesson 4 says why.
    ///
    /// # Errors
    /// How long to wait, or the database is away.
    pub(crate) async fn knows(
        &self,
        name: &str,
        password: String,
        place: &Place,
        now: OffsetDateTime,
    ) -> Result<Option<i64>, Refused> {
        let keys = [format!("{name} from {}", place.address), place.address.to_string()];
        for (throttle, key) in self.0.tries.iter().zip(&keys) {
            throttle.take(key, now).map_err(Refused::Wait)?;
        }
        let account: Option<(i64, String)> = query_as("select id, hash from accounts where name = ?")
            .bind(name)
            .fetch_optional(self.pool().await?)
            .await
            .map_err(Away::from)?;
        let (id, hash) = account.unzip();
        // An unknown name costs the same work.
        if !self.0.passwords.check(password, hash).await.map_err(Away::from)? {
            return Ok(None);
        }
        self.0.tries.iter().zip(&keys).for_each(|(throttle, key)| throttle.give_back(key));
        Ok(id)
    }
    // ANCHOR_END: knows

    pub(crate) async fn set_password(&self, id: i64, password: String) -> Result<(), Away> {
        let hash = self.0.passwords.hash(password).await?;
        query("update accounts set hash = ? where id = ?").bind(hash).bind(id).execute(self.pool().await?).await?;
        Ok(())
    }

    pub(crate) async fn accounts(&self) -> Result<Vec<Account>, Away> {
        let all = query_as("select id, name, role from accounts order by name").fetch_all(self.pool().await?).await?;
        Ok(all.into_iter().map(Account::of).collect())
    }

    /// Whether it was done: the last admin stays one.
    pub(crate) async fn set_role(&self, id: i64, role: Role) -> Result<bool, Away> {
        let done = query(
            "update accounts set role = ?1 where id = ?2
             and (?1 = 'admin' or exists (select 1 from accounts where role = 'admin' and id <> ?2))",
        )
        .bind(role.name())
        .bind(id)
        .execute(self.pool().await?)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Whether it was done: the last admin stays.
    pub(crate) async fn delete(&self, id: i64) -> Result<bool, Away> {
        let done = query(
            "delete from accounts where id = ?1
             and exists (select 1 from accounts where role = 'admin' and id <> ?1)",
        )
        .bind(id)
        .execute(self.pool().await?)
        .await?;
        Ok(done.rows_affected() == 1)
    }
}

async fn insert(pool: &SqlitePool, name: &str, hash: &str, role: Role) -> Result<Option<i64>, Away> {
    let done = query("insert into accounts (name, hash, role) values (?, ?, ?) on conflict do nothing")
        .bind(name)
        .bind(hash)
        .bind(role.name())
        .execute(pool)
        .await?;
    Ok((done.rows_affected() == 1).then(|| done.last_insert_rowid()))
}

/// Why a password was not checked.
pub(crate) enum Refused {
    Wait(Duration),
    Away(Away),
}

impl From<Away> for Refused {
    fn from(away: Away) -> Self {
        Self::Away(away)
    }
}
