//! The records that Flask-Session 0.8 stores in files with cachelib, as a store for tower-sessions.
//!
//! cachelib writes pickles, and reading one runs the code in it. So Flask must write MessagePack instead, with the
//! class in `lessons/6-beyond/flask/plain_files.py`. As in [`stores`](super::stores), it must also make IDs of 128
//! bits, with `SESSION_ID_LENGTH = 16`.

use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use lesson_3::store::file::folder::{Folder, blocking, remove};
use md5::{Digest, Md5};
use session_guard::{note_failure, version::noted};
use time::OffsetDateTime;
use tower_sessions::{
    ExpiredDeletion, SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

use super::record::{LIFETIME, failed, hexadecimal, packed, refusal, seen, unpacked};

/// The store in the folder of a `FileSystemCache`. Clones share it.
#[derive(Clone, Debug)]
pub struct FlaskFiles {
    folder: Arc<Folder>,
    /// `SESSION_KEY_PREFIX`
    prefix: String,
}

impl FlaskFiles {
    /// Opens the store, and creates the folder if there is none. The prefix is Flask's `SESSION_KEY_PREFIX`, `session:`
    /// by default. A save or a delete fails if it waits longer than `limit` for other writers of this app.
    ///
    /// # Errors
    /// The folder cannot be created or written to, or on Unix other users can open it. The error says what to do.
    pub fn open(folder: impl Into<PathBuf>, prefix: &str, limit: Duration) -> io::Result<Self> {
        Ok(Self { folder: Arc::new(Folder::open(folder.into(), limit)?), prefix: prefix.to_owned() })
    }

    /// cachelib names a file after the MD5 of its key.
    fn path(&self, id: &Id) -> PathBuf {
        self.folder.path.join(hexadecimal(&Md5::digest(format!("{}{id}", self.prefix))))
    }

    async fn create_new(&self, record: &mut Record) -> Result<()> {
        let (mut id, value, store) = (record.id, packed(record)?, self.clone());
        let mut file = self.folder.write(File::of(record, &value)).await?;
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
        self.folder.sync().await?;
        seen(&record.id, &value);
        Ok(())
    }

    // ANCHOR: save
    async fn update(&self, record: &Record) -> Result<()> {
        let (id, value, based_on) = (record.id, packed(record)?, noted(&record.id));
        let file = self.folder.write(File::of(record, &value)).await?;
        let lock = self.folder.lock().await?;
        let (store, new) = (self.clone(), value.clone());
        blocking(move |caller| {
            let stored = File::read(&store.folder, &store.path(&id))?.filter(File::lives);
            if let Some(error) = refusal(stored.as_ref().map(File::value), &new, based_on) {
                return Err(error);
            }
            caller.still_waits()?;
            // Flask takes no lock. If it writes between the comparison and the next lines, its write is lost.
            match new.is_empty() {
                true => remove(&store.path(&id))?,
                false => drop(file.persist(store.path(&id)).map_err(failed)?),
            }
            drop(lock);
            Ok(())
        })
        .await?;
        self.folder.sync().await?;
        seen(&id, &value);
        Ok(())
    }
    // ANCHOR_END: save

    async fn read(&self, id: &Id) -> Result<Option<Record>> {
        let (folder, path) = (self.folder.clone(), self.path(id));
        let stored = blocking(move |_| File::read(&folder, &path)).await?;
        let Some(stored) = stored.filter(File::lives) else { return Ok(None) };
        let data = unpacked(stored.value())?;
        seen(id, stored.value());
        let expiry_date = stored.expiry().unwrap_or_else(|| OffsetDateTime::now_utc() + LIFETIME);
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn remove(&self, id: &Id) -> Result<()> {
        self.remove_if(self.path(id), |_| Ok(true)).await?;
        self.folder.sync().await
    }

    /// Removes a file if `is_wanted` returns `true`, while other writers of this app are locked out.
    async fn remove_if(
        &self,
        path: PathBuf,
        is_wanted: impl FnOnce(&Path) -> Result<bool> + Send + 'static,
    ) -> Result<()> {
        let lock = self.folder.lock().await?;
        blocking(move |caller| {
            if is_wanted(&path)? {
                caller.still_waits()?;
                remove(&path)?;
            }
            drop(lock);
            Ok(())
        })
        .await
    }

    async fn sweep(&self) -> Result<()> {
        let folder = self.folder.clone();
        let files = blocking(move |_| folder.files_beginning_with("")).await?;
        for path in files.into_iter().filter(|path| is_a_digest(path)) {
            let folder = self.folder.clone();
            let has_expired = move |path: &Path| match File::read(&folder, path) {
                Err(Error::Decode(_)) => Ok(false), // a load with its ID reports it
                read => Ok(read?.is_some_and(|file| !file.lives())),
            };
            self.remove_if(path, has_expired).await?;
        }
        Ok(())
    }
}

/// Whether cachelib may have given the file this name.
fn is_a_digest(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    name.len() == 32 && name.iter().all(u8::is_ascii_hexdigit)
}

// ANCHOR: file
/// A file of cachelib: four bytes with the expiry, in seconds since 1970 and in this machine's byte order, and then the
/// record.
struct File([u8; 4], Vec<u8>);

impl File {
    /// Returns the bytes of a new file. Its expiry is rounded down.
    fn of(record: &Record, value: &[u8]) -> Vec<u8> {
        // Zero would mean that the record never expires.
        let seconds = u32::try_from(record.expiry_date.unix_timestamp().max(1)).unwrap_or(u32::MAX);
        [&seconds.to_ne_bytes(), value].concat()
    }

    fn read(folder: &Folder, path: &Path) -> Result<Option<Self>> {
        let Some(bytes) = folder.read(path)? else { return Ok(None) };
        let Some((expiry, value)) = bytes.split_first_chunk() else {
            return Err(Error::Decode(format!("{} is too short", path.display())));
        };
        Ok(Some(Self(*expiry, value.to_vec())))
    }

    fn value(&self) -> &[u8] {
        &self.1
    }

    /// Returns the expiry, or `None` if the record never expires.
    fn expiry(&self) -> Option<OffsetDateTime> {
        let seconds = Some(u32::from_ne_bytes(self.0)).filter(|seconds| *seconds != 0)?;
        OffsetDateTime::from_unix_timestamp(seconds.into()).ok()
    }

    fn lives(&self) -> bool {
        self.expiry().is_none_or(|expiry| expiry >= OffsetDateTime::now_utc())
    }
}
// ANCHOR_END: file

#[async_trait]
impl SessionStore for FlaskFiles {
    async fn create(&self, record: &mut Record) -> Result<()> {
        note_failure(self.create_new(record).await)
    }

    async fn save(&self, record: &Record) -> Result<()> {
        note_failure(self.update(record).await)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        note_failure(self.read(id).await)
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        note_failure(self.remove(id).await)
    }
}

#[async_trait]
impl ExpiredDeletion for FlaskFiles {
    async fn delete_expired(&self) -> Result<()> {
        self.sweep().await
    }
}
