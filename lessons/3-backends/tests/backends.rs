//! Tests the claims of lesson 3 about its app and its stores.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use checks::{
    Miss, Trial,
    store::{Backend, rules},
};
use http_body_util::BodyExt;
use lesson_3::{app, cleaning::clean, store::file::FileStore};
use tokio::sync::Notify;
use tower::ServiceExt;
use tower_sessions::{
    ExpiredDeletion, MemoryStore, SessionStore,
    session::{Id, Record},
    session_store::{Error, Result as StoreResult},
};

/// The book shows the transcript of this test.
fn snapshot(name: &str, trial: &Trial) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, trial.transcript());
    });
}

#[tokio::test]
async fn s07_s13_s20_s21_set_get_and_clear() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let alice = trial.browser("alice");
    alice.get("/get_session").await?.shows("You are not logged in")?;
    alice.post("/set_session", &[]).await?.redirects_to("/")?;
    alice.get("/?done=set").await?.shows("Session data set")?;
    alice.get("/get_session").await?.shows("Logged in as JohnDoe")?;
    alice.post("/count", &[]).await?.redirects_to("/")?;
    alice.get("/").await?.shows("Logged in as JohnDoe, and you have counted to 1.")?;
    alice.post("/clear_session", &[]).await?.redirects_to("/")?;
    alice.get("/?done=cleared").await?.shows("Session cleared")?;
    alice.get("/get_session").await?.shows("You are not logged in")
}

#[tokio::test]
async fn s21_the_record_is_gone_after_a_logout_and_the_old_cookie_is_worth_nothing() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let alice = trial.browser("alice");
    alice.post("/set_session", &[]).await?;
    let mallory = alice.copied_by("mallory");
    alice.post("/logout", &[]).await?.redirects_to("/")?;
    mallory.get("/get_session").await?.shows("You are not logged in")?;
    snapshot("logout", &trial);
    Ok(())
}

#[tokio::test]
async fn the_page_shows_the_key_and_the_store_is_the_only_one_to_know_it() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let alice = trial.browser("alice");
    let issued = alice.post("/count", &[]).await?.exchange.response.set_cookies[0].value.clone();
    let id: Id = issued.parse().expect("the cookie is an ID");
    alice.get("/").await?.shows(&lesson_3::at_rest::key(&id))?;
    // Anyone can compute this key by hand: it is the SHA-256 hash of a known ID.
    assert_eq!(
        lesson_3::at_rest::key(&Id(0)),
        "lesson-3-8a5bdb4cc15164126c6ef2668de9dd240d299ce6397a42c95a9411b93d080ed8"
    );
    Ok(())
}

#[tokio::test]
async fn nothing_changes_by_reading() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let alice = trial.browser("alice");
    for path in ["/set_session", "/count", "/clear_session", "/logout"] {
        alice.get(path).await?.has_status(405)?;
        alice.head(path).await?.has_status(405)?;
    }
    alice.get("/?done=%3Cscript%3Ealert(1)%3C/script%3E").await?.shows("You are not logged in")
}

/// tower-sessions' own store in memory, tested against the same rules.
struct OfTowerSessions;

impl Backend for OfTowerSessions {
    type Store = MemoryStore;

    async fn open(&self) -> MemoryStore {
        MemoryStore::default()
    }

    fn keeps(&self) -> bool {
        false
    }

    async fn damage(&self, _: &Id) -> Option<()> {
        None
    }

    async fn contents(&self) -> Option<Vec<u8>> {
        None
    }

    async fn put_foreign(&self) -> Option<()> {
        None
    }

    async fn foreign_is_there(&self) -> bool {
        false
    }

    async fn clean(&self, _: &MemoryStore) -> StoreResult<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_memory_store_of_tower_sessions_revives_what_was_ended() {
    let mut broken = Vec::new();
    for rule in rules() {
        if (rule.run)(&OfTowerSessions).await.is_err() {
            broken.push(rule.id);
        }
    }
    assert_eq!(
        broken,
        [
            "save_never_revives_a_deleted_session",
            "a_save_that_races_a_delete_loses",
            "save_never_revives_an_expired_session"
        ]
    );
}

/// A store whose first cleanup fails, whose second one panics, and whose third one succeeds.
#[derive(Clone, Debug, Default)]
struct FlakyCleanup {
    cleanings: Arc<AtomicUsize>,
    third: Arc<Notify>,
}

#[async_trait]
impl SessionStore for FlakyCleanup {
    async fn save(&self, _: &Record) -> StoreResult<()> {
        Ok(())
    }

    async fn load(&self, _: &Id) -> StoreResult<Option<Record>> {
        Ok(None)
    }

    async fn delete(&self, _: &Id) -> StoreResult<()> {
        Ok(())
    }
}

#[async_trait]
impl ExpiredDeletion for FlakyCleanup {
    async fn delete_expired(&self) -> StoreResult<()> {
        match self.cleanings.fetch_add(1, Ordering::Relaxed) {
            0 => Err(Error::Backend("the disk is unavailable".to_owned())),
            1 => panic!("the cleanup has a bug"),
            _ => {
                self.third.notify_one();
                Ok(())
            }
        }
    }
}

#[tokio::test]
async fn cleaning_continues_after_an_error_and_after_a_panic() {
    let store = FlakyCleanup::default();
    let cleaning = tokio::spawn(clean(store.clone(), Duration::from_millis(1)));
    store.third.notified().await;
    assert!(!cleaning.is_finished());
    cleaning.abort();
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_reported_and_can_be_dropped() -> Result<(), Miss> {
    let folder = tempfile::tempdir().expect("a folder");
    let sessions = folder.path().join("sessions");
    let store = FileStore::open(&sessions, Duration::from_secs(60)).expect("a store");
    let trial = Trial::of(move |_| app(store.clone()));
    let alice = trial.browser("alice");
    let issued = alice.post("/count", &[]).await?.exchange.response.set_cookies[0].value.clone();
    let file = sessions.join(lesson_3::at_rest::key(&issued.parse().expect("the cookie is an ID")));
    std::fs::write(&file, r#"{"data": {"user"#).expect("the record is there");
    for _ in 0..2 {
        let page = alice.get("/").await?;
        page.has_status(500)?;
        assert!(page.body.contains("<h1>Your session cannot be read</h1>"));
        assert!(page.body.contains(r#"<form method="post" action="/drop_session">"#), "{}", page.body);
        assert!(!page.body.contains("EOF") && !page.body.contains("lesson-3-"), "nothing internal: {}", page.body);
    }
    alice.post("/drop_session", &[]).await?.redirects_to("/")?;
    alice.get("/").await?.shows("You are not logged in, and you have counted to 0.")?;
    assert!(!file.exists(), "the record is gone, too");
    Ok(())
}

/// Keeps the log for a test to read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("the log").write(text)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A store whose calls all fail, with an error message that names a server.
#[derive(Clone, Debug)]
struct Unreachable;

const REASON: &str = "connection to db-7.internal:5432 refused";

#[async_trait]
impl SessionStore for Unreachable {
    async fn create(&self, _: &mut Record) -> StoreResult<()> {
        Err(Error::Backend(REASON.to_owned()))
    }

    async fn save(&self, _: &Record) -> StoreResult<()> {
        Err(Error::Backend(REASON.to_owned()))
    }

    async fn load(&self, _: &Id) -> StoreResult<Option<Record>> {
        Err(Error::Backend(REASON.to_owned()))
    }

    async fn delete(&self, _: &Id) -> StoreResult<()> {
        Err(Error::Backend(REASON.to_owned()))
    }
}

#[tokio::test]
async fn while_the_store_is_unavailable_only_a_visitor_with_a_session_is_refused() {
    for (cookie, status) in
        [("another=one", StatusCode::OK), ("lesson-3=AAAAAAAAAAAAAAAAAAAAAA", StatusCode::SERVICE_UNAVAILABLE)]
    {
        let request = Request::get("/").header("cookie", cookie).body(Body::empty()).expect("a request");
        assert_eq!(app(Unreachable).oneshot(request).await.expect("an answer").status(), status, "{cookie}");
    }
}

#[tokio::test]
async fn what_a_backend_says_is_in_the_log_under_the_id_that_the_page_shows() {
    let log = Log::default();
    let writer = log.clone();
    let _logged = tracing::subscriber::set_default(
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish(),
    );
    // The first request fails when its handler loads, the second one when the layer saves.
    for cookie in ["lesson-3=AAAAAAAAAAAAAAAAAAAAAA", "another=one"] {
        let request = Request::post("/count").header("cookie", cookie).body(Body::empty()).expect("a request");
        let response = app(Unreachable).oneshot(request).await.expect("an answer");
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        let body = response.into_body().collect().await.expect("the whole answer").to_bytes();
        let page = String::from_utf8_lossy(&body).into_owned();
        assert!(!page.contains("internal"), "{page}");
        let id = page.rsplit_once("(request ").expect("an ID").1.trim_end().trim_end_matches(')').to_owned();
        let log = String::from_utf8_lossy(&log.0.lock().expect("the log")).into_owned();
        let told = log.lines().any(|line| line.contains(&id) && line.contains(REASON));
        assert!(told, "{id} is not told of in:\n{log}");
    }
}
