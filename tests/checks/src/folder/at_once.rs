//! Calls from several threads at the same moment.

use std::sync::Arc;

use time::{Duration, OffsetDateTime};
use tower_sessions::{SessionStore, session::Record};

use super::{InFolder, Opened, anew, keeps};
use crate::{
    Miss, Trial,
    race::at_once,
    store::{Backend, created, failed, is_its_own, record, written},
};

/// How often a race is run.
const ROUNDS: usize = 3;
/// How many sessions each thread works on in a round.
const SESSIONS: usize = 10;

pub(super) async fn no_call_disturbs_another(trial: &Trial) -> Result<(), Miss> {
    keeps(trial, "a_hundred_sessions_at_once_are_a_hundred_sessions").await?;
    let backend = anew(trial)?;
    let store = Arc::new(backend.open().await);
    let stays = created(&*store, record("stays")).await?;
    let _ = store.delete(&created(&*store, record("goes")).await?.id).await;
    let _ = store.clean().await;
    if !matches!(store.load(&stays.id).await, Ok(Some(_))) {
        return Ok(()); // it is the matter of another rule that a call takes too much, even alone
    }
    for round in 0..ROUNDS {
        backend.next_round(&store);
        all_at_once(&backend, &store, round).await?;
    }
    Ok(())
}

const DISTURBED: &str = "one thread deleted sessions, one called `delete_expired`, and two created and saved other sessions at the same time, and a call failed or a session is not what was stored: does every call that writes hold the lock, and does `delete_expired` leave the files of calls that are running?";

async fn all_at_once(backend: &InFolder<'_>, store: &Arc<Opened>, round: usize) -> Result<(), Miss> {
    let write = |thread| {
        let first = (round * 2 + thread) * SESSIONS;
        written(store.clone(), first..first + SESSIONS)
    };
    let zero = std::time::Duration::ZERO;
    let both = at_once(write(0), zero, write(1));
    let (deleting, cleaning) = (created_and_deleted(store.clone()), cleaned(store.clone()));
    let ((one, other), (deleted, cleaned)) = at_once(both, zero, at_once(deleting, zero, cleaning)).await;
    let miss = |miss| told(backend, store, "four threads call the store at the same time", miss, DISTURBED);
    for written in [one, other] {
        for stored in written.map_err(miss)? {
            is_its_own(backend, store, &stored).await.map_err(miss)?;
        }
    }
    deleted.and(cleaned).map_err(miss)
}

/// The log of several threads differs in each run, so the message has only what they do, and the result.
fn told(backend: &InFolder<'_>, store: &Opened, happens: &str, miss: Miss, so: &str) -> Miss {
    backend.next_round(store);
    backend.happens(happens);
    miss.so_anyway(so)
}

/// Creates sessions and deletes them.
async fn created_and_deleted(store: Arc<Opened>) -> Result<(), Miss> {
    let mut all = Vec::new();
    for _ in 0..SESSIONS {
        all.push(created(&*store, record(1)).await?.id);
    }
    for id in all {
        store.delete(&id).await.map_err(failed("delete"))?;
    }
    Ok(())
}

/// Cleans again and again.
async fn cleaned(store: Arc<Opened>) -> Result<(), Miss> {
    let expiry_date = OffsetDateTime::now_utc() - Duration::hours(1);
    for _ in 0..SESSIONS {
        let _ = store.create(&mut Record { expiry_date, ..record(1) }).await; // it may be refused
        store.clean().await.map_err(failed("delete_expired"))?;
    }
    Ok(())
}

/// How often two logouts of one session meet.
const LOGOUTS: usize = 60;

pub(super) async fn two_deletes_are_no_error(backend: &InFolder<'_>) -> Result<(), Miss> {
    let store = Arc::new(backend.open().await);
    for _ in 0..LOGOUTS {
        backend.next_round(&store);
        let id = created(&*store, record(1)).await?.id;
        let delete = |store: Arc<Opened>| async move { store.delete(&id).await };
        let (one, other) = at_once(delete(store.clone()), std::time::Duration::ZERO, delete(store.clone())).await;
        one.and(other).map_err(failed("delete")).map_err(|miss| {
            let so = "two requests deleted one session at the same moment, and one of them got an error: a second logout is not an error, whenever it comes";
            told(backend, &store, "two threads delete one session at the same time", miss, so)
        })?;
    }
    Ok(())
}

/// How often each of two threads saves a session.
const SAVES: usize = 30;

pub(super) async fn two_saves_are_never_mixed(backend: &InFolder<'_>) -> Result<(), Miss> {
    let store = Arc::new(backend.open().await);
    let before = created(&*store, record("before")).await?;
    let id = before.id;
    // Of different lengths: a mixture of them has a wrong end.
    let [one, other] =
        [("x", 9_000), ("y", 8_000)].map(|(letter, length)| Record { id, ..record(letter.repeat(length)) });
    // It is the matter of another rule that a save counts.
    let known = [before.data, one.data.clone(), other.data.clone()];
    // To the end, so that the message is the same in each run: some save fails wherever two of them meet in one file.
    let save = |store: Arc<Opened>, record: Record| async move {
        let (mut saves, mut loads) = (Ok(()), Ok(()));
        for _ in 0..SAVES {
            saves = saves.and(store.save(&record).await.map_err(failed("save")));
            let loaded = store.load(&id).await.map_err(failed("load"));
            let is_known = |loaded: Option<Record>| loaded.is_some_and(|loaded| known.contains(&loaded.data));
            let mixed = || Miss::new("one of the records that were saved", "another record, or `None`");
            loads = loads.and(loaded.and_then(|loaded| is_known(loaded).then_some(()).ok_or_else(mixed)));
        }
        [saves, loads]
    };
    let zero = std::time::Duration::ZERO;
    let ([one, loads], [other, more]) =
        at_once(save.clone()(store.clone(), one), zero, save(store.clone(), other)).await;
    one.and(other).and(loads).and(more).map_err(|miss| {
        let so = "two requests saved the same session at the same time, and a call failed or `load` returned neither record: two writes must not share a temporary file, even if both are of one session";
        told(backend, &store, "two threads save and load one session at the same time", miss, so)
    })
}
