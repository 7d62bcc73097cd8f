//! Right in every call, and nothing holds two calls apart: a look, and then a file is renamed.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use tower_sessions::{
    ExpiredDeletion, SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

#[derive(Clone, Debug)]
pub(super) struct Plain(PathBuf);

#[derive(Deserialize, Serialize)]
struct Entry {
    data: HashMap<String, Value>,
    until: OffsetDateTime,
}

impl Plain {
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self(folder.to_owned()))
    }

    fn path(&self, id: &Id) -> PathBuf {
        self.0.join(format!("{}.plain", super::right::hidden(id)))
    }

    /// A whole file under a name of its own.
    fn written(&self, record: &Record) -> Result<PathBuf> {
        super::right::is_readable(record)?;
        let entry = Entry { data: record.data.clone(), until: record.expiry_date };
        let file = self.0.join(format!("{}.new", super::right::hidden(&Id::default())));
        fs::write(&file, serde_json::to_vec(&entry).map_err(failed)?).map_err(failed)?;
        Ok(file)
    }
}

fn read(path: &Path) -> Result<Option<Entry>> {
    let Ok(bytes) = fs::read(path) else { return Ok(None) };
    let entry: Entry = serde_json::from_slice(&bytes).map_err(|error| Error::Decode(error.to_string()))?;
    Ok(Some(entry).filter(|entry| entry.until > OffsetDateTime::now_utc()))
}

#[async_trait]
impl SessionStore for Plain {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let file = self.written(record)?;
        while let Err(error) = fs::hard_link(&file, self.path(&record.id)) {
            if error.kind() != io::ErrorKind::AlreadyExists {
                return Err(failed(error));
            }
            record.id = Id::default();
        }
        fs::remove_file(file).map_err(failed)
    }

    async fn save(&self, record: &Record) -> Result<()> {
        match read(&self.path(&record.id))? {
            Some(_) => fs::rename(self.written(record)?, self.path(&record.id)).map_err(failed),
            None => Ok(()),
        }
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let entry = read(&self.path(id))?;
        Ok(entry.map(|Entry { data, until }| Record { id: *id, data, expiry_date: until }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let _ = fs::remove_file(self.path(id)); // or it is gone already
        Ok(())
    }
}

#[async_trait]
impl ExpiredDeletion for Plain {
    async fn delete_expired(&self) -> Result<()> {
        for file in fs::read_dir(&self.0).map_err(failed)?.flatten() {
            let path = file.path();
            if path.extension().is_some_and(|ending| ending == "plain") && matches!(read(&path), Ok(None)) {
                let _ = fs::remove_file(path); // or it is gone already
            }
        }
        Ok(())
    }
}

fn failed(error: impl ToString) -> Error {
    Error::Backend(error.to_string())
}
