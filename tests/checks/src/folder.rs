//! The checks of exercise 5: the rules of [`store`](crate::store), for a learner's store in a folder.

mod at_once;
mod damage;
mod scenes;

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use tempfile::TempDir;
use time::OffsetDateTime;
use tower_sessions::{
    ExpiredDeletion, SessionStore,
    session::{Id, Record},
    session_store::{Error, Result as StoreResult},
};

use crate::{
    Check, Miss, Suite, Trial, infer, model,
    store::{Backend, json, rules},
    trial::{Log, Sent},
};

/// The file of another program, and its content.
const FOREIGN: (&str, &str) = ("notes.txt", "Nothing of this is a session.\n");
/// A text that no store writes.
const DAMAGE: &[u8] = b"{\"data\": {\"user";

/// How much of a record's data a message shows, in characters.
const LONGEST_DATA: usize = 40;

/// Exercise 5.
pub static SUITE: Suite = Suite {
    exercise: 5,
    readme: include_str!("../../../exercises/5-store/README.md"),
    passes_at_first: &[],
    checks: &[
        Check {
            id: "what_is_created_is_loaded",
            why: "a session that cannot be found again logs its visitor out",
            hint: 2,
            read: "backends/where.md#what-does-a-store-look-like",
            run: |trial| Box::pin(scenes::all_data_comes_back(trial)),
        },
        Check {
            id: "an_unknown_id_loads_nothing",
            why: "an ID that nobody issued must never open a session",
            hint: 2,
            read: "backends/where.md#what-does-a-store-look-like",
            run: |trial| Box::pin(keeps(trial, "an_unknown_id_loads_nothing")),
        },
        Check {
            id: "save_replaces_what_was_there",
            why: "if `save` loses a change, a cart loses its items",
            hint: 3,
            read: "backends/promises.md#what-is-the-rule-for-saving",
            run: |trial| Box::pin(scenes::every_save_counts(trial)),
        },
        Check {
            id: "a_deleted_session_is_gone",
            why: "a logout is this call, and nothing else (ASVS 7.4.1)",
            hint: 2,
            read: "backends/where.md#what-does-a-store-look-like",
            run: |trial| Box::pin(scenes::nothing_of_a_deleted_one_is_left(trial)),
        },
        Check {
            id: "save_never_revives_a_deleted_session",
            why: "a request that is still running during the logout would log its visitor in again",
            hint: 3,
            read: "backends/promises.md#what-is-the-rule-for-saving",
            run: |trial| Box::pin(keeps(trial, "save_never_revives_a_deleted_session")),
        },
        Check {
            id: "a_save_that_races_a_delete_loses",
            why: "whichever of the two comes first, the session must be gone after the logout",
            hint: 4,
            read: "backends/promises.md#what-is-the-rule-for-saving",
            run: |trial| Box::pin(keeps(trial, "a_save_that_races_a_delete_loses")),
        },
        Check {
            id: "an_expired_session_is_not_loaded",
            why: "a timeout that waits for a cleanup task is not a timeout (ASVS 7.3.1)",
            hint: 5,
            read: "backends/promises.md#when-does-a-store-fail",
            run: |trial| Box::pin(scenes::no_ended_one_is_loaded(trial)),
        },
        Check {
            id: "save_never_revives_an_expired_session",
            why: "otherwise a slow request brings an expired session back to life",
            hint: 5,
            read: "backends/promises.md#what-is-the-rule-for-saving",
            run: |trial| Box::pin(keeps(trial, "save_never_revives_an_expired_session")),
        },
        Check {
            id: "expiry_comes_back_as_it_went_in",
            why: "a store that rounds an expiry up keeps sessions alive past their end; one that rounds it down ends them early",
            hint: 5,
            read: "backends/promises.md#when-does-a-store-fail",
            run: |trial| Box::pin(scenes::any_date_comes_back(trial)),
        },
        Check {
            id: "a_collision_never_merges_two_sessions",
            why: "two visitors with the same session ID read each other's data",
            hint: 6,
            read: "backends/promises.md#when-does-a-store-fail",
            run: |trial| Box::pin(keeps(trial, "a_collision_never_merges_two_sessions")),
        },
        Check {
            id: "a_hundred_sessions_at_once_are_a_hundred_sessions",
            why: "visitors do not wait for each other, so their sessions may begin at the same moment",
            hint: 6,
            read: "backends/promises.md#when-does-a-store-fail",
            run: |trial| Box::pin(at_once::no_call_disturbs_another(trial)),
        },
        Check {
            id: "a_big_session_is_kept_whole_or_refused",
            why: "half a record is worse than none: a later request finds it damaged, or finds an empty cart",
            hint: 2,
            read: "backends/promises.md#when-does-a-store-fail",
            run: |trial| Box::pin(scenes::whole_or_refused(trial)),
        },
        Check {
            id: "a_damaged_record_is_an_error",
            why: "a panic ends the request without an explanation, and an empty session hides the loss",
            hint: 7,
            read: "backends/away.md#what-may-a-page-say-of-the-reason",
            run: |trial| Box::pin(damage::damage_is_an_error(trial)),
        },
        Check {
            id: "ids_are_not_readable_in_the_backend",
            why: "anyone who reads a backup could send the IDs in it as cookies",
            hint: 8,
            read: "backends/where.md#under-which-key-is-a-session-stored",
            run: |trial| Box::pin(keeps(trial, "ids_are_not_readable_in_the_backend")),
        },
        Check {
            id: "entries_of_others_are_left_alone",
            why: "a backend seldom belongs to one program alone",
            hint: 9,
            read: "backends/where.md#under-which-key-is-a-session-stored",
            run: |trial| Box::pin(keeps(trial, "entries_of_others_are_left_alone")),
        },
        Check {
            id: "cleaning_takes_the_expired_and_leaves_the_rest",
            why: "sessions that nobody ends pile up, and a cleanup that removes too much logs people out",
            hint: 9,
            read: "backends/promises.md#who-removes-what-has-expired",
            run: |trial| Box::pin(scenes::nothing_of_an_expired_one_is_left(trial)),
        },
        Check {
            id: "sessions_outlive_the_store_where_they_should",
            why: "a restart should not log everyone out",
            hint: 2,
            read: "backends/where.md#which-places-are-there",
            run: |trial| Box::pin(scenes::they_outlive_their_store(trial)),
        },
    ],
    monitors: &[],
    names: None,
    model: Some(&model::STORE),
};

/// Tests the learner's store, in a folder of its own, against the rule of this name.
async fn keeps(trial: &Trial, id: &str) -> Result<(), Miss> {
    let backend = InFolder::new(trial)?;
    for rule in rules::<InFolder>() {
        if rule.id == id {
            return (rule.run)(&backend).await;
        }
    }
    Err(Miss::new(format!("a rule called {id}"), "none"))
}

/// A scene of its own, in an empty folder.
fn anew(trial: &Trial) -> Result<InFolder<'_>, Miss> {
    trial.log().new_scene();
    InFolder::new(trial)
}

/// Opens a store in a folder.
pub(crate) type Open = Arc<dyn Fn(&Path) -> io::Result<Box<dyn Kept>> + Send + Sync>;

/// A store that can be cleaned and cloned, whatever its type.
#[async_trait]
pub(crate) trait Kept: SessionStore {
    async fn clean(&self) -> StoreResult<()>;

    fn another(&self) -> Box<dyn Kept>;
}

#[async_trait]
impl<S: SessionStore + ExpiredDeletion + Clone> Kept for S {
    async fn clean(&self) -> StoreResult<()> {
        self.delete_expired().await
    }

    fn another(&self) -> Box<dyn Kept> {
        Box::new(self.clone())
    }
}

/// Where a learner's store is opened.
pub(crate) struct InFolder<'t> {
    folder: TempDir,
    trial: &'t Trial,
    seen: Seen,
}

/// The IDs so far: a message calls the first one A.
type Seen = Arc<Mutex<Vec<Id>>>;

impl Backend for InFolder<'_> {
    type Store = Opened;

    async fn open(&self) -> Opened {
        self.open_as(&self.folder.path().join("sessions"), "open")
    }

    fn keeps(&self) -> bool {
        true
    }

    async fn damage(&self, _: &Id) -> Option<()> {
        let files = files(self.folder.path());
        if files.is_empty() {
            return None; // another rule asks where the sessions are
        }
        self.happens("every file is overwritten with half a JSON object");
        files.iter().try_for_each(|file| damage::overwrite(file, DAMAGE)).ok()
    }

    async fn contents(&self) -> Option<Vec<u8>> {
        let mut all = Vec::new();
        for file in files(self.folder.path()) {
            all.extend(file.strip_prefix(self.folder.path()).ok()?.to_string_lossy().as_bytes());
            all.extend(fs::read(&file).ok()?);
        }
        Some(all)
    }

    async fn put_foreign(&self) -> Option<()> {
        self.happens("another program puts notes.txt, report.tmp and other files into the folder");
        self.happens("and two folders of its own, one of them empty");
        for file in self.foreign() {
            fs::create_dir_all(file.parent()?).ok()?;
            put(&file).ok()?;
        }
        let [file, folder] = self.foreign_and_empty();
        fs::write(file, "").and_then(|()| fs::create_dir_all(folder)).ok()?;
        self.put_link().ok()
    }

    async fn foreign_is_there(&self) -> bool {
        let [file, folder] = self.foreign_and_empty();
        let is_empty = fs::read(file).is_ok_and(|bytes| bytes.is_empty()) && folder.is_dir();
        is_empty && self.link_is_there() && self.foreign().iter().all(|file| is_as_put(file).unwrap_or_default())
    }

    fn next_round(&self, store: &Opened) {
        store.log.new_scene();
        store.seen.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn clean(&self, store: &Opened) -> StoreResult<()> {
        store.clean().await
    }
}

impl<'t> InFolder<'t> {
    pub(crate) fn new(trial: &'t Trial) -> Result<Self, Miss> {
        let folder = TempDir::new().map_err(|error| {
            Miss::new("a temporary folder", error.to_string())
                .so("the checks could not create a temporary folder; your code is not the reason")
        })?;
        Ok(Self { folder, trial, seen: Seen::default() })
    }

    /// Opens the store in this folder; the log calls that so.
    fn open_as(&self, folder: &Path, told: &str) -> Opened {
        let log = self.trial.shared_log();
        let place = log.begin(Sent::call("store", told.to_owned()));
        let store = self.trial.open_store(folder);
        log.answered(place, &store.as_ref().map_or_else(|error| format!("an error: {error}"), |_| "done".to_owned()));
        Opened { store, log, seen: self.seen.clone() }
    }

    /// The same folder by another path.
    fn open_by_another_path(&self) -> Opened {
        self.open_as(&self.folder.path().join("sessions").join("..").join("sessions"), "open by another path")
    }

    fn happens(&self, what: &str) {
        self.trial.log().event("(folder)", what.to_owned(), String::new());
    }

    /// Files beside the sessions, and one in a folder beside them.
    fn foreign(&self) -> Vec<PathBuf> {
        let sessions = self.folder.path().join("sessions");
        let mut foreign: Vec<_> = [FOREIGN.0, "report.tmp", ".tmpnotes"].map(|name| sessions.join(name)).into();
        foreign.push(sessions.join("letters").join(FOREIGN.0));
        // On other systems every file name is text.
        #[cfg(target_os = "linux")]
        foreign.push(sessions.join(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"caf\xe9.txt")));
        foreign
    }

    /// A link of another program, to a file that is no longer there.
    #[cfg(unix)]
    fn put_link(&self) -> io::Result<()> {
        if self.link_is_there() { Ok(()) } else { std::os::unix::fs::symlink("gone.txt", self.link()) }
    }

    /// On other systems a link needs a privilege.
    #[cfg(not(unix))]
    fn put_link(&self) -> io::Result<()> {
        Ok(())
    }

    fn link_is_there(&self) -> bool {
        !cfg!(unix) || fs::read_link(self.link()).is_ok_and(|to| to == Path::new("gone.txt"))
    }

    fn link(&self) -> PathBuf {
        self.folder.path().join("sessions").join("latest.txt")
    }

    /// Another program removes the folder of the sessions; false if there is none.
    fn loses_its_folder(&self) -> bool {
        let is_lost = fs::remove_dir_all(self.folder.path().join("sessions")).is_ok();
        if is_lost {
            self.happens("another program removes the folder");
        }
        is_lost
    }

    /// A file and a folder beside the sessions.
    fn foreign_and_empty(&self) -> [PathBuf; 2] {
        ["empty.txt", "empty"].map(|name| self.folder.path().join("sessions").join(name))
    }
}

/// Writes a file as another program left it, an hour ago.
fn put(file: &Path) -> io::Result<()> {
    fs::write(file, FOREIGN.1)?;
    File::options().write(true).open(file)?.set_modified(SystemTime::now() - Duration::from_secs(60 * 60))
}

/// Whether nobody has changed its content, its time or who may write it.
fn is_as_put(file: &Path) -> io::Result<bool> {
    let found = fs::metadata(file)?;
    let is_old = found.modified()?.elapsed().is_ok_and(|age| age > Duration::from_secs(30 * 60));
    Ok(is_old && !found.permissions().readonly() && fs::read_to_string(file)? == FOREIGN.1)
}

/// Every file below this folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.exists() {
            found.push(path); // and no link that leads nowhere
        }
    }
    found
}

/// A learner's store whose calls are logged. A store that could not be opened refuses each of them.
#[derive(Debug)]
pub(crate) struct Opened {
    store: io::Result<Box<dyn Kept>>,
    log: Arc<Log>,
    seen: Seen,
}

impl Opened {
    /// A clone for each call, as tower-sessions makes one for each request.
    fn store(&self) -> StoreResult<Box<dyn Kept>> {
        let store = self.store.as_deref().map_err(|error| Error::Backend(format!("`open` failed: {error}")))?;
        Ok(store.another())
    }

    /// Logs a call, and then its result.
    async fn told<T>(
        &self,
        call: String,
        result: impl Future<Output = StoreResult<T>>,
        words: impl FnOnce(&T) -> String,
    ) -> StoreResult<T> {
        let place = self.log.begin(Sent::call("store", call));
        let result = result.await;
        self.log.answered(place, &result.as_ref().map_or_else(|error| format!("an error: {error}"), words));
        result
    }

    async fn clean(&self) -> StoreResult<()> {
        let own = self.store()?;
        self.told("delete_expired".to_owned(), own.clean(), |()| "done".to_owned()).await
    }

    fn letter(&self, id: &Id) -> String {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let place = seen.iter().position(|known| known == id).unwrap_or_else(|| {
            seen.push(*id);
            seen.len() - 1
        });
        letter(place)
    }

    fn words(&self, record: &Record) -> String {
        let data = json(record);
        let ended = if record.expiry_date <= OffsetDateTime::now_utc() { "  expired" } else { "" };
        format!("{}  {}{ended}", self.letter(&record.id), infer::short(&data, LONGEST_DATA))
    }
}

#[async_trait]
impl SessionStore for Opened {
    async fn create(&self, record: &mut Record) -> StoreResult<()> {
        let call = format!("create {}", self.words(record));
        let store = self.store()?;
        let before = record.id;
        let created = async {
            store.create(record).await?;
            Ok(record.id)
        };
        let under = |id: &Id| if *id == before { "done".to_owned() } else { format!("done, as {}", self.letter(id)) };
        self.told(call, created, under).await.map(|_| ())
    }

    async fn save(&self, record: &Record) -> StoreResult<()> {
        let store = self.store()?;
        self.told(format!("save   {}", self.words(record)), store.save(record), |()| "done".to_owned()).await
    }

    async fn load(&self, id: &Id) -> StoreResult<Option<Record>> {
        let store = self.store()?;
        let words = |record: &Option<Record>| record.as_ref().map_or("nothing".to_owned(), |record| self.words(record));
        self.told(format!("load   {}", self.letter(id)), store.load(id), words).await
    }

    async fn delete(&self, id: &Id) -> StoreResult<()> {
        let store = self.store()?;
        self.told(format!("delete {}", self.letter(id)), store.delete(id), |()| "done".to_owned()).await
    }
}

/// The letter of an ID: A, B, … Z, A1, B1, …
fn letter(place: usize) -> String {
    let letter = char::from(b'A' + u8::try_from(place % 26).unwrap_or_default());
    if place < 26 { letter.to_string() } else { format!("{letter}{}", place / 26) }
}
