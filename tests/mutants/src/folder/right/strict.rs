//! Refuses what is bigger than 100 KiB or already over; the solution does the rest.

use std::{io, path::Path};

use async_trait::async_trait;
use solution_5::FileStore;
use tower_sessions::{
    ExpiredDeletion, SessionStore,
    cookie::time::OffsetDateTime,
    session::{Id, Record},
    session_store::{Error, Result},
};

use super::failed;

const LONGEST: usize = 100 * 1024;

#[derive(Clone, Debug)]
pub(in crate::folder) struct Strict(FileStore);

impl Strict {
    pub(in crate::folder) fn open(folder: &Path) -> io::Result<Self> {
        FileStore::open(folder).map(Self)
    }
}

fn fits(record: &Record) -> Result<()> {
    let length = serde_json::to_vec(&record.data).map_err(failed)?.len();
    match length {
        0..=LONGEST if record.expiry_date > OffsetDateTime::now_utc() => Ok(()),
        0..=LONGEST => Err(Error::Backend("this session is over before it begins".to_owned())),
        _ => Err(Error::Backend(format!("a session of {length} bytes is too big"))),
    }
}

#[async_trait]
impl SessionStore for Strict {
    async fn create(&self, record: &mut Record) -> Result<()> {
        fits(record)?;
        match self.0.load(&record.id).await? {
            Some(_) => Err(Error::Backend("this ID is in use".to_owned())),
            None => self.0.create(record).await,
        }
    }

    async fn save(&self, record: &Record) -> Result<()> {
        fits(record)?;
        self.0.save(record).await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        self.0.load(id).await
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.0.delete(id).await
    }
}

#[async_trait]
impl ExpiredDeletion for Strict {
    async fn delete_expired(&self) -> Result<()> {
        self.0.delete_expired().await
    }
}
