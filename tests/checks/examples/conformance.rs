//! Holds a session store to every rule. Run with `cargo run -p checks --example conformance`.

use checks::store::{Backend, rules};
use tower_sessions::{MemoryStore, session::Id, session_store::Result};

/// The store under test; here the one that tower-sessions brings along.
struct InMemory;

impl Backend for InMemory {
    type Store = MemoryStore;

    async fn open(&self) -> MemoryStore {
        MemoryStore::default() // a store in a file or a server is opened on the same one each time
    }

    fn keeps(&self) -> bool {
        false // its sessions end with it
    }

    async fn damage(&self, _: &Id) -> Option<()> {
        None // there are no bytes that could be damaged
    }

    async fn contents(&self) -> Option<Vec<u8>> {
        None // and none that could be read
    }

    async fn put_foreign(&self) -> Option<()> {
        None // and nobody else's entries beside them
    }

    async fn foreign_is_there(&self) -> bool {
        false
    }

    async fn clean(&self, _: &MemoryStore) -> Result<()> {
        Ok(()) // your store's `delete_expired`
    }
}

#[tokio::main]
async fn main() {
    for rule in rules::<InMemory>() {
        // A fresh backend for each rule: a new folder, a new table, an emptied server.
        match (rule.run)(&InMemory).await {
            Ok(()) => println!("kept    {}", rule.id),
            Err(miss) => println!("BROKEN  {}: {miss:?}", rule.id),
        }
    }
}
