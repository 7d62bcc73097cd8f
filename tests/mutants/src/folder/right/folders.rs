//! A folder for each session, with its data and its end in two files. Making a folder is atomic.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::{Arc, RwLock},
};

use async_trait::async_trait;
use tower_sessions::{
    ExpiredDeletion, SessionStore,
    cookie::time::OffsetDateTime,
    session::{Id, Record},
    session_store::{Error, Result},
};

use super::{failed, hidden, is_readable};

#[derive(Clone, Debug)]
pub(in crate::folder) struct Folders {
    root: PathBuf,
    lock: Arc<RwLock<()>>,
}

impl Folders {
    pub(in crate::folder) fn open(folder: &Path) -> io::Result<Self> {
        let root = folder.join("by-key");
        fs::create_dir_all(&root)?;
        Ok(Self { root, lock: Arc::default() })
    }

    fn of(&self, id: &Id) -> PathBuf {
        self.root.join(hidden(id))
    }

    fn fill(folder: &Path, record: &Record) -> io::Result<()> {
        fs::write(folder.join("end"), record.expiry_date.unix_timestamp_nanos().to_string())?;
        fs::write(folder.join("data"), serde_json::to_string_pretty(&record.data)?)
    }

    fn end(folder: &Path) -> Result<Option<OffsetDateTime>> {
        let text = match fs::read_to_string(folder.join("end")) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text.map_err(failed)?,
        };
        let nanoseconds = text.parse().map_err(|_| Error::Decode("no date of its end".to_owned()))?;
        OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).map(Some).map_err(failed)
    }
}

#[async_trait]
impl SessionStore for Folders {
    async fn create(&self, record: &mut Record) -> Result<()> {
        is_readable(record)?;
        let _alone = self.lock.write().map_err(failed)?;
        loop {
            match fs::create_dir(self.of(&record.id)) {
                Ok(()) => return Self::fill(&self.of(&record.id), record).map_err(failed),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => record.id = Id::default(),
                Err(error) => return Err(failed(error)),
            }
        }
    }

    async fn save(&self, record: &Record) -> Result<()> {
        is_readable(record)?;
        let _alone = self.lock.write().map_err(failed)?;
        let folder = self.of(&record.id);
        match Self::end(&folder)? {
            Some(end) if end > OffsetDateTime::now_utc() => Self::fill(&folder, record).map_err(failed),
            _ => Ok(()),
        }
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let _shared = self.lock.read().map_err(failed)?;
        let folder = self.of(id);
        let Some(expiry_date) = Self::end(&folder)?.filter(|end| *end > OffsetDateTime::now_utc()) else {
            return Ok(None);
        };
        let data = fs::read(folder.join("data")).map_err(failed)?;
        let data = serde_json::from_slice(&data).map_err(|error| Error::Decode(error.to_string()))?;
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let _alone = self.lock.write().map_err(failed)?;
        match fs::remove_dir_all(self.of(id)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(error)),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl ExpiredDeletion for Folders {
    async fn delete_expired(&self) -> Result<()> {
        let _alone = self.lock.write().map_err(failed)?;
        for folder in fs::read_dir(&self.root).map_err(failed)? {
            let folder = folder.map_err(failed)?.path();
            if matches!(Self::end(&folder), Ok(Some(end)) if end <= OffsetDateTime::now_utc()) {
                fs::remove_dir_all(folder).map_err(failed)?;
            }
        }
        Ok(())
    }
}
