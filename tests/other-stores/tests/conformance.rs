//! Tests published session stores against the rules of `checks::store`, and lists the rules that they break. The book
//! shows the table.

use std::{fmt::Write, fs, path::PathBuf, time::Duration};

use checks::store::{Backend, rules};
use rusqlite::Connection;
use tempfile::TempDir;
use tower_sessions::{ExpiredDeletion, MemoryStore, session::Id, session_store::Result};
use tower_sessions_file_store::FileSessionStorage;
use tower_sessions_rusqlite_store::{RusqliteStore, tokio_rusqlite};

const DAMAGE: &[u8] = b"{\"data\": {\"user";

/// tower-sessions' own store in memory.
struct InMemory;

impl Backend for InMemory {
    type Store = MemoryStore;

    async fn open(&self) -> MemoryStore {
        MemoryStore::default()
    }

    fn keeps(&self) -> bool {
        false
    }

    async fn damage(&self, _: &Id) -> Option<()> {
        None
    }

    async fn contents(&self) -> Option<Vec<u8>> {
        None
    }

    async fn put_foreign(&self) -> Option<()> {
        None
    }

    async fn foreign_is_there(&self) -> bool {
        false
    }

    async fn clean(&self, _: &MemoryStore) -> Result<()> {
        Ok(()) // this store has no cleanup
    }
}

/// tower-sessions-file-store.
struct InFolder(TempDir);

impl InFolder {
    fn path(&self) -> PathBuf {
        self.0.path().join("sessions")
    }
}

impl Backend for InFolder {
    type Store = FileSessionStorage;

    async fn open(&self) -> FileSessionStorage {
        // By default the cleanup ignores files that are younger than sixty seconds.
        FileSessionStorage::new_in_folder(self.path()).set_minimum_expiry_date(Duration::ZERO)
    }

    fn keeps(&self) -> bool {
        true
    }

    async fn damage(&self, id: &Id) -> Option<()> {
        fs::write(self.path().join(id.to_string()), DAMAGE).ok()
    }

    async fn contents(&self) -> Option<Vec<u8>> {
        let files = fs::read_dir(self.path()).ok()?.flatten();
        let name_and_text =
            |file: fs::DirEntry| [file.file_name().into_encoded_bytes(), fs::read(file.path()).unwrap()];
        Some(files.flat_map(name_and_text).flatten().collect())
    }

    async fn put_foreign(&self) -> Option<()> {
        fs::create_dir_all(self.path()).ok()?;
        fs::write(self.path().join("letter.txt"), r#"{"data":{},"expires":1}"#).ok()
    }

    async fn foreign_is_there(&self) -> bool {
        self.path().join("letter.txt").exists()
    }

    async fn clean(&self, store: &FileSessionStorage) -> Result<()> {
        store.delete_expired().await
    }
}

/// tower-sessions-rusqlite-store.
struct InSqlite(TempDir);

impl InSqlite {
    fn connection(&self) -> Connection {
        let connection = Connection::open(self.0.path().join("sessions.sqlite")).unwrap();
        connection.busy_timeout(Duration::from_secs(60)).unwrap();
        connection
    }
}

impl Backend for InSqlite {
    type Store = RusqliteStore;

    async fn open(&self) -> RusqliteStore {
        let store = RusqliteStore::new(tokio_rusqlite::Connection::from(self.connection()));
        store.migrate().await.unwrap();
        store
    }

    fn keeps(&self) -> bool {
        true
    }

    async fn damage(&self, id: &Id) -> Option<()> {
        let update = "update tower_sessions set data = ?1 where id = ?2";
        self.connection().execute(update, (DAMAGE, id.to_string())).ok().map(drop)
    }

    async fn contents(&self) -> Option<Vec<u8>> {
        let connection = self.connection();
        let mut select = connection.prepare("select id, data from tower_sessions").unwrap();
        let row = |row: &rusqlite::Row<'_>| Ok([row.get::<_, String>(0)?.into_bytes(), row.get(1)?].concat());
        Some(select.query_map([], row).unwrap().flat_map(std::result::Result::unwrap).collect())
    }

    async fn put_foreign(&self) -> Option<()> {
        None // no other program has rows in this table
    }

    async fn foreign_is_there(&self) -> bool {
        false
    }

    async fn clean(&self, store: &RusqliteStore) -> Result<()> {
        store.delete_expired().await
    }
}

/// Returns the rules that this backend breaks.
async fn broken<B: Backend>(fresh: impl Fn() -> B) -> Vec<&'static str> {
    let mut broken = Vec::new();
    for rule in rules::<B>() {
        if (rule.run)(&fresh()).await.is_err() {
            broken.push(rule.id);
        }
    }
    broken
}

#[tokio::test]
async fn what_the_stores_of_others_break() {
    let folder = || tempfile::tempdir().unwrap();
    let stores = [broken(|| InFolder(folder())).await, broken(|| InSqlite(folder())).await, broken(|| InMemory).await];
    let mut table =
        "| rule | file-store 0.3 | rusqlite-store 0.15 | `MemoryStore` 0.15 |\n|---|---|---|---|\n".to_owned();
    let all = rules::<InMemory>();
    for rule in all.iter().filter(|rule| stores.iter().any(|broken| broken.contains(&rule.id))) {
        let cells = stores.each_ref().map(|broken| if broken.contains(&rule.id) { "broken" } else { "kept" });
        writeln!(table, "| `{}` | {} |", rule.id, cells.join(" | ")).unwrap();
    }
    let numbers = stores.each_ref().map(|broken| format!("{} of {}", broken.len(), all.len()));
    writeln!(table, "| **broken** | {} |", numbers.join(" | ")).unwrap();
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("what-they-break", table);
    });
}
