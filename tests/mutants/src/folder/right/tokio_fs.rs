//! tokio's files and tokio's lock; the first line of a file is its session's end.

use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use tokio::{fs, sync::Mutex};
use tower_sessions::{
    ExpiredDeletion, SessionStore,
    cookie::time::OffsetDateTime,
    session::{Id, Record},
    session_store::{Error, Result},
};

use super::{failed, hidden, is_readable};

#[derive(Clone, Debug)]
pub(in crate::folder) struct Async {
    folder: PathBuf,
    turns: Arc<Mutex<()>>,
}

impl Async {
    pub(in crate::folder) fn open(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned(), turns: Arc::default() })
    }

    fn path(&self, id: &Id) -> PathBuf {
        self.folder.join(format!("session-{}", hidden(id)))
    }

    async fn write(&self, record: &Record) -> Result<()> {
        let data = serde_json::to_string(&record.data).map_err(failed)?;
        let text = format!("{}\n{data}", record.expiry_date.unix_timestamp_nanos());
        let new = self.folder.join(format!("new-{}", hidden(&Id::default())));
        fs::write(&new, text).await.map_err(failed)?;
        fs::rename(new, self.path(&record.id)).await.map_err(failed)
    }
}

async fn read(path: &Path) -> Result<Option<(OffsetDateTime, String)>> {
    let text = match fs::read_to_string(path).await {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let damaged = || Error::Decode(format!("{} is damaged", path.display()));
    let (end, data) = text.split_once('\n').ok_or_else(damaged)?;
    let end = OffsetDateTime::from_unix_timestamp_nanos(end.parse().map_err(|_| damaged())?).map_err(failed)?;
    Ok((end > OffsetDateTime::now_utc()).then(|| (end, data.to_owned())))
}

#[async_trait]
impl SessionStore for Async {
    async fn create(&self, record: &mut Record) -> Result<()> {
        is_readable(record)?;
        let _turn = self.turns.lock().await;
        while fs::try_exists(self.path(&record.id)).await.map_err(failed)? {
            record.id = Id::default();
        }
        self.write(record).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        is_readable(record)?;
        let _turn = self.turns.lock().await;
        match read(&self.path(&record.id)).await? {
            Some(_) => self.write(record).await,
            None => Ok(()),
        }
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let Some((expiry_date, data)) = read(&self.path(id)).await? else { return Ok(None) };
        let data = serde_json::from_str(&data).map_err(|error| Error::Decode(error.to_string()))?;
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let _turn = self.turns.lock().await;
        match fs::remove_file(self.path(id)).await {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(error)),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl ExpiredDeletion for Async {
    async fn delete_expired(&self) -> Result<()> {
        let mut files = fs::read_dir(&self.folder).await.map_err(failed)?;
        while let Some(file) = files.next_entry().await.map_err(failed)? {
            if !file.file_name().to_string_lossy().starts_with("session-") {
                continue;
            }
            let _turn = self.turns.lock().await;
            if matches!(read(&file.path()).await, Ok(None)) {
                let _ = fs::remove_file(file.path()).await; // or somebody else did
            }
        }
        Ok(())
    }
}
