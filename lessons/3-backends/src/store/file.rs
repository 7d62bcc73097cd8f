//! In a folder, a file for each session.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use tempfile::NamedTempFile;
use tokio::task::spawn_blocking;
use tower_sessions::{
    ExpiredDeletion, SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

use super::failed;
use crate::at_rest::{PREFIX, decode, encode, has_expired, key};

/// A folder. On Unix it and its files are for their owner alone.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes the folder if there is none.
    ///
    /// # Errors
    /// It cannot be made, or is none of ours to write in.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder)?;
        NamedTempFile::new_in(&folder)?;
        Ok(Self(folder))
    }

    fn path(&self, id: &Id) -> PathBuf {
        self.0.join(key(id))
    }

    // ANCHOR: write
    /// A new file with this record, under a name that nobody looks for. It becomes the session's in one step,
    /// so that no reader meets half a record. tempfile makes it readable by its owner alone (0600).
    fn write(&self, record: &Record) -> Result<NamedTempFile> {
        let value = encode(record)?;
        let write = || {
            let mut file = NamedTempFile::new_in(&self.0)?;
            file.write_all(&value)?;
            file.as_file().sync_all()?;
            Ok(file)
        };
        write().map_err(|error: io::Error| failed(error))
    }
    // ANCHOR_END: write

    // ANCHOR: lock
    /// Holds off all other writers, of this process and of others, until the file is closed.
    ///
    /// A rename alone would put the record of a deleted session back: whether it is still there must be seen,
    /// and stay so, until the rename is done.
    fn lock(&self) -> io::Result<File> {
        let lock = File::options().create(true).append(true).open(self.0.join(".lock"))?;
        lock.lock()?;
        Ok(lock)
    }
    // ANCHOR_END: lock
}

// ANCHOR: store
#[async_trait]
impl SessionStore for Folder {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let (folder, mut new) = (self.clone(), record.clone());
        record.id = blocking(move || {
            let mut file = folder.write(&new)?;
            while let Err(taken) = file.persist_noclobber(folder.path(&new.id)) {
                if taken.error.kind() != ErrorKind::AlreadyExists {
                    return Err(failed(taken.error));
                }
                new.id = Id::default();
                file = taken.file;
            }
            Ok(new.id)
        })
        .await?;
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let (folder, record) = (self.clone(), record.clone());
        blocking(move || {
            let (path, file) = (folder.path(&record.id), folder.write(&record)?);
            let _lock = folder.lock().map_err(failed)?;
            if read(&path)?.is_some_and(|value| !has_expired(&value)) {
                file.persist(path).map_err(failed)?;
            }
            Ok(())
        })
        .await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let (path, id) = (self.path(id), *id);
        blocking(move || read(&path)?.map_or(Ok(None), |value| decode(&id, &value))).await
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let (folder, path) = (self.clone(), self.path(id));
        blocking(move || {
            let _lock = folder.lock().map_err(failed)?;
            remove(&path)
        })
        .await
    }
}
// ANCHOR_END: store

#[async_trait]
impl ExpiredDeletion for Folder {
    async fn delete_expired(&self) -> Result<()> {
        let folder = self.clone();
        blocking(move || {
            for entry in fs::read_dir(&folder.0).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
                    continue;
                }
                // One file at a time, so that nobody waits for the whole folder.
                let _lock = folder.lock().map_err(failed)?;
                if read(&entry.path())?.is_some_and(|value| has_expired(&value)) {
                    remove(&entry.path())?;
                }
            }
            Ok(())
        })
        .await
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(error)),
        _ => Ok(()),
    }
}

/// Files are read and written on threads that may wait; those that answer requests must not.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    spawn_blocking(work).await.unwrap_or_else(|error| Err(Error::Backend(error.to_string())))
}
