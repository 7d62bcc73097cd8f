//! Each side writes Flask-Session's files, and the other reads them.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::Duration as Limit,
};

use checks::store::{Backend, rules};
use lesson_6::flask::files::FlaskFiles;
use md5::{Digest, Md5};
use serde_json::json;
use session_guard::{Scope, version::is_conflict};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};
use tokio::task::spawn_blocking;
use tower_sessions::{
    ExpiredDeletion, SessionStore,
    session::Id,
    session_store::{Error, Result},
};

use crate::real::ask;
use crate::shared::{
    PATIENT, Shared, a_logout_of_one_is_a_logout_of_the_other, a_save_undoes_nothing,
    an_overlapping_request_of_flask_revives, both_read_what_the_other_writes, cookie, refusals,
};

pub async fn what_flask_session_keeps_in_files_is_a_session_here_and_the_other_way_round() {
    both_read_what_the_other_writes(&Shared::in_files()).await;
}

pub async fn a_logout_on_one_side_removes_the_file_of_both() {
    a_logout_of_one_is_a_logout_of_the_other(&Shared::in_files()).await;
}

pub async fn a_save_here_does_not_undo_the_file_that_flask_has_written_meanwhile() {
    a_save_undoes_nothing(&Shared::in_files()).await;
}

pub async fn a_request_of_flask_that_overlaps_a_logout_writes_the_file_again() {
    let delete = "current_app.session_interface.cache.delete(f'session:{cookie}')";
    an_overlapping_request_of_flask_revives(&Shared::in_files(), delete).await;
}

pub fn path(folder: impl AsRef<Path>, id: &Id) -> PathBuf {
    let name: String = Md5::digest(format!("session:{id}")).iter().map(|byte| format!("{byte:02x}")).collect();
    folder.as_ref().join(name)
}

fn soon() -> OffsetDateTime {
    OffsetDateTime::now_utc() + Duration::HOUR
}

pub async fn both_sides_judge_a_file_alike_with_one_exception() {
    let shared = Shared::in_files();
    let expires = |at: OffsetDateTime| u32::try_from(at.unix_timestamp()).unwrap().to_ne_bytes();
    let file = |value: &[u8]| [&expires(soon()), value].concat();
    let value = b"\x81\xa5value\x01";
    let files = [
        ("MessagePack", file(value)),
        ("MessagePack that is cut off", file(b"\x81\xa5value")),
        ("nothing but its expiry", file(b"")),
        ("a list", file(b"\x91\x01")),
        ("JSON", file(b"{\"value\":1}")),
        ("a pickle", file(b"\x80\x04}\x94\x8c\x05value\x94K\x01s.")),
        ("an expiry that is past", [&expires(OffsetDateTime::now_utc() - Duration::SECOND), &value[..]].concat()),
        ("the expiry 0", [&[0; 4], &value[..]].concat()),
        // Flask and axum differ here.
        ("less than an expiry", vec![1, 2]),
    ];
    let mut cases = Vec::new();
    for (what, file) in files {
        let id = shared.create(json!(1), soon()).await;
        fs::write(path(&shared.at, &id), file).unwrap();
        cases.push((what, id));
    }
    refusals("refused_files", "the file has", &shared, cases).await;
}

pub async fn a_pickle_in_a_file_runs_in_flask_and_is_refused_here() {
    let mut shared = Shared::in_files();
    shared.backend = "pickles";
    let made = format!("{}.made-by-a-pickle", shared.at);
    let deed = format!("class Trap:\n def __reduce__(self): return os.mkdir, ({made:?},)\nsession['trap'] = Trap()");
    let answer = shared.ask_flask(&deed, None);
    let loaded = shared.store.load(&cookie(&answer).parse().unwrap()).await;
    assert!(matches!(loaded, Err(Error::Decode(_))), "{loaded:?}");
    assert!(!Path::new(&made).exists());
    shared.ask_flask("", Some(cookie(&answer)));
    assert!(Path::new(&made).exists(), "Flask has only read it");
}

/// The four bytes of the expiry reach to 2106.
pub async fn an_expiry_that_no_file_can_hold_is_the_nearest_one() {
    let shared = Shared::in_files();
    let past = shared.create(json!(1), OffsetDateTime::UNIX_EPOCH).await.to_string();
    assert_eq!(shared.load(&past).await, None, "0 would be forever");
    assert_eq!(shared.ask_flask("", Some(&past))["told"], "None");
    let late = shared.create(json!(1), OffsetDateTime::now_utc() + Duration::days(365 * 100)).await.to_string();
    assert!(shared.load(&late).await.is_some());
    assert_eq!(shared.ask_flask("", Some(&late))["told"], "1");
}

pub async fn an_expired_file_stays_until_this_side_removes_it() {
    let shared = Shared::in_files();
    let expired = shared.create(json!(1), OffsetDateTime::now_utc() - Duration::HOUR).await;
    let answer = shared.ask_flask("session['value'] = 1", Some(&expired.to_string()));
    assert!(path(&shared.at, &expired).exists());
    let damaged = path(&shared.at, &Id::default());
    fs::write(&damaged, [1, 2]).unwrap();
    shared.store.delete_expired().await.unwrap();
    assert!(!path(&shared.at, &expired).exists());
    assert!(damaged.exists(), "anyone who comes with its ID is told");
    assert!(shared.load(cookie(&answer)).await.is_some());
}

pub async fn flask_removes_live_sessions_of_both_sides_beyond_its_threshold() {
    let mut shared = Shared::in_files();
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(shared.create(json!(1), soon()).await.to_string());
    }
    shared.ask_flask("session['value'] = 1", None);
    for id in &ids {
        assert!(shared.load(id).await.is_some(), "without a threshold all stay");
    }
    shared.backend = "two files";
    shared.ask_flask("session['value'] = 1", None);
    let mut left = 0;
    for id in &ids {
        left += usize::from(shared.load(id).await.is_some());
    }
    assert!(left < ids.len(), "all are still there");
}

pub async fn flask_does_not_wait_for_the_lock_of_this_side() {
    let shared = Shared::in_files();
    let answer = shared.ask_flask("session['value'] = 1", None);
    let record = shared.load(cookie(&answer)).await.unwrap();
    let lock = File::options().append(true).open(Path::new(&shared.at).join(".lock")).unwrap();
    lock.lock().unwrap();
    shared.ask_flask("session['value'] = 2", Some(cookie(&answer)));
    assert_eq!(shared.load(cookie(&answer)).await.unwrap().data["value"], 2);
    let hurried = FlaskFiles::open(&shared.at, "session:", Limit::from_millis(20)).unwrap();
    assert!(matches!(hurried.save(&record).await, Err(Error::Backend(_))), "this side waits for it");
}

/// One view writes many times, and after each write waits for a save of axum.
const WRITE_UNTIL_ONE_IS_LOST: &str = "
cache, key = current_app.session_interface.cache, f'session:{session.sid}'
for number in range(20_000):
    cache.set(key, {'flask': number}, 3600)
    while 'axum' not in (seen := cache.get(key)):
        pass
    if seen.get('flask') != number:
        session['value'] = 'lost'
        break
";

pub async fn what_flask_writes_between_the_comparison_and_the_rename_is_lost() {
    let shared = Shared::in_files();
    let answer = shared.ask_flask("session['value'] = 1", None);
    let question = shared.flask(WRITE_UNTIL_ONE_IS_LOST, Some(cookie(&answer)));
    let flask = spawn_blocking(move || ask(&[question]).remove(0));
    while !flask.is_finished() {
        let request = Scope::default();
        let saved = request.run(async {
            let mut record = shared.load(cookie(&answer)).await.unwrap();
            record.data.insert("axum".to_owned(), json!(1));
            shared.store.save(&record).await
        });
        let saved = saved.await;
        assert!(saved.as_ref().map_or_else(is_conflict, |()| true), "{saved:?}");
    }
    assert_eq!(flask.await.unwrap()["told"], "\"lost\"");
}

/// Names of another program's files. Neither is a digest.
const FOREIGN: [&str; 2] = ["cafe", "thirty-two-letters-and-no-digest"];

struct InFiles(TempDir);

impl InFiles {
    fn folder(&self) -> PathBuf {
        self.0.path().join("sessions")
    }
}

impl Backend for InFiles {
    type Store = FlaskFiles;

    async fn open(&self) -> FlaskFiles {
        FlaskFiles::open(self.folder(), "session:", PATIENT).unwrap()
    }

    fn keeps(&self) -> bool {
        true
    }

    /// Damages everything but the expiry, because Flask and axum take most damaged expiries for past ones.
    async fn damage(&self, id: &Id) -> Option<()> {
        let file = path(self.folder(), id);
        let expiry = fs::read(&file).unwrap()[..4].to_vec();
        fs::write(file, [&expiry, &b"{\"data\": {\"user"[..]].concat()).unwrap();
        Some(())
    }

    async fn contents(&self) -> Option<Vec<u8>> {
        let files = fs::read_dir(self.folder()).unwrap().map(|entry| entry.unwrap());
        let named = files.map(|file| [file.file_name().as_encoded_bytes(), &fs::read(file.path()).unwrap()].concat());
        Some(named.flatten().collect())
    }

    async fn put_foreign(&self) -> Option<()> {
        for name in FOREIGN {
            fs::write(self.folder().join(name), [1, 0, 0, 0]).unwrap();
        }
        Some(())
    }

    async fn foreign_is_there(&self) -> bool {
        FOREIGN.iter().all(|name| self.folder().join(name).exists())
    }

    async fn clean(&self, store: &FlaskFiles) -> Result<()> {
        store.delete_expired().await
    }
}

pub async fn the_store_in_files_keeps_every_rule() {
    let mut broken = Vec::new();
    for rule in rules::<InFiles>() {
        if let Err(miss) = (rule.run)(&InFiles(TempDir::new().unwrap())).await {
            println!("{}: {miss:?}", rule.id);
            broken.push(rule.id);
        }
    }
    assert!(broken.is_empty(), "{broken:?}");
}
