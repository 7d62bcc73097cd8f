//! Exercise 5, store, solved.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use tokio::task::spawn_blocking;
use tower_sessions::{
    ExpiredDeletion, SessionStore,
    cookie::time::OffsetDateTime,
    session::{Id, Record},
    session_store::{Error, Result},
};

/// Sessions in a folder, with one file for each. Clones share the store.
#[derive(Clone, Debug)]
pub struct FileStore {
    folder: PathBuf,
}

/// The extension of the store's files.
const ENDING: &str = "session";

/// The content of a file. It does not contain the ID.
#[derive(Deserialize, Serialize)]
struct Entry {
    data: HashMap<String, Value>,
    expires: OffsetDateTime,
}

impl Entry {
    fn has_expired(&self) -> bool {
        self.expires <= OffsetDateTime::now_utc()
    }
}

impl FileStore {
    /// Opens the store in this folder, which may not exist yet.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Returns the path of a session's file. The name does not reveal the ID, and every file system accepts it.
    fn path(&self, id: &Id) -> PathBuf {
        self.folder.join(format!("{:x}.{ENDING}", Sha256::digest(id.to_string())))
    }

    /// Writes a complete file under a temporary name.
    fn written(&self, record: &Record) -> Result<NamedTempFile> {
        let entry = Entry { data: record.data.clone(), expires: record.expiry_date };
        let bytes = serde_json::to_vec(&entry).map_err(|error| Error::Encode(error.to_string()))?;
        // serde_json writes data that is nested too deeply for it to read. Such data is refused, because no load could
        // read it.
        serde_json::from_slice::<Entry>(&bytes).map_err(|error| Error::Encode(error.to_string()))?;
        let mut file = NamedTempFile::new_in(&self.folder).map_err(failed)?;
        file.write_all(&bytes).map_err(failed)?;
        Ok(file)
    }

    /// Locks the folder. No other writer, in any process, can write until the result is dropped.
    fn lock(&self) -> Result<File> {
        let lock = File::options().create(true).append(true).open(self.folder.join(".lock")).map_err(failed)?;
        lock.lock().map_err(failed)?;
        Ok(lock)
    }

    /// Runs `work` on a thread that may block.
    async fn at_work<T: Send + 'static>(&self, work: impl FnOnce(Self) -> Result<T> + Send + 'static) -> Result<T> {
        let store = self.clone();
        spawn_blocking(move || work(store)).await.unwrap_or_else(|error| Err(Error::Backend(error.to_string())))
    }
}

#[async_trait]
impl SessionStore for FileStore {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let mut new = record.clone();
        record.id = self
            .at_work(move |store| {
                let mut file = store.written(&new)?;
                while let Err(taken) = file.persist_noclobber(store.path(&new.id)) {
                    if taken.error.kind() != ErrorKind::AlreadyExists {
                        return Err(failed(taken.error));
                    }
                    (new.id, file) = (Id::default(), taken.file);
                }
                Ok(new.id)
            })
            .await?;
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let record = record.clone();
        self.at_work(move |store| {
            let (path, file) = (store.path(&record.id), store.written(&record)?);
            let _nobody_else_writes = store.lock()?;
            if read(&path)?.is_some_and(|entry| !entry.has_expired()) {
                file.persist(path).map_err(failed)?;
            }
            Ok(())
        })
        .await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let id = *id;
        self.at_work(move |store| {
            let entry = read(&store.path(&id))?.filter(|entry| !entry.has_expired());
            Ok(entry.map(|Entry { data, expires }| Record { id, data, expiry_date: expires }))
        })
        .await
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let id = *id;
        self.at_work(move |store| {
            let _nobody_else_writes = store.lock()?;
            removed(&store.path(&id))
        })
        .await
    }
}

#[async_trait]
impl ExpiredDeletion for FileStore {
    async fn delete_expired(&self) -> Result<()> {
        self.at_work(|store| {
            for entry in fs::read_dir(&store.folder).map_err(failed)? {
                let path = entry.map_err(failed)?.path();
                if path.extension().is_none_or(|ending| ending != ENDING) {
                    continue; // not a file of this store
                }
                let _nobody_else_writes = store.lock()?;
                // A damaged record stays, so that a person can check it. The others are still removed.
                if read(&path).is_ok_and(|entry| entry.is_some_and(|entry| entry.has_expired())) {
                    removed(&path)?;
                }
            }
            Ok(())
        })
        .await
    }
}

fn read(path: &Path) -> Result<Option<Entry>> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| Error::Decode(error.to_string())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

fn removed(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(error)),
        _ => Ok(()),
    }
}

fn failed(error: impl ToString) -> Error {
    Error::Backend(error.to_string())
}
