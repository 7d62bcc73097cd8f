//! A store in a folder, with one file for each session.

pub mod folder;

use std::{
    io::{self, ErrorKind},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use session_guard::version::{Version, note, noted};
use tower_sessions::{
    ExpiredDeletion, SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

use self::folder::{Folder, blocking};
use super::failed;
use crate::at_rest::{PREFIX, Stored, decode, encode, has_expired, key, refusal};

/// A folder on this machine. On Unix only the owner can read it and its files. Clones share one store.
#[derive(Clone, Debug)]
pub struct FileStore(Arc<Folder>);

impl FileStore {
    /// Opens the store, and creates the folder if there is none. A save or a delete fails if it waits longer than
    /// `limit` for the lock.
    ///
    /// # Errors
    /// The folder cannot be created or written to, or on Unix other users can open it. The error says what to do.
    pub fn open(folder: impl Into<PathBuf>, limit: Duration) -> io::Result<Self> {
        Ok(Self(Arc::new(Folder::open(folder.into(), limit)?)))
    }

    fn path(&self, id: &Id) -> PathBuf {
        self.0.path.join(key(id))
    }
}

#[async_trait]
impl SessionStore for FileStore {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let (version, mut id, store) = (Version::new(), record.id, self.clone());
        let mut file = self.0.write(encode(record, Some(version))?).await?;
        record.id = blocking(move |caller| {
            caller.still_waits()?;
            while let Err(taken) = file.persist_noclobber(store.path(&id)) {
                if taken.error.kind() != ErrorKind::AlreadyExists {
                    return Err(failed(taken.error));
                }
                id = Id::default();
                file = taken.file;
            }
            Ok(id)
        })
        .await?;
        self.0.sync().await?;
        note(&record.id, version);
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let (version, based_on) = (Version::new(), noted(&record.id)); // here, because another thread has no request
        let (store, id) = (self.clone(), record.id);
        let file = self.0.write(encode(record, Some(version))?).await?;
        let lock = self.0.lock().await?;
        blocking(move |caller| {
            let stored = store.0.read(&store.path(&id))?.map(|value| decode(&id, &value)).transpose()?;
            if let Some(error) = refusal(stored.as_ref(), based_on) {
                return Err(error);
            }
            caller.still_waits()?;
            file.persist(store.path(&id)).map_err(failed)?;
            drop(lock);
            Ok(())
        })
        .await?;
        self.0.sync().await?;
        note(&record.id, version);
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let (store, id) = (self.clone(), *id);
        let value = blocking(move |_| store.0.read(&store.path(&id))).await?;
        let stored = value.map(|value| decode(&id, &value)).transpose()?;
        Ok(stored.and_then(Stored::loaded))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let (path, lock) = (self.path(id), self.0.lock().await?);
        blocking(move |caller| {
            caller.still_waits()?;
            folder::remove(&path)?;
            drop(lock);
            Ok(())
        })
        .await?;
        self.0.sync().await
    }
}

#[async_trait]
impl ExpiredDeletion for FileStore {
    async fn delete_expired(&self) -> Result<()> {
        let store = self.clone();
        let expired = blocking(move |_| {
            let expired = |path: &PathBuf| match store.0.read(path) {
                Err(Error::Decode(_)) => Ok(false), // a load with its ID reports it
                read => read.map(|value| value.is_some_and(|value| has_expired(&value))),
            };
            let mut found = Vec::new();
            for path in store.0.files_beginning_with(PREFIX)? {
                if expired(&path)? {
                    found.push(path);
                }
            }
            Ok(found)
        })
        .await?;
        for path in expired {
            // One file at a time, so that no request waits for the whole folder. A file may have been saved in the
            // meantime.
            let (store, lock) = (self.clone(), self.0.lock().await?);
            blocking(move |_| {
                if store.0.read(&path)?.is_some_and(|value| has_expired(&value)) {
                    folder::remove(&path)?;
                }
                drop(lock);
                Ok(())
            })
            .await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_change_is_on_the_disk_before_it_is_acknowledged() {
        let outer = tempfile::tempdir().unwrap();
        let store = FileStore::open(outer.path().join("sessions"), Duration::from_secs(60)).unwrap();
        let expiry_date = time::OffsetDateTime::now_utc() + time::Duration::hours(1);
        let mut record = Record { id: Id::default(), data: Default::default(), expiry_date };
        store.create(&mut record).await.unwrap();
        assert_eq!(store.0.changes_on_disk().await, 1);
        store.save(&record).await.unwrap();
        assert_eq!(store.0.changes_on_disk().await, 2);
        store.delete(&record.id).await.unwrap();
        assert_eq!(store.0.changes_on_disk().await, 3);
    }
}
