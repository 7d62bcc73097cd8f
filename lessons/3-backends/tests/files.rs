//! Tests what the store in files guarantees beyond the rules of `checks::store`: about its lock and its folder.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use futures_util::{future::join_all, poll};
use lesson_3::{at_rest::key, store::file::FileStore};
use session_guard::Scope;
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::runtime::{Builder, Runtime};
use tower_sessions::{
    ExpiredDeletion, SessionStore,
    session::{Id, Record},
    session_store::Error,
};

const PATIENT: Duration = Duration::from_secs(60);
/// The time that a writer waits for the lock in a test in which it has to give up.
const IMPATIENT: Duration = Duration::from_millis(50);

fn record(value: u64) -> Record {
    let expiry_date = OffsetDateTime::now_utc() + time::Duration::hours(1);
    Record { id: Id::default(), data: [("value".to_owned(), value.into())].into(), expiry_date }
}

async fn created(store: &FileStore) -> Record {
    let mut record = record(0);
    store.create(&mut record).await.unwrap();
    record
}

async fn value(store: &FileStore, id: &Id) -> u64 {
    store.load(id).await.unwrap().unwrap().data["value"].as_u64().unwrap()
}

/// Takes the lock as another process does. The lock is released when the file is dropped.
fn held(folder: &Path) -> fs::File {
    let lock = fs::File::options().append(true).open(folder.join(".lock")).unwrap();
    lock.lock().unwrap();
    lock
}

/// A runtime with few blocking threads, so that a call that occupies one of them is noticed.
fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).max_blocking_threads(4).enable_all().build().unwrap()
}

/// Another process holds the lock. Forty saves wait for it and give up, while loads are still served. When the lock is
/// free, none of the forty saves overwrites a newer one that was acknowledged.
#[test]
fn a_save_that_was_given_up_is_never_carried_out_later() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("sessions");
    let (runtime, store) = (runtime(), FileStore::open(&folder, IMPATIENT).unwrap());
    let session = runtime.block_on(created(&store));
    let lock = held(&folder);
    runtime.block_on(async {
        let late = |_| async { store.save(&Record { id: session.id, ..record(1) }).await };
        let waiting = join_all((0..40).map(late));
        let loading = async {
            for _ in 0..40 {
                assert_eq!(value(&store, &session.id).await, 0);
            }
        };
        let (saved, ()) = tokio::join!(waiting, loading);
        assert!(saved.iter().all(Result::is_err), "each of them is told that it was not done");
    });
    drop(lock);
    runtime.block_on(async { store.save(&Record { id: session.id, ..record(2) }).await }).unwrap();
    drop(runtime); // returns when no thread is working any more
    assert_eq!(self::runtime().block_on(value(&store, &session.id)), 2);
}

#[tokio::test]
async fn a_save_whose_future_is_dropped_while_it_waits_leaves_the_lock_free() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("sessions");
    let store = FileStore::open(&folder, PATIENT).unwrap();
    let session = created(&store).await;
    let lock = held(&folder);
    let save = store.save(&session);
    assert!(tokio::time::timeout(IMPATIENT, save).await.is_err(), "somebody else holds the lock");
    drop(lock);
    store.save(&Record { id: session.id, ..record(2) }).await.unwrap();
    assert_eq!(value(&store, &session.id).await, 2);
}

/// There is one thread for files, so the test knows its current step. The caller gives up while the last step waits for
/// that thread, so the last step is never carried out.
#[test]
fn a_save_or_a_logout_that_is_given_up_before_its_last_step_does_not_take_it() {
    let runtime = Builder::new_current_thread().max_blocking_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let outer = tempfile::tempdir().unwrap();
        let store = FileStore::open(outer.path().join("sessions"), PATIENT).unwrap();
        let session = created(&store).await;
        let changed = Record { id: session.id, ..record(1) };
        given_up_before_its_last_step(store.save(&changed), 2).await;
        assert_eq!(value(&store, &session.id).await, 0);
        given_up_before_its_last_step(store.delete(&session.id), 1).await;
        assert_eq!(value(&store, &session.id).await, 0);
        store.save(&changed).await.unwrap();
        assert_eq!(value(&store, &session.id).await, 1, "and the lock is free");
    });
}

async fn given_up_before_its_last_step(mut call: impl Future + Unpin, steps_before: usize) {
    for _ in 0..steps_before {
        one_step(&mut call).await.go_on().await;
    }
    let last_step = one_step(&mut call).await;
    drop(call);
    last_step.go_on().await;
}

/// Keeps the thread for files busy while the call is polled, so that the call's next step has to wait.
async fn one_step(call: &mut (impl Future + Unpin)) -> Waiting {
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    let busy = tokio::task::spawn_blocking(move || wait.recv());
    assert!(poll!(call).is_pending(), "its next step waits behind the busy thread");
    Waiting { go_on, busy }
}

struct Waiting {
    go_on: std::sync::mpsc::Sender<()>,
    busy: tokio::task::JoinHandle<Result<(), std::sync::mpsc::RecvError>>,
}

impl Waiting {
    async fn go_on(self) {
        drop(self.go_on);
        assert!(self.busy.await.unwrap().is_err());
        tokio::task::spawn_blocking(|| ()).await.unwrap();
    }
}

#[tokio::test]
async fn a_folder_that_is_gone_or_not_mounted_is_an_error_and_no_logout() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("sessions");
    let store = FileStore::open(&folder, PATIENT).unwrap();
    let session = created(&store).await;
    fs::rename(&folder, outer.path().join("elsewhere")).unwrap();
    every_call_fails(&store, &session).await;
    // Like the mount point of a disk that is not mounted.
    fs::create_dir(&folder).unwrap();
    every_call_fails(&store, &session).await;
    fs::remove_dir(&folder).unwrap();
    fs::rename(outer.path().join("elsewhere"), &folder).unwrap();
    assert_eq!(value(&store, &session.id).await, 0, "and when it is back, so is the session");
}

async fn every_call_fails(store: &FileStore, session: &Record) {
    assert!(store.load(&session.id).await.is_err());
    assert!(store.create(&mut record(1)).await.is_err());
    assert!(store.delete(&session.id).await.is_err());
    let saved = Scope::default().run(store.save(session)).await.unwrap_err();
    assert!(!session_guard::version::is_gone(&saved), "{saved}");
}

/// A session without its file, and the path of that file.
struct WithoutItsFile {
    _outer: TempDir,
    store: FileStore,
    session: Record,
    place: PathBuf,
}

impl WithoutItsFile {
    async fn new() -> Self {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("sessions");
        let store = FileStore::open(&folder, PATIENT).unwrap();
        let session = created(&store).await;
        let place = folder.join(key(&session.id));
        fs::remove_file(&place).unwrap();
        Self { _outer: outer, store, session, place }
    }
}

#[tokio::test]
async fn a_folder_in_the_place_of_a_record_is_damaged_and_can_be_deleted_while_it_is_empty() {
    let WithoutItsFile { _outer, store, session, place } = WithoutItsFile::new().await;
    fs::create_dir(&place).unwrap();
    fs::write(place.join("letter.txt"), "somebody's").unwrap();
    assert!(matches!(store.load(&session.id).await, Err(Error::Decode(_))));
    assert!(matches!(store.save(&session).await, Err(Error::Decode(_))));
    let error = store.delete(&session.id).await.unwrap_err().to_string();
    assert!(error.contains("check what it holds, and remove it by hand"), "{error}");
    assert!(place.join("letter.txt").exists());
    store.delete_expired().await.unwrap();
    fs::remove_file(place.join("letter.txt")).unwrap();
    store.delete(&session.id).await.unwrap();
    assert_eq!(store.load(&session.id).await.unwrap(), None);
}

/// Opening a pipe would wait until somebody writes into it.
#[cfg(unix)]
#[tokio::test]
async fn a_pipe_in_the_place_of_a_record_is_damaged_and_can_be_deleted() {
    let WithoutItsFile { _outer, store, session, place } = WithoutItsFile::new().await;
    assert!(std::process::Command::new("mkfifo").arg(&place).status().unwrap().success());
    let loaded = tokio::time::timeout(PATIENT, store.load(&session.id)).await;
    if loaded.is_err() {
        fs::write(&place, "").unwrap(); // ends the reader's wait
    }
    assert!(matches!(loaded, Ok(Err(Error::Decode(_)))), "{loaded:?}");
    store.delete(&session.id).await.unwrap();
    assert_eq!(store.load(&session.id).await.unwrap(), None);
}

#[cfg(unix)]
#[test]
fn a_folder_that_others_may_get_into_is_refused_with_the_next_step() {
    use std::os::unix::fs::PermissionsExt;
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("sessions");
    for (mode, is_private) in [(0o755, false), (0o710, false), (0o704, false), (0o700, true)] {
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
        let refused = FileStore::open(&folder, PATIENT).err().map(|error| error.to_string());
        assert_eq!(refused.is_none(), is_private, "{mode:o}: {refused:?}");
        let next_step = format!("chmod 700 {}", folder.display());
        assert!(refused.is_none_or(|said| said.contains(&next_step)));
    }
}
