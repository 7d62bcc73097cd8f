//! A folder that several processes write to at once, and that never loses an acknowledged change.

use std::{
    fs::{self, DirBuilder, File, TryLockError},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tempfile::NamedTempFile;
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    task::spawn_blocking,
    time::{sleep, timeout},
};
use tower_sessions::session_store::{Error, Result};

use crate::store::failed;

/// The file that writers lock. It is created only when the folder is opened. So a folder without it is not the folder
/// that was opened, but an empty mount point or another new folder.
const LOCK: &str = ".lock";

/// A folder that was opened.
#[derive(Debug)]
pub struct Folder {
    /// The folder's path.
    pub path: PathBuf,
    limit: Duration,
    /// Only one writer of this process at a time asks for the lock. The others wait here and block no thread.
    writers: Arc<Mutex<()>>,
    /// The number of renames and removals so far.
    changes: AtomicU64,
    /// The number of these changes that are on the disk.
    synced: Mutex<u64>,
}

/// The lock of the folder. All other writers, in this process and in others, wait until it is dropped.
pub struct Lock {
    _file: File, // closing it unlocks it
    _writer: OwnedMutexGuard<()>,
}

impl Folder {
    /// Opens the folder, and creates it if there is none. A lock that does not become free within `limit` is an error.
    ///
    /// # Errors
    /// The folder cannot be created or written to, or on Unix other users can open it. The error says what to do.
    pub fn open(path: PathBuf, limit: Duration) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        private(&path)?;
        NamedTempFile::new_in(&path)?; // the folder is writable
        let mut lock = File::options();
        lock.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut lock, 0o600);
        lock.open(path.join(LOCK))?;
        Ok(Self { path, limit, writers: Arc::default(), changes: AtomicU64::new(0), synced: Mutex::new(0) })
    }

    // ANCHOR: write
    /// Writes this value into a new file under a temporary name. A rename then makes it the session's file in one step,
    /// so that no reader sees an incomplete record. tempfile makes it readable by its owner alone (0600).
    pub async fn write(&self, value: Vec<u8>) -> Result<NamedTempFile> {
        let folder = self.path.clone();
        blocking(move |_| {
            let write = || {
                fs::metadata(folder.join(LOCK))?;
                let mut file = NamedTempFile::new_in(&folder)?;
                file.write_all(&value)?;
                file.as_file().sync_all()?;
                Ok(file)
            };
            write().map_err(|error: io::Error| failed(error))
        })
        .await
    }
    // ANCHOR_END: write

    // ANCHOR: lock
    /// Locks out all other writers.
    ///
    /// A rename alone would restore the record of a deleted session. So the writer checks whether the record exists,
    /// and nothing may change that until the rename is done. No caller waits for the lock on a thread, because few
    /// threads may block, and loads need them.
    pub async fn lock(&self) -> Result<Lock> {
        let waiting = async {
            let writer = self.writers.clone().lock_owned().await;
            let mut pause = Duration::from_millis(1);
            loop {
                let path = self.path.join(LOCK);
                if let Some(file) = blocking(move |_| try_lock(&path).map_err(failed)).await? {
                    return Ok(Lock { _file: file, _writer: writer });
                }
                sleep(pause).await;
                pause = (pause * 2).min(Duration::from_millis(16));
            }
        };
        let late = || failed(format!("the lock of {} is not free in {:?}", self.path.display(), self.limit));
        timeout(self.limit, waiting).await.unwrap_or_else(|_| Err(late()))
    }
    // ANCHOR_END: lock

    // ANCHOR: sync
    /// Returns when all renames and removals so far are on the disk. A file's own `sync_all` does not save its name, so
    /// without this a power failure may undo a logout. One sync serves all waiting callers.
    pub async fn sync(&self) -> Result<()> {
        let mine = self.changes.fetch_add(1, Ordering::AcqRel) + 1;
        let mut synced = self.synced.lock().await;
        if *synced < mine {
            let (all, path) = (self.changes.load(Ordering::Acquire), self.path.clone());
            blocking(move |_| sync_folder(&path).map_err(failed)).await?;
            *synced = all;
        }
        Ok(())
    }
    // ANCHOR_END: sync

    #[cfg(test)]
    pub(super) async fn changes_on_disk(&self) -> u64 {
        *self.synced.lock().await
    }

    /// Reads a file, or returns `None` if there is none. A missing folder is an error, not an empty folder. A folder or
    /// a pipe in place of the file is a damaged record. It is not opened, because opening a pipe means waiting for its
    /// writer.
    pub fn read(&self, path: &Path) -> Result<Option<Vec<u8>>> {
        let read = || if fs::metadata(path)?.is_file() { fs::read(path).map(Some) } else { Ok(None) };
        match read() {
            Ok(None) => Err(Error::Decode(format!("{} is no file", path.display()))),
            Ok(value) => Ok(value),
            Err(error) if error.kind() == ErrorKind::NotFound => match fs::metadata(self.path.join(LOCK)) {
                Ok(_) => Ok(None),
                Err(error) => Err(failed(format!("the folder {} is unavailable: {error}", self.path.display()))),
            },
            Err(error) => Err(failed(error)),
        }
    }

    /// Returns the files whose names begin with `prefix`.
    pub fn files_beginning_with(&self, prefix: &str) -> Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.file_name().to_string_lossy().starts_with(prefix) {
                files.push(entry.path());
            }
        }
        Ok(files)
    }
}

/// Returns the lock if it is free.
fn try_lock(path: &Path) -> io::Result<Option<File>> {
    let file = File::options().append(true).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Removes a file, or an empty folder in its place, if there is one. A folder that is not empty stays, so that a person
/// can check it.
pub fn remove(path: &Path) -> Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir(path),
        _ => fs::remove_file(path),
    };
    match removed {
        Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => {
            let path = path.display();
            Err(failed(format!("{path} is a folder that is not empty: check what it holds, and remove it by hand")))
        }
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(error)),
        _ => Ok(()),
    }
}

/// Checks that only the owner can open the folder.
#[cfg(unix)]
fn private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(folder)?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let folder = folder.display();
    let reason =
        format!("other users can open {folder} (mode {mode:o}); run `chmod 700 {folder}`, or name another folder");
    Err(io::Error::new(ErrorKind::PermissionDenied, reason))
}

/// On Windows, a folder in a user's profile belongs to that user. There are no modes to check.
#[cfg(not(unix))]
fn private(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Windows cannot open a folder as a file. NTFS has a journal of names, so after a crash either the old name or the new
/// one is there. A program cannot control when the journal reaches the disk.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// A flag that a call shares with the thread that works for it. The first of them to set it decides: the thread carries
/// out the change, or the caller has given up and the change is dropped.
#[derive(Clone, Default)]
pub struct Caller(Arc<AtomicBool>);

impl Caller {
    /// Call this before the step that changes something, because a change must not happen after the caller has given
    /// up.
    pub fn still_waits(&self) -> Result<()> {
        if self.0.swap(true, Ordering::AcqRel) { Err(failed("the caller has given up")) } else { Ok(()) }
    }
}

/// Records that the caller gives up, when its future is dropped.
struct GiveUpOnDrop(Caller);

impl Drop for GiveUpOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Release);
    }
}

/// Runs `work` on a thread that may block. The threads that answer requests must not block.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce(&Caller) -> Result<T> + Send + 'static) -> Result<T> {
    let caller = Caller::default();
    let _give_up = GiveUpOnDrop(caller.clone());
    spawn_blocking(move || work(&caller)).await.unwrap_or_else(|error| Err(failed(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_the_caller_has_given_up_is_not_carried_out() {
        let (begin, may_begin) = std::sync::mpsc::channel::<()>();
        let (outcome, result) = std::sync::mpsc::channel();
        let call = blocking(move |caller| {
            let _ = may_begin.recv();
            let _ = outcome.send(caller.still_waits().is_ok());
            Ok(())
        });
        let mut call = Box::pin(call);
        assert!(futures_util::poll!(&mut call).is_pending());
        drop(call);
        drop(begin);
        assert_eq!(result.recv(), Ok(false));
    }

    #[tokio::test]
    async fn one_sync_of_the_folder_serves_every_waiting_change() {
        let outer = tempfile::tempdir().unwrap();
        let folder = Folder::open(outer.path().join("sessions"), Duration::from_secs(60)).unwrap();
        futures_util::future::try_join_all((0..100).map(|_| folder.sync())).await.unwrap();
        assert_eq!(folder.changes_on_disk().await, 100);
        // A folder that cannot be synced is an error, and no change counts as synced.
        fs::remove_dir_all(&folder.path).unwrap();
        assert!(folder.sync().await.is_err());
        assert_eq!(folder.changes_on_disk().await, 100);
    }
}
