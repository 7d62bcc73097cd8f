//! The data that outlives a session, in SQLite: accounts, logins and orders.

mod accounts;
mod database;
mod logins;
mod orders;

use std::{path::Path, sync::Arc};

use axum::response::{IntoResponse, Response};
use lesson_4::defence::{
    device::Devices,
    guesses::{Guesses, TooMany},
    password::{NotChecked, Passwords},
    throttle::Throttle,
};
use sqlx::SqlitePool;
use time::Duration;
use tokio::sync::OnceCell;

pub use accounts::{Account, Role};
pub(crate) use accounts::{DEMO, Verified};
pub use database::Unavailable;
use database::{Database, Location};
pub(crate) use logins::{Current, Login, NewLogin};

/// The shop. Clones share it.
#[derive(Clone)]
pub struct Shop(Arc<Inner>);

struct Inner {
    location: Location,
    /// Opened at the first use.
    database: OnceCell<Database>,
    passwords: Passwords,
    guesses: Guesses,
    /// Limits the new accounts from one address: ten at once, and then one every six minutes. Each account costs a
    /// hash, and each answer reveals whether a name is taken.
    registrations: Throttle,
}

impl Shop {
    /// Creates a shop in memory, which ends with its last clone.
    pub fn in_memory(passwords: Passwords) -> Self {
        Self::at(Location::Memory, passwords)
    }

    /// Creates a shop in this file, which is created if there is none. Only its owner may read it.
    pub fn in_file(file: &Path, passwords: Passwords) -> Self {
        Self::at(Location::File(file.to_owned()), passwords)
    }

    fn at(location: Location, passwords: Passwords) -> Self {
        let registrations = Throttle::new(10, Duration::minutes(6));
        Self(Arc::new(Inner { location, database: OnceCell::new(), passwords, guesses: Guesses::new(), registrations }))
    }

    /// Opens the database, so that an unusable file is noticed at the start.
    ///
    /// # Errors
    /// The database cannot be opened, or the file is not an SQLite database.
    pub async fn open(&self) -> Result<(), Unavailable> {
        self.database().await.map(drop)
    }

    async fn database(&self) -> Result<&Database, Unavailable> {
        self.0.database.get_or_try_init(|| Database::open(&self.0.location, &self.0.passwords)).await
    }

    async fn pool(&self) -> Result<&SqlitePool, Unavailable> {
        Ok(&self.database().await?.pool)
    }

    async fn devices(&self) -> Result<&Devices, Unavailable> {
        Ok(&self.database().await?.devices)
    }
}

/// The reason why a name and a password were not checked.
pub(crate) enum Refused {
    TooMany(TooMany),
    NotChecked(NotChecked),
    Unavailable(Unavailable),
}

impl From<TooMany> for Refused {
    fn from(too_many: TooMany) -> Self {
        Self::TooMany(too_many)
    }
}

impl From<NotChecked> for Refused {
    fn from(not_checked: NotChecked) -> Self {
        Self::NotChecked(not_checked)
    }
}

impl From<Unavailable> for Refused {
    fn from(unavailable: Unavailable) -> Self {
        Self::Unavailable(unavailable)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::TooMany(too_many) => too_many.into_response(),
            Self::NotChecked(not_checked) => not_checked.into_response(),
            Self::Unavailable(unavailable) => unavailable.into_response(),
        }
    }
}
