//! All sessions in one file, which is read and written whole, by one at a time.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tower_sessions::{
    ExpiredDeletion, SessionStore,
    cookie::time::OffsetDateTime,
    session::{Id, Record},
    session_store::{Error, Result},
};

use super::{failed, hidden, is_readable};

#[derive(Clone, Debug)]
pub(in crate::folder) struct OneFile {
    file: PathBuf,
    turns: Arc<Mutex<()>>,
}

type All = BTreeMap<String, Entry>;

#[derive(Deserialize, Serialize)]
struct Entry {
    values: Vec<(String, Value)>,
    until: OffsetDateTime,
}

impl Entry {
    fn of(record: &Record) -> Self {
        let values = record.data.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        Self { values, until: record.expiry_date }
    }

    fn lives(&self) -> bool {
        self.until > OffsetDateTime::now_utc()
    }
}

impl OneFile {
    pub(in crate::folder) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self { file: folder.join("sessions.json"), turns: Arc::default() })
    }

    fn read(&self) -> Result<All> {
        match fs::read(&self.file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| Error::Decode(error.to_string())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(All::new()),
            Err(error) => Err(failed(error)),
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut All) -> T) -> Result<T> {
        let _turn = self.turns.lock().map_err(failed)?;
        let mut all = self.read()?;
        let done = change(&mut all);
        let new = self.file.with_extension("new");
        fs::write(&new, serde_json::to_vec(&all).map_err(failed)?).map_err(failed)?;
        fs::rename(new, &self.file).map_err(failed)?;
        Ok(done)
    }
}

#[async_trait]
impl SessionStore for OneFile {
    async fn create(&self, record: &mut Record) -> Result<()> {
        is_readable(record)?;
        self.change(|all| {
            while all.contains_key(&hidden(&record.id)) {
                record.id = Id::default();
            }
            all.insert(hidden(&record.id), Entry::of(record));
        })
    }

    async fn save(&self, record: &Record) -> Result<()> {
        is_readable(record)?;
        let saved = self.change(|all| match all.get_mut(&hidden(&record.id)).filter(|entry| entry.lives()) {
            Some(entry) => {
                *entry = Entry::of(record);
                true
            }
            None => false,
        })?;
        if saved { Ok(()) } else { Err(failed("there is no such session any more")) }
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let _turn = self.turns.lock().map_err(failed)?;
        let entry = self.read()?.remove(&hidden(id)).filter(Entry::lives);
        Ok(entry.map(|Entry { values, until }| Record {
            id: *id,
            data: values.into_iter().collect(),
            expiry_date: until,
        }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.change(|all| drop(all.remove(&hidden(id))))
    }
}

#[async_trait]
impl ExpiredDeletion for OneFile {
    async fn delete_expired(&self) -> Result<()> {
        self.change(|all| all.retain(|_, entry| entry.lives()))
    }
}
