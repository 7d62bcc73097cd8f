//! What outlives a session: accounts, who is logged in where, and orders, in SQLite.

mod accounts;
mod logins;
mod orders;

use std::{fmt, path::Path, sync::Arc};

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use lesson_4::defence::{
    password::{NotChecked, Passwords},
    throttle::Throttle,
};
use sqlx::{
    SqlitePool, query,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};
use time::Duration;
use tokio::sync::OnceCell;

pub use accounts::{Account, Role};
pub(crate) use accounts::{DEMO, Refused};
pub(crate) use logins::Login;

/// The shop. Clones are the same one.
#[derive(Clone)]
pub struct Shop(Arc<Inner>);

struct Inner {
    options: SqliteConnectOptions,
    /// Opened by the first who needs it.
    pool: OnceCell<SqlitePool>,
    passwords: Passwords,
    /// Wrong passwords for an account from an address, and from an address.
    tries: [Throttle; 2],
}

const SCHEMA: [&str; 3] = [
    "create table if not exists accounts (
        id integer primary key, name text not null unique, hash text not null, role text not null)",
    "create table if not exists logins (
        id integer primary key, handle text not null unique, agent text not null,
        account integer not null references accounts on delete cascade,
        begun integer not null, seen integer not null)",
    "create table if not exists orders (
        token text primary key, items text not null, bought integer not null,
        account integer not null references accounts on delete cascade)",
];

impl Shop {
    /// A shop that is gone with its last clone.
    pub fn in_memory(passwords: Passwords) -> Self {
        Self::on(SqliteConnectOptions::new().in_memory(true), passwords)
    }

    /// A shop in this file, which is made if there is none.
    pub fn in_file(file: &Path, passwords: Passwords) -> Self {
        let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
        Self::on(options.journal_mode(SqliteJournalMode::Wal), passwords)
    }

    fn on(options: SqliteConnectOptions, passwords: Passwords) -> Self {
        let tries = [Throttle::new(5, Duration::minutes(3)), Throttle::new(20, Duration::MINUTE)];
        Self(Arc::new(Inner { options, pool: OnceCell::new(), passwords, tries }))
    }

    /// Opens the database, so that a file that is of no use is seen at once.
    ///
    /// # Errors
    /// It cannot be opened, or is no SQLite database.
    pub async fn open(&self) -> Result<(), Away> {
        self.pool().await.map(drop)
    }

    async fn pool(&self) -> Result<&SqlitePool, Away> {
        self.0.pool.get_or_try_init(|| self.connect()).await
    }

    async fn connect(&self) -> Result<SqlitePool, Away> {
        // SQLite lets one connection write at a time, and each connection to memory has a database of its own.
        let options = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let pool = options.connect_with(self.0.options.clone()).await?;
        for table in SCHEMA {
            query(table).execute(&pool).await?;
        }
        self.add_demo_accounts(&pool).await?;
        Ok(pool)
    }
}

/// The database did not do what it was asked for.
#[derive(Debug)]
pub struct Away(String);

impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<sqlx::Error> for Away {
    fn from(error: sqlx::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<NotChecked> for Away {
    fn from(error: NotChecked) -> Self {
        Self(error.to_string())
    }
}

impl IntoResponse for Away {
    fn into_response(self) -> Response {
        let sentence = format!("The shop's database does not answer, so nothing was done: {self}.\n");
        (StatusCode::SERVICE_UNAVAILABLE, sentence).into_response()
    }
}
