//! The date of a session's end is the date of its file.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
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
pub(in crate::folder) struct Dates {
    folder: PathBuf,
    turns: Arc<Mutex<()>>,
}

impl Dates {
    pub(in crate::folder) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned(), turns: Arc::default() })
    }

    fn path(&self, id: &Id) -> PathBuf {
        self.folder.join(hidden(id)).with_extension("dated")
    }

    fn fill(mut file: File, record: &Record) -> io::Result<()> {
        serde_json::to_writer(&file, &record.data)?;
        file.flush()?;
        let milliseconds = record.expiry_date.unix_timestamp_nanos() / 1_000_000;
        let since_1970 = Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default());
        file.set_modified(SystemTime::UNIX_EPOCH + since_1970)
    }
}

fn end(path: &Path) -> Result<Option<OffsetDateTime>> {
    match fs::metadata(path).and_then(|file| file.modified()) {
        Ok(date) => Ok(Some(date.into()).filter(|date: &OffsetDateTime| *date > OffsetDateTime::now_utc())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

#[async_trait]
impl SessionStore for Dates {
    async fn create(&self, record: &mut Record) -> Result<()> {
        is_readable(record)?;
        let _turn = self.turns.lock().map_err(failed)?;
        loop {
            match File::create_new(self.path(&record.id)) {
                Ok(file) => return Self::fill(file, record).map_err(failed),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => record.id = Id::default(),
                Err(error) => return Err(failed(error)),
            }
        }
    }

    async fn save(&self, record: &Record) -> Result<()> {
        is_readable(record)?;
        let _turn = self.turns.lock().map_err(failed)?;
        let path = self.path(&record.id);
        if end(&path)?.is_none() {
            return Err(failed("too late"));
        }
        Self::fill(File::create(path).map_err(failed)?, record).map_err(failed)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let _turn = self.turns.lock().map_err(failed)?;
        let path = self.path(id);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            bytes => bytes.map_err(failed)?,
        };
        // Damage changes the date as well: look at the content first.
        let data = serde_json::from_slice(&bytes).map_err(|error| Error::Decode(error.to_string()))?;
        Ok(end(&path)?.map(|expiry_date| Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let _turn = self.turns.lock().map_err(failed)?;
        match fs::remove_file(self.path(id)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(error)),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl ExpiredDeletion for Dates {
    async fn delete_expired(&self) -> Result<()> {
        let _turn = self.turns.lock().map_err(failed)?;
        for file in fs::read_dir(&self.folder).map_err(failed)?.flatten() {
            let path = file.path();
            if path.extension().is_some_and(|ending| ending == "dated") && matches!(end(&path), Ok(None)) {
                fs::remove_file(path).map_err(failed)?;
            }
        }
        Ok(())
    }
}
