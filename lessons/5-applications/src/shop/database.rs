//! The database: its location, its tables, and its errors.

use std::{fmt, fs, io, path::PathBuf, time::Duration};

use axum::{
    http::{StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use lesson_4::defence::{
    device::Devices,
    password::{NotChecked, Passwords},
};
use sqlx::{
    ConnectOptions, Connection, Sqlite, SqliteConnection, SqlitePool, Transaction, query, query_scalar,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};
use tower_sessions::session::Id;

use super::accounts::{DEMO, insert};

/// The maximum wait for a connection, and the maximum wait for a lock. Together they are one second.
const PATIENCE: Duration = Duration::from_millis(500);

/// The location of the database.
pub(super) enum Location {
    Memory,
    File(PathBuf),
}

/// The open database.
pub(super) struct Database {
    pub(super) pool: SqlitePool,
    /// The key is in the database, so that the shop still recognizes its customers' browsers after a restart.
    pub(super) devices: Devices,
    /// A database in memory ends with its last connection, and the pool may close its connections. This connection only
    /// keeps the database open.
    _keeper: Option<SqliteConnection>,
}

/// A number is never reused, so that a button on an old page never acts on another account.
const TABLES: [&str; 4] = [
    "create table if not exists accounts (
        id integer primary key autoincrement, name text not null unique, hash text not null, role text not null)",
    "create table if not exists logins (
        id integer primary key autoincrement, handle text not null unique, agent text not null,
        account integer not null references accounts on delete cascade,
        begun integer not null, seen integer not null, confirmed integer not null default 0)",
    // An order outlives its account, and still has its owner's name.
    "create table if not exists orders (
        token text primary key, cart text not null, items text not null, bought integer not null, name text not null,
        account integer references accounts on delete set null)",
    "create table if not exists secrets (name text primary key, value blob not null)",
];

const INDEXES: [&str; 3] = [
    "create unique index if not exists orders_cart on orders (cart)",
    "create index if not exists logins_seen on logins (seen)",
    "create index if not exists logins_begun on logins (begun)",
];

/// Columns that earlier versions did not have: the table, the column, and the statements that add it.
const ADDED: [(&str, &str, &[&str]); 3] = [
    ("logins", "confirmed", &["alter table logins add confirmed integer not null default 0"]),
    (
        "orders",
        "name",
        &[
            "alter table orders add name text not null default ''",
            "update orders set name = (select name from accounts where id = account)",
        ],
    ),
    ("orders", "cart", &["alter table orders add cart text not null default ''", "update orders set cart = token"]),
];

/// Renames the tables of earlier versions, so that new ones can have their names. All references follow them, so
/// nothing is deleted.
const MAKE_ROOM: [&str; 3] = [
    "alter table accounts rename to old_accounts",
    "alter table logins rename to old_logins",
    "alter table orders rename to old_orders",
];

const MOVE: [&str; 6] = [
    "insert into accounts (id, name, hash, role) select id, name, hash, role from old_accounts",
    "insert into logins (id, handle, agent, account, begun, seen, confirmed)
        select id, handle, agent, account, begun, seen, confirmed from old_logins",
    "insert into orders (token, cart, items, bought, name, account)
        select token, cart, items, bought, name, account from old_orders order by rowid",
    "drop table old_logins",
    "drop table old_orders",
    "drop table old_accounts",
];

impl Database {
    pub(super) async fn open(location: &Location, passwords: &Passwords) -> Result<Self, Unavailable> {
        let mut hashes = Vec::new();
        for (_, password, _) in DEMO {
            hashes.push(passwords.hash(password.to_owned()).await?);
        }
        let to = location.options()?.busy_timeout(PATIENCE);
        let keeper = match location {
            Location::Memory => Some(to.connect().await?),
            Location::File(_) => None,
        };
        let pool = pool(to).await?;
        let key = prepare(&pool, hashes).await?;
        location.keep_private()?;
        Ok(Self { pool, devices: Devices::new(key), _keeper: keeper })
    }
}

/// Opens one connection, because SQLite lets one write at a time. It is not tested before use, because a request that
/// is dropped during the test would close it. It is tested after use: when a disk is full, SQLite itself ends a
/// transaction, the pool's rollback fails, and so would every later transaction. Such a connection is replaced.
async fn pool(to: SqliteConnectOptions) -> Result<SqlitePool, Unavailable> {
    let options = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    let options = options.acquire_timeout(PATIENCE).test_before_acquire(false);
    Ok(options.after_release(|connection, _| Box::pin(is_out_of_transactions(connection))).connect_with(to).await?)
}

async fn is_out_of_transactions(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    connection.ping().await?; // waits for earlier commands, such as a rollback
    Ok(!connection.is_in_transaction())
}

/// Creates missing tables and columns, all of them or none. Returns the key of the device cookies.
async fn prepare(pool: &SqlitePool, hashes: Vec<String>) -> Result<[u8; 32], Unavailable> {
    let mut changes = begin(pool).await?;
    run(&mut changes, &TABLES).await?;
    migrate(&mut changes).await?;
    run(&mut changes, &INDEXES).await?;
    let any: i64 = query_scalar("select count(*) from accounts").fetch_one(&mut *changes).await?;
    if any == 0 {
        for ((name, _, role), hash) in DEMO.iter().zip(&hashes) {
            insert(&mut changes, name, hash, *role).await?;
        }
    }
    let key = [Id::default(), Id::default()].map(|id| id.0.to_be_bytes()).concat();
    query("insert into secrets (name, value) values ('devices', ?) on conflict do nothing")
        .bind(key)
        .execute(&mut *changes)
        .await?;
    let key: Vec<u8> =
        query_scalar("select value from secrets where name = 'devices'").fetch_one(&mut *changes).await?;
    commit(changes).await?;
    key.try_into()
        .map_err(|_| Unavailable::NothingDone("the key of the device cookies does not have 32 bytes".to_owned()))
}

/// Converts the tables of any earlier version to the present ones, with all their data.
async fn migrate(changes: &mut Transaction<'_, Sqlite>) -> Result<(), Unavailable> {
    for (table, column, steps) in ADDED {
        if !has_column(changes, table, column).await? {
            run(changes, steps).await?;
        }
    }
    let uses_numbers_again: bool =
        query_scalar("select sql not like '%autoincrement%' from sqlite_master where name = 'accounts'")
            .fetch_one(&mut **changes)
            .await?;
    if uses_numbers_again {
        run(changes, &MAKE_ROOM).await?;
        run(changes, &TABLES).await?;
        run(changes, &MOVE).await?;
    }
    Ok(())
}

async fn run(changes: &mut Transaction<'_, Sqlite>, steps: &[&'static str]) -> Result<(), Unavailable> {
    for step in steps {
        query(*step).execute(&mut **changes).await?;
    }
    Ok(())
}

async fn has_column(changes: &mut Transaction<'_, Sqlite>, table: &str, column: &str) -> Result<bool, Unavailable> {
    let found: i64 = query_scalar("select count(*) from pragma_table_info(?) where name = ?")
        .bind(table)
        .bind(column)
        .fetch_one(&mut **changes)
        .await?;
    Ok(found > 0)
}

impl Location {
    fn options(&self) -> Result<SqliteConnectOptions, Unavailable> {
        match self {
            Self::Memory => Ok("sqlite::memory:".parse()?), // shared by connections, but not by other shops
            Self::File(file) => {
                create_private(file)?;
                Ok(SqliteConnectOptions::new().filename(file).journal_mode(SqliteJournalMode::Wal))
            }
        }
    }

    /// Makes a file of an earlier version private, which everybody could read, together with SQLite's files beside it.
    fn keep_private(&self) -> io::Result<()> {
        let Self::File(file) = self else { return Ok(()) };
        for ending in ["", "-wal", "-shm"] {
            let mut name = file.clone().into_os_string();
            name.push(ending);
            match private(name.as_ref()) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                done => done?,
            }
        }
        Ok(())
    }
}

/// Creates the file if there is none. Only its owner can read it, because it has password hashes. SQLite gives the same
/// mode to the files beside it. A new folder is private, too. An existing folder stays as it is.
fn create_private(file: &std::path::Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.append(true).create(true);
    let mut folder = fs::DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    }
    if let Some(parent) = file.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        folder.create(parent)?;
    }
    options.open(file).map(drop)
}

#[cfg(unix)]
fn private(file: &std::path::Path) -> io::Result<()> {
    fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600))
}

#[cfg(not(unix))]
fn private(_: &std::path::Path) -> io::Result<()> {
    Ok(()) // the folder's access list is inherited
}

/// Begins a change of more than one statement. It takes the write lock first, so that no later statement finds it
/// taken. If it is dropped without [`commit`], nothing changes.
pub(super) async fn begin(pool: &SqlitePool) -> Result<Transaction<'static, Sqlite>, Unavailable> {
    Ok(pool.begin_with("begin immediate").await?)
}

/// Commits the changes. If this fails, the outcome is unknown.
pub(super) async fn commit(changes: Transaction<'_, Sqlite>) -> Result<(), Unavailable> {
    changes.commit().await.map_err(|error| Unavailable::Unknown(error.to_string()))
}

/// A failed query to the database. The reason is for the log, and for the person who starts the shop.
#[derive(Debug)]
pub enum Unavailable {
    /// Nothing has changed.
    NothingDone(String),
    /// No answer came, so the change may have happened.
    Unknown(String),
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::NothingDone(reason) | Self::Unknown(reason)) = self;
        f.write_str(reason)
    }
}

impl From<sqlx::Error> for Unavailable {
    fn from(error: sqlx::Error) -> Self {
        Self::NothingDone(error.to_string())
    }
}

impl From<io::Error> for Unavailable {
    fn from(error: io::Error) -> Self {
        Self::NothingDone(error.to_string())
    }
}

impl From<NotChecked> for Unavailable {
    fn from(error: NotChecked) -> Self {
        Self::NothingDone(error.to_string())
    }
}

impl IntoResponse for Unavailable {
    fn into_response(self) -> Response {
        tracing::error!(reason = %self, "the shop's database is unavailable");
        let sentence = match self {
            Self::NothingDone(_) => "The shop's database does not answer, so nothing was done. Please try again.\n",
            Self::Unknown(_) => {
                "The shop's database did not say whether that was done. Check before you do it \
                                 again.\n"
            }
        };
        (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "2")], sentence).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_database_in_memory_outlives_its_connections_and_is_the_shops_alone() {
        let [one, other] = [Location::Memory, Location::Memory];
        let one = Database::open(&one, &Passwords::quick()).await.unwrap();
        let other = Database::open(&other, &Passwords::quick()).await.unwrap();
        query("delete from accounts").execute(&one.pool).await.unwrap();
        one.pool.acquire().await.unwrap().close().await.unwrap();
        for (database, accounts) in [(one, 0), (other, 3)] {
            let found: i64 = query_scalar("select count(*) from accounts").fetch_one(&database.pool).await.unwrap();
            assert_eq!(found, accounts);
        }
    }

    #[tokio::test]
    async fn a_transaction_that_sqlite_ended_by_itself_blocks_no_other() {
        let database = Database::open(&Location::Memory, &Passwords::quick()).await.unwrap();
        query("create trigger fault before delete on accounts begin select raise(rollback, 'a full disk'); end")
            .execute(&database.pool)
            .await
            .unwrap();
        for _ in 0..3 {
            let mut changes = begin(&database.pool).await.unwrap();
            let failed = query("delete from accounts").execute(&mut *changes).await.unwrap_err();
            assert!(failed.to_string().contains("a full disk"), "{failed}");
        }
        let mut changes = begin(&database.pool).await.unwrap();
        query("update accounts set name = 'dora' where id = 1").execute(&mut *changes).await.unwrap();
        commit(changes).await.unwrap();
        let names: Vec<String> =
            query_scalar("select name from accounts order by id").fetch_all(&database.pool).await.unwrap();
        assert_eq!(names, ["dora", "bob", "carol"]);
    }

    #[test]
    fn a_missing_file_needs_no_private_mode_and_any_other_failure_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shop.db");
        Location::File(file.clone()).keep_private().unwrap();
        fs::write(&file, "").unwrap();
        let below_a_file = Location::File(file.join("shop.db"));
        assert!(!cfg!(unix) || below_a_file.keep_private().is_err());
    }
}
