//! Demonstrates surprises of tower-sessions 0.15, each in a small app. The book shows these tests and their
//! transcripts. If a new version behaves differently, a test fails.

use std::time::Duration;

use async_trait::async_trait;
use axum::{
    Router,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, SET_COOKIE, VARY},
    },
    routing::{get, post},
};
use checks::{Answer, Miss, Trial};
use serde::{Deserialize, Serialize};
use session_inspector::{Observed, Operation};
use tower_sessions::{
    CachingSessionStore, Expiry, MemoryStore, Session, SessionManagerLayer, SessionStore,
    session::{Id, Record},
    session_store::{Error, ExpiredDeletion, Result as StoreResult},
};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// An app behind a session layer with the default settings.
fn plain(routes: Router, store: Observed<MemoryStore>) -> Router {
    routes.layer(SessionManagerLayer::new(store))
}

/// Writes a name to the session.
async fn set(session: Session) {
    session.insert("name", "alice").await.unwrap();
}

/// Shows the name.
async fn who(session: Session) -> String {
    session.get::<String>("name").await.unwrap().unwrap_or("nobody".to_owned())
}

/// The book shows the transcript of this test.
fn snapshot(name: &str, trial: &Trial) {
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!(name, trial.transcript());
    });
}

fn set_cookie(answer: &Answer) -> &str {
    answer.headers.get(SET_COOKIE).map_or("", |set| set.to_str().unwrap())
}

// --- Time

// ANCHOR: reading
#[tokio::test]
async fn reading_does_not_keep_a_session_alive() -> Result<(), Miss> {
    let trial = Trial::of(|store| {
        let idle = Expiry::OnInactivity(time::Duration::minutes(30));
        let routes = Router::new().route("/", get(who).post(set));
        routes.layer(SessionManagerLayer::new(store).with_expiry(idle))
    });
    let alice = trial.browser("alice");
    alice.post("/", &[]).await?;
    // ANCHOR: only_reads
    for _ in 0..2 {
        trial.skip(14 * MINUTE);
        alice.get("/").await?.shows("alice")?;
    }
    trial.skip(3 * MINUTE); // three idle minutes, thirty-one in all
    alice.get("/").await?.shows("nobody")?;
    // ANCHOR_END: only_reads
    snapshot("reading", &trial);
    Ok(())
}
// ANCHOR_END: reading

// ANCHOR: session_end
#[tokio::test]
async fn a_session_that_ends_with_the_browser_lives_for_two_weeks() -> Result<(), Miss> {
    let trial = Trial::of(|store| {
        let routes = Router::new().route("/", get(who).post(set));
        routes.layer(SessionManagerLayer::new(store).with_expiry(Expiry::OnSessionEnd))
    });
    let alice = trial.browser("alice");
    let answer = alice.post("/", &[]).await?;
    assert!(!set_cookie(&answer).contains("Max-Age"));
    // ANCHOR: copy
    let mallory = alice.copied_by("mallory");
    alice.close();
    trial.skip(13 * DAY);
    mallory.get("/").await?.shows("alice")?;
    trial.skip(2 * DAY);
    mallory.get("/").await?.shows("nobody")
    // ANCHOR_END: copy
}
// ANCHOR_END: session_end

// ANCHOR: instant
#[tokio::test]
async fn an_expiry_at_a_time_on_the_layer_is_one_instant_for_everyone() -> Result<(), Miss> {
    let trial = Trial::of(|store| {
        // This is meant as "an hour after the login", but it is an hour after the program's start two hours ago.
        let hour = Expiry::AtDateTime(time::OffsetDateTime::now_utc() - time::Duration::hours(1));
        let routes = Router::new().route("/", get(who).post(set));
        routes.layer(SessionManagerLayer::new(store).with_expiry(hour))
    });
    let alice = trial.browser("alice");
    let answer = alice.post("/", &[]).await?;
    assert!(set_cookie(&answer).contains("Max-Age=-"), "{}", set_cookie(&answer));
    alice.get("/").await?.shows("nobody")
}
// ANCHOR_END: instant

// --- Writing

// ANCHOR: status
#[tokio::test]
async fn what_was_written_is_saved_with_a_4xx_and_dropped_with_a_5xx() -> Result<(), Miss> {
    let trial = Trial::of(|store| {
        let refuses = async |session: Session| {
            session.insert("half", "refused").await.unwrap();
            StatusCode::UNPROCESSABLE_ENTITY
        };
        let fails = async |session: Session| {
            session.insert("half", "failed").await.unwrap();
            StatusCode::INTERNAL_SERVER_ERROR
        };
        plain(Router::new().route("/refuses", post(refuses)).route("/fails", post(fails)), store)
    });
    let alice = trial.browser("alice");
    alice.post("/refuses", &[]).await?;
    alice.post("/fails", &[]).await?;
    snapshot("status", &trial);
    Ok(())
}
// ANCHOR_END: status

// ANCHOR: cycle
#[tokio::test]
async fn a_new_id_and_then_an_error_lose_the_session() -> Result<(), Miss> {
    let trial = Trial::of(|store| {
        // ANCHOR: then_an_error
        let login = async |session: Session| {
            session.cycle_id().await.unwrap();
            StatusCode::BAD_GATEWAY // a later step has failed
        };
        // ANCHOR_END: then_an_error
        plain(Router::new().route("/", get(who).post(set)).route("/login", post(login)), store)
    });
    let alice = trial.browser("alice");
    alice.post("/", &[]).await?;
    alice.post("/login", &[]).await?;
    alice.get("/").await?.shows("nobody")?;
    snapshot("cycle", &trial);
    Ok(())
}
// ANCHOR_END: cycle

#[tokio::test]
async fn a_new_id_that_is_saved_before_an_error_is_in_the_store_and_in_no_browser() -> Result<(), Miss> {
    let trial = Trial::of(|store| {
        let login = async |session: Session| {
            session.cycle_id().await.unwrap();
            session.save().await.unwrap();
            StatusCode::BAD_GATEWAY
        };
        plain(Router::new().route("/", get(who).post(set)).route("/login", post(login)), store)
    });
    let alice = trial.browser("alice");
    alice.post("/", &[]).await?;
    let answer = alice.post("/login", &[]).await?;
    assert!(
        answer.exchange.calls.iter().any(|call| call.operation == Operation::Create),
        "{:?}",
        answer.exchange.calls
    );
    assert_eq!(set_cookie(&answer), "");
    alice.get("/").await?.shows("nobody")
}

// ANCHOR: last
#[tokio::test]
async fn of_two_requests_at_the_same_time_the_last_to_save_wins() -> Result<(), Miss> {
    let trial = Trial::of(|store| {
        // ANCHOR: add
        let add = async |session: Session, body: axum::extract::Request| {
            let mut cart = session.get::<Vec<String>>("cart").await.unwrap().unwrap_or_default();
            let item = axum::body::to_bytes(body.into_body(), 100).await.unwrap();
            cart.push(String::from_utf8_lossy(&item).into_owned());
            session.insert("cart", cart).await.unwrap();
        };
        // ANCHOR_END: add
        plain(Router::new().route("/", get(who).post(set)).route("/add", post(add)), store)
    });
    let alice = trial.browser("alice");
    alice.post("/", &[]).await?;
    let meanwhile = async { alice.post("/add", &[("item", "milk")]).await.map(drop) };
    alice.post_slowly("/add", &[("item", "bread")], meanwhile).await?;
    snapshot("last", &trial);
    Ok(())
}
// ANCHOR_END: last

// ANCHOR: equal
#[tokio::test]
async fn an_equal_value_is_no_write_and_removing_nothing_is_one() -> Result<(), Miss> {
    let trial = Trial::of(|store| {
        let remove = async |session: Session| drop(session.remove::<String>("absent").await.unwrap());
        plain(Router::new().route("/", post(set)).route("/remove", post(remove)), store)
    });
    let alice = trial.browser("alice");
    for path in ["/", "/", "/remove"] {
        alice.post(path, &[]).await?;
    }
    snapshot("equal", &trial);
    Ok(())
}
// ANCHOR_END: equal

// ANCHOR: shape
#[tokio::test]
async fn a_value_of_an_older_shape_is_an_error_at_every_request() -> Result<(), Miss> {
    #[derive(Deserialize, Serialize)]
    // ANCHOR: new_field
    struct Visitor {
        name: String,
        visits: u32, // new in this release
    }
    // ANCHOR_END: new_field
    let trial = Trial::of(|store| {
        let before = async |session: Session| {
            session.insert("visitor", serde_json::json!({ "name": "alice" })).await.unwrap();
        };
        let now = async |session: Session| match session.get::<Visitor>("visitor").await {
            Ok(_) => StatusCode::OK,
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        plain(Router::new().route("/", get(now).post(before)), store)
    });
    let alice = trial.browser("alice");
    alice.post("/", &[]).await?;
    for _ in 0..2 {
        alice.get("/").await?.has_status(500)?;
    }
    Ok(())
}
// ANCHOR_END: shape

#[tokio::test]
async fn what_is_got_is_a_copy_and_removing_one_key_leaves_the_rest() -> Result<(), Miss> {
    let trial = Trial::of(|store| {
        let write = async |session: Session| {
            session.insert("name", "alice").await.unwrap();
            session.insert("theme", "dark").await.unwrap();
        };
        let change_the_copy = async |session: Session| {
            let mut name: String = session.get("name").await.unwrap().unwrap();
            name.push_str(" and bob");
        };
        let remove = async |session: Session| drop(session.remove::<String>("theme").await.unwrap());
        let routes = Router::new().route("/", get(who).post(write)).route("/copy", post(change_the_copy));
        plain(routes.route("/remove", post(remove)), store)
    });
    let alice = trial.browser("alice");
    for path in ["/", "/copy", "/remove"] {
        alice.post(path, &[]).await?;
    }
    let page = alice.get("/").await?;
    page.shows("alice")?;
    assert!(!page.text().contains("bob"));
    Ok(())
}

#[tokio::test]
async fn always_save_writes_for_every_page() -> Result<(), Miss> {
    let trial = Trial::of(|store| {
        let routes = Router::new().route("/", get(who).post(set));
        routes.layer(SessionManagerLayer::new(store).with_always_save(true))
    });
    let alice = trial.browser("alice");
    alice.post("/", &[]).await?;
    alice.get("/").await?;
    let calls = trial.exchanges().pop().map(|exchange| exchange.calls).unwrap_or_default();
    assert!(calls.iter().any(|call| call.operation == Operation::Save), "{calls:?}");
    Ok(())
}

// --- IDs and cookies

// ANCHOR: id
#[tokio::test]
async fn a_new_session_has_no_id_before_it_is_saved() -> Result<(), Miss> {
    let trial = Trial::of(|store| {
        let login = async |session: Session| {
            session.insert("name", "alice").await.unwrap();
            let before = session.id();
            session.save().await.unwrap();
            format!("{} {}", before.is_some(), session.id().is_some())
        };
        plain(Router::new().route("/login", post(login)), store)
    });
    trial.browser("alice").post("/login", &[]).await?.shows("false true")
}
// ANCHOR_END: id

// ANCHOR: unknown
#[tokio::test]
async fn a_dead_cookie_is_removed_only_where_the_session_is_looked_at() -> Result<(), Miss> {
    let trial = Trial::of(|store| {
        plain(Router::new().route("/", get(who)).route("/about", get(async || "a page for everyone")), store)
    });
    let alice = trial.browser("alice");
    let dead = format!("id={}", Id::default());
    alice.takes(&dead);
    alice.get("/about").await?;
    alice.get("/").await?;
    alice.takes("id=no-id-at-all");
    alice.get("/about").await?;
    snapshot("unknown", &trial);
    Ok(())
}
// ANCHOR_END: unknown

// ANCHOR: caches
#[tokio::test]
async fn a_page_that_read_the_session_says_nothing_to_caches() -> Result<(), Miss> {
    let trial = Trial::of(|store| plain(Router::new().route("/", get(who).post(set)), store));
    let alice = trial.browser("alice");
    alice.post("/", &[]).await?;
    let page = alice.get("/").await?;
    page.shows("alice")?;
    assert_eq!([VARY, CACHE_CONTROL].map(|name| page.headers.get(name)), [None, None]);
    Ok(())
}
// ANCHOR_END: caches

// --- Stores

// ANCHOR: tiers
#[tokio::test]
async fn a_cache_in_each_process_does_not_hear_of_a_logout_in_another() {
    let database = MemoryStore::default();
    let [here, there] = [(); 2].map(|()| CachingSessionStore::new(MemoryStore::default(), database.clone()));
    let mut record = Record {
        id: Id::default(),
        data: Default::default(),
        expiry_date: time::OffsetDateTime::now_utc() + time::Duration::hours(1),
    };
    here.create(&mut record).await.unwrap();
    assert!(there.load(&record.id).await.unwrap().is_some()); // now the other instance has it in its cache
    here.delete(&record.id).await.unwrap();
    assert_eq!(database.load(&record.id).await.unwrap(), None);
    assert!(there.load(&record.id).await.unwrap().is_some(), "logged out, and logged in");
}
// ANCHOR_END: tiers

/// A store whose cleanup fails.
#[derive(Clone, Debug)]
struct FailingCleanup;

#[async_trait]
impl SessionStore for FailingCleanup {
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
impl ExpiredDeletion for FailingCleanup {
    async fn delete_expired(&self) -> StoreResult<()> {
        Err(Error::Backend("the database is unavailable".to_owned()))
    }
}

// ANCHOR: cleaning
#[tokio::test]
async fn cleaning_continuously_ends_at_the_first_error() {
    let ended = FailingCleanup.continuously_delete_expired(Duration::from_millis(1)).await;
    assert!(matches!(ended, Err(Error::Backend(_))), "{ended:?}");
}
// ANCHOR_END: cleaning
