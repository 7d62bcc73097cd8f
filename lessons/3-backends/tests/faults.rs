//! Tests what visitors see while a server is unavailable, and which sessions remain when it is back.

#[path = "../../../tests/required/mod.rs"]
mod required;
mod services;

use std::{process::ExitCode, time::Duration};

use axum::http::StatusCode;
use checks::{Answer, Browser, Miss, Trial};
use futures_util::future::join_all;
use lesson_3::{
    address::open,
    app,
    store::{AnyStore, LIMIT},
};
use required::trial;
use services::{ALL, CACHES, MEMCACHED, POSTGRES, REDIS, Service, missing, missing_to_pause};
use tokio::time::timeout;

fn main() -> ExitCode {
    required::run(vec![
        trial!(async redis_is_unavailable_and_comes_back_with_every_session, missing(REDIS)),
        trial!(async postgres_is_unavailable_and_comes_back_with_every_session, missing(POSTGRES)),
        trial!(async memcached_is_unavailable_and_comes_back_without_a_session, missing(MEMCACHED)),
        trial!(async a_server_that_hangs_keeps_nobody_waiting, missing_to_pause(ALL)),
        trial!(async redis_keeps_every_acknowledged_change_when_it_crashes_under_load, missing(REDIS)),
        trial!(async postgres_keeps_every_acknowledged_change_when_it_crashes_under_load, missing(POSTGRES)),
        trial!(async a_cache_that_is_unavailable_slows_reading_and_stops_logging_out, missing(MEMCACHED)),
        trial!(async a_cache_that_hangs_slows_reading_and_stops_logging_out, missing_to_pause(CACHES)),
    ])
}

/// The longest time that a visitor waits, whatever the backend does.
const PATIENCE: Duration = Duration::from_secs(2);
/// The time limit until a server works again.
const RECOVERY: Duration = Duration::from_secs(60);

fn trial(store: &AnyStore) -> Trial {
    let store = store.clone();
    Trial::of(move |_| app(store.clone()))
}

/// Waits for any answer, for a limited time.
async fn in_time(answer: impl Future<Output = Result<Answer, Miss>>) -> Answer {
    timeout(PATIENCE, answer).await.expect("an answer within two seconds").expect("an answer and no panic")
}

async fn count(visitor: &Browser<'_>) -> StatusCode {
    in_time(visitor.post("/count", &[])).await.status
}

/// Returns the visitor's count, or `None` while the store is unavailable.
async fn counted(visitor: &Browser<'_>) -> Option<u64> {
    let page = in_time(visitor.get("/")).await;
    let text = page.text();
    let counted = text.split("you have counted to ").nth(1)?;
    counted.split('.').next()?.parse().ok()
}

/// Checks that the answer says that the outcome is unknown and names the request's ID, but does not show the backend's
/// error message.
fn says_what_is_known(answer: &Answer) {
    let (sentence, id) = answer.body.rsplit_once(" (request ").expect("the request's ID");
    assert_eq!(
        sentence,
        "Your session cannot be reached at the moment. If you have sent a form, it is not known whether it was carried \
         out: check before you try again."
    );
    assert!(id.len() == 18 && id.ends_with(")\n") && id[..16].bytes().all(|digit| digit.is_ascii_hexdigit()), "{id}");
}

async fn back(visitor: &Browser<'_>) -> u64 {
    let asking = async {
        loop {
            if let Some(counted) = counted(visitor).await {
                return counted;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(RECOVERY, asking).await.expect("the app finds its server again")
}

/// The server becomes unavailable and comes back. Meanwhile visitors get 503 with a sentence. Afterwards the app works
/// again without a restart.
async fn is_unavailable_and_comes_back(mut server: Service, address: String) -> u64 {
    let store = open(&address, None, LIMIT).await.unwrap();
    let trial = trial(&store);
    let alice = trial.browser("alice");
    for _ in 0..3 {
        assert_eq!(count(&alice).await, StatusCode::SEE_OTHER);
    }
    server.kill();
    for _ in 0..3 {
        for away in [in_time(alice.get("/")).await, in_time(alice.post("/count", &[])).await] {
            assert_eq!(away.status, StatusCode::SERVICE_UNAVAILABLE, "{}", away.body);
            says_what_is_known(&away);
            assert_eq!(away.headers["retry-after"], "1");
        }
    }
    server.restart();
    back(&alice).await
}

/// The server hangs with all connections open, and visitors still get an answer soon.
async fn stands_still(server: Service, address: String) {
    let store = open(&address, None, LIMIT).await.unwrap();
    let trial = trial(&store);
    let alice = trial.browser("alice");
    assert_eq!(count(&alice).await, StatusCode::SEE_OTHER);
    server.pause();
    assert_eq!(count(&alice).await, StatusCode::SERVICE_UNAVAILABLE, "{address}");
    assert_eq!(in_time(alice.get("/")).await.status, StatusCode::SERVICE_UNAVAILABLE);
    server.resume();
    assert!(back(&alice).await >= 1);
}

// ANCHOR: crash
/// Eight visitors count while the server is killed and started again. Every acknowledged count is kept.
async fn crashes_under_load(mut server: Service, address: String) {
    let store = open(&address, None, LIMIT).await.unwrap();
    let trials: Vec<_> = (0..8).map(|_| trial(&store)).collect();
    let visitors: Vec<_> = trials.iter().map(|trial| trial.browser("alice")).collect();
    for visitor in &visitors {
        assert_eq!(count(visitor).await, StatusCode::SEE_OTHER);
    }
    let crash = tokio::task::spawn_blocking(move || {
        server.restart();
        server
    });
    let counting = visitors.iter().map(async |visitor| {
        let (mut done, mut failed) = (1, 0);
        for _ in 0..40 {
            match count(visitor).await {
                StatusCode::SEE_OTHER => done += 1,
                StatusCode::SERVICE_UNAVAILABLE => failed += 1,
                other => panic!("{other}"),
            }
        }
        (done, failed)
    });
    let told = join_all(counting).await;
    let _server = crash.await.unwrap();
    for (visitor, (done, failed)) in visitors.iter().zip(told) {
        let kept = back(visitor).await;
        // A request that failed may have reached the store before its answer was lost.
        assert!(
            (done..=done + failed).contains(&kept),
            "told {done} are done and {failed} failed, and {kept} are kept"
        );
    }
}
// ANCHOR_END: crash

fn redis(server: &Service) -> String {
    format!("redis://127.0.0.1:{}", server.port)
}

fn postgres(server: &Service) -> String {
    format!("postgres://postgres@127.0.0.1:{}/postgres", server.port)
}

fn memcached(server: &Service) -> String {
    format!("memcached://127.0.0.1:{}", server.port)
}

async fn redis_is_unavailable_and_comes_back_with_every_session() {
    let server = Service::redis().expect("Redis");
    let address = redis(&server);
    assert_eq!(is_unavailable_and_comes_back(server, address).await, 3);
}

async fn postgres_is_unavailable_and_comes_back_with_every_session() {
    let server = Service::postgres().expect("PostgreSQL");
    let address = postgres(&server);
    assert_eq!(is_unavailable_and_comes_back(server, address).await, 3);
}

async fn memcached_is_unavailable_and_comes_back_without_a_session() {
    let server = Service::memcached().expect("Memcached");
    let address = memcached(&server);
    assert_eq!(is_unavailable_and_comes_back(server, address).await, 0, "a cache promises nothing");
}

async fn a_server_that_hangs_keeps_nobody_waiting() {
    for (server, address) in [
        (Service::redis(), redis as fn(&Service) -> String),
        (Service::postgres(), postgres),
        (Service::memcached(), memcached),
    ] {
        let server = server.expect("all three");
        let address = address(&server);
        stands_still(server, address).await;
    }
}

async fn redis_keeps_every_acknowledged_change_when_it_crashes_under_load() {
    let server = Service::redis().expect("Redis");
    let address = redis(&server);
    crashes_under_load(server, address).await;
}

async fn postgres_keeps_every_acknowledged_change_when_it_crashes_under_load() {
    let server = Service::postgres().expect("PostgreSQL");
    let address = postgres(&server);
    crashes_under_load(server, address).await;
}

async fn a_cache_that_is_unavailable_slows_reading_and_stops_logging_out() {
    let (mut cache, folder) = (Service::memcached().expect("Memcached"), tempfile::tempdir().unwrap());
    let store = format!("sqlite:{}", folder.path().join("sessions.sqlite").display());
    let store = open(&store, Some(&memcached(&cache)), LIMIT).await.unwrap();
    let trial = trial(&store);
    let alice = trial.browser("alice");
    assert_eq!(count(&alice).await, StatusCode::SEE_OTHER);
    cache.kill();
    assert_eq!(counted(&alice).await, Some(1), "the store is asked instead");
    // The cache may come back with the old session, so no change may bypass it.
    assert_eq!(in_time(alice.post("/logout", &[])).await.status, StatusCode::SERVICE_UNAVAILABLE);
    cache.restart();
    assert_eq!(in_time(alice.post("/logout", &[])).await.status, StatusCode::SEE_OTHER);
    assert_eq!(back(&alice).await, 0);
}

/// A cache that keeps its connections open but does not answer delays one load a second, by a quarter of the limit.
async fn hangs_before_a_store(cache: Service, address: String) {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", folder.path().join("sessions.sqlite").display());
    let store = open(&store, Some(&address), LIMIT).await.unwrap();
    let trials: Vec<_> = (0..8).map(|_| trial(&store)).collect();
    let visitors: Vec<_> = trials.iter().map(|trial| trial.browser("alice")).collect();
    for visitor in &visitors {
        assert_eq!(count(visitor).await, StatusCode::SEE_OTHER);
        assert_eq!(counted(visitor).await, Some(1), "and now it is in the cache");
    }
    cache.pause();
    let reading = visitors.iter().map(async |visitor| {
        for _ in 0..16 {
            assert_eq!(counted(visitor).await, Some(1), "{address}: the store is asked instead");
        }
    });
    join_all(reading).await;
    let alice = &visitors[0];
    assert_eq!(in_time(alice.post("/logout", &[])).await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(counted(alice).await, Some(1), "a logout that was refused is none");
    cache.resume();
    let logged_out = async {
        while in_time(alice.post("/logout", &[])).await.status != StatusCode::SEE_OTHER {
            tokio::task::yield_now().await;
        }
    };
    timeout(RECOVERY, logged_out).await.expect("the cache is found again");
    assert_eq!(back(alice).await, 0);
}

async fn a_cache_that_hangs_slows_reading_and_stops_logging_out() {
    for (server, address) in [(Service::memcached(), memcached as fn(&Service) -> String), (Service::redis(), redis)] {
        let server = server.expect("both");
        let address = address(&server);
        hangs_before_a_store(server, address).await;
    }
}
