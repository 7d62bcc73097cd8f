//! Exercise 5, store: the task and its hints are in README.md.
//!
//! `cargo test -p exercise-5` checks your answer, `cargo run -p exercise-5` lets you try it.
//! Change anything in this file except the name of the store, the signature of `open` and the two traits.

use std::{
    io,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use tower_sessions::{
    ExpiredDeletion, SessionStore,
    session::{Id, Record},
    session_store::Result,
};

/// Sessions in a folder. A clone is the same store.
#[derive(Clone, Debug)]
pub struct FileStore {
    folder: PathBuf,
}

impl FileStore {
    /// Opens the store in this folder, which may not exist yet.
    pub fn open(folder: &Path) -> io::Result<Self> {
        Ok(Self { folder: folder.to_owned() })
    }
}

#[async_trait]
impl SessionStore for FileStore {
    /// Stores a new session. If its ID is in use, another one is written into the record.
    async fn create(&self, _record: &mut Record) -> Result<()> {
        let _folder = &self.folder;
        todo!("write the record into the folder, unless there is one under this ID")
    }

    /// Stores an existing session again.
    async fn save(&self, _record: &Record) -> Result<()> {
        todo!("write the record, if there is one under this ID")
    }

    /// Returns the session, if there is one and it has not expired.
    async fn load(&self, _id: &Id) -> Result<Option<Record>> {
        todo!("read the record")
    }

    /// Deletes a session. There may be none.
    async fn delete(&self, _id: &Id) -> Result<()> {
        todo!("remove the record")
    }
}

#[async_trait]
impl ExpiredDeletion for FileStore {
    /// Deletes all sessions that have expired.
    async fn delete_expired(&self) -> Result<()> {
        todo!("remove the records whose time is over")
    }
}
