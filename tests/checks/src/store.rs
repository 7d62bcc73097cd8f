//! The rules that every session store has to keep: one list for each backend of lesson 3, for exercise 5, and for a
//! store of your own, which need not belong to this workspace.
//!
//! The rules need only tower-sessions 0.15 and a Tokio runtime with threads. Implement a [`Backend`], which does and
//! reports everything that only your backend can, and run each of the [`rules`] on a fresh one. Where a backend cannot
//! report something, it returns `None`, and the rules that need it pass. A broken rule returns a [`Miss`]: what was
//! expected, what was seen, and usually what that means.
//! A save of a deleted session may fail or do nothing: both are right, as long as the session stays deleted.
//!
//! In a crate of yours the dependency is `checks = { path = "…/tests/checks" }`. `tests/other-stores` is such a crate:
//! it tests three published stores against the rules.
//!
//! ```rust,ignore
#![doc = include_str!("../examples/conformance.rs")]
//! ```

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    future::Future,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use futures_util::future::{BoxFuture, FutureExt, join, join_all};
use serde_json::{Value, json as value_of};
use time::{Duration, OffsetDateTime, UtcOffset};
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::Result as StoreResult,
};

use crate::{
    Miss,
    race::{at_once, moments},
    spelt::SpeltId,
};

/// A backend under test: how to open a store on it, and what only the backend itself can do or tell.
///
/// One value is one empty backend of its own, so that rules do not see each other's sessions.
pub trait Backend: Send + Sync {
    /// The store under test.
    type Store: SessionStore;

    /// Opens the store; a second time on what the first one left.
    fn open(&self) -> impl Future<Output = Self::Store> + Send;

    /// Whether sessions outlive the store that made them, as in a file or a server.
    fn keeps(&self) -> bool;

    /// Overwrites what is stored under this ID with bytes that are not a record; `None` if there are no bytes.
    fn damage(&self, id: &Id) -> impl Future<Output = Option<()>> + Send;

    /// All keys and values of the backend, one after the other; `None` if it has no way to tell.
    fn contents(&self) -> impl Future<Output = Option<Vec<u8>>> + Send;

    /// Puts an entry of another program beside the sessions; `None` if that is impossible.
    fn put_foreign(&self) -> impl Future<Output = Option<()>> + Send;

    /// Whether that entry is still there.
    fn foreign_is_there(&self) -> impl Future<Output = bool> + Send;

    /// Begins another round of a race: the log of the last round no longer matters.
    fn next_round(&self, _: &Self::Store) {}

    /// Removes expired records, as the store's cleanup does; does nothing if the backend does it by itself.
    fn clean(&self, store: &Self::Store) -> impl Future<Output = StoreResult<()>> + Send;
}

/// One rule.
pub struct Rule<B: Backend> {
    /// A sentence, in snake case.
    pub id: &'static str,
    /// Tests a fresh backend against it.
    pub run: for<'a> fn(&'a B) -> BoxFuture<'a, Result<(), Miss>>,
}

/// All rules, in the order in which to meet them.
pub fn rules<B: Backend>() -> Vec<Rule<B>> {
    vec![
        Rule { id: "what_is_created_is_loaded", run: |backend| created_is_loaded(backend).boxed() },
        Rule { id: "an_unknown_id_loads_nothing", run: |backend| unknown_loads_nothing(backend).boxed() },
        Rule { id: "save_replaces_what_was_there", run: |backend| save_replaces(backend).boxed() },
        Rule { id: "a_deleted_session_is_gone", run: |backend| deleted_is_gone(backend).boxed() },
        Rule { id: "save_never_revives_a_deleted_session", run: |backend| save_never_revives(backend).boxed() },
        Rule { id: "a_save_that_races_a_delete_loses", run: |backend| save_loses_to_delete(backend).boxed() },
        Rule { id: "an_expired_session_is_not_loaded", run: |backend| expired_is_not_loaded(backend).boxed() },
        Rule {
            id: "save_never_revives_an_expired_session",
            run: |backend| save_never_revives_expired(backend).boxed(),
        },
        Rule { id: "expiry_comes_back_as_it_went_in", run: |backend| expiry_comes_back(backend).boxed() },
        Rule { id: "a_collision_never_merges_two_sessions", run: |backend| collision_never_merges(backend).boxed() },
        Rule {
            id: "a_hundred_sessions_at_once_are_a_hundred_sessions",
            run: |backend| hundred_at_once(backend).boxed(),
        },
        Rule { id: "a_big_session_is_kept_whole_or_refused", run: |backend| big_is_whole_or_refused(backend).boxed() },
        Rule { id: "a_damaged_record_is_an_error", run: |backend| damaged_is_an_error(backend).boxed() },
        Rule { id: "ids_are_not_readable_in_the_backend", run: |backend| ids_are_not_readable(backend).boxed() },
        Rule { id: "entries_of_others_are_left_alone", run: |backend| foreign_is_left_alone(backend).boxed() },
        Rule {
            id: "cleaning_takes_the_expired_and_leaves_the_rest",
            run: |backend| cleaning_takes_the_expired(backend).boxed(),
        },
        Rule { id: "sessions_outlive_the_store_where_they_should", run: |backend| outlive_the_store(backend).boxed() },
    ]
}

/// In bytes.
const MIB: usize = 1024 * 1024;
/// A slow store is asked less often.
const LONGEST_RACE: std::time::Duration = std::time::Duration::from_millis(300);
/// How often a race is run: it ends differently each time.
const ROUNDS: usize = 50;
/// More than a store would clean in one go if it does not clean all.
const MANY: usize = 150;

pub(crate) fn record(value: impl Into<Value>) -> Record {
    let expiry_date = OffsetDateTime::now_utc() + Duration::hours(1);
    Record { id: Id::default(), data: [("value".to_owned(), value.into())].into(), expiry_date }
}

/// A record that has been created.
pub(crate) async fn created(store: &impl SessionStore, mut record: Record) -> Result<Record, Miss> {
    store.create(&mut record).await.map_err(failed("create"))?;
    Ok(record)
}

pub(crate) fn failed(call: &'static str) -> impl Fn(tower_sessions::session_store::Error) -> Miss {
    move |error| {
        let miss = Miss::new(format!("`{call}` works"), format!("it fails: {error}"));
        match call {
            "create" => miss.explained(
                "`create` returned an error for a new session: does the folder, table or server for it exist?",
            ),
            call => miss.explained(format!("`{call}` returned an error, although nothing was wrong")),
        }
    }
}

async fn value(store: &impl SessionStore, id: &Id) -> Result<Option<Value>, Miss> {
    let record = store.load(id).await.map_err(failed("load"))?;
    match record {
        Some(record) if record.id != *id => {
            Err(Miss::new(format!("the record of {id}"), format!("a record with the ID {}", record.id))
                .so("`load` returned a record with another ID: its next `save` would go to that ID"))
        }
        record => Ok(record.and_then(|record| record.data.get("value").cloned())),
    }
}

/// `load` returns this value.
pub(crate) async fn loads(store: &impl SessionStore, id: &Id, expected: Option<Value>) -> Result<(), Miss> {
    let actual = value(store, id).await?;
    let words = |value: &Option<Value>| match value {
        Some(value) => format!("`load` returns the record with {}", short(value)),
        None => "`load` returns `None`".to_owned(),
    };
    if actual == expected {
        return Ok(());
    }
    let so = match (&expected, &actual) {
        (Some(_), None) => "`load` finds no record under this ID",
        (None, Some(_)) => "`load` returned a record where it has to return `None`",
        _ => "`load` returned a record that differs from the one that was stored last",
    };
    Err(Miss::new(words(&expected), words(&actual)).so(so))
}

/// The data of a record, in the order of its keys.
pub(crate) fn json(record: &Record) -> String {
    let sorted: BTreeMap<_, _> = record.data.iter().collect();
    serde_json::to_string(&sorted).unwrap_or_default()
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(40).collect()
}

async fn created_is_loaded<B: Backend>(backend: &B) -> Result<(), Miss> {
    let store = backend.open().await;
    let nested = value_of!({ "näme": ["pear", 3, null, { "deep": true }] });
    let mut all = record(nested.clone());
    all.data.extend(odd_data());
    let record = created(&store, all).await?;
    loads(&store, &record.id, Some(nested)).await?;
    let empty = created(&store, Record { data: HashMap::new(), ..self::record(0) }).await?;
    if store.load(&empty.id).await.map_err(failed("load"))?.is_none() {
        let so = "a session without data was created, and `load` does not find it: an empty session is still a session";
        return Err(Miss::new("`load` returns the record", "`load` returns `None`").so(so));
    }
    let loaded = store.load(&record.id).await.map_err(failed("load"))?;
    match loaded {
        Some(loaded) if loaded.data != record.data => Err(Miss::new(json(&record), json(&loaded))
            .so("the record that `load` returned differs from the one that was created: every key and every value counts, even `null`, and every digit of a number")),
        _ => Ok(()),
    }
}

/// Whole numbers that a floating-point number cannot hold.
pub(crate) const NO_FLOATS: [i64; 3] = [(1 << 53) + 1, -(1 << 53) - 1, i64::MAX - 1];

/// Keys and values that are JSON like any other.
pub(crate) fn odd_data() -> impl Iterator<Item = (String, Value)> {
    let keys = ["", "a=b", "two\nlines", "a.b", "a\"b", "näme", "a,b;c|d"];
    let values = [Value::Null, Value::from(u64::MAX), Value::from(i64::MIN), Value::from(0.5), Value::from("a=b\nc")];
    // The second one changes in its last digit where a program reads numbers quickly instead of exactly.
    let floats = [0.1, 9.466_426_603_509_888e-32, 1.0, f64::MAX].map(Value::from);
    let empty = [value_of!([]), value_of!({}), value_of!("")];
    let values: Vec<_> = values.into_iter().chain(floats).chain(NO_FLOATS.map(Value::from)).chain(empty).collect();
    let numbered = values.iter().enumerate().map(|(place, value)| (format!("value {place}"), value.clone()));
    let keyed = keys.map(|key| (key.to_owned(), Value::from(1)));
    let all: Vec<_> = keyed.into_iter().chain(numbered).collect();
    // The same once more, deeper.
    let object = Value::Object(all.iter().cloned().collect());
    let deeper = [("an object".to_owned(), value_of!([object])), ("a list".to_owned(), value_of!({ "list": values }))];
    all.into_iter().chain(deeper)
}

async fn unknown_loads_nothing<B: Backend>(backend: &B) -> Result<(), Miss> {
    let store = backend.open().await;
    for number in 0..40 {
        created(&store, record(number)).await?;
    }
    let so = "no session was ever stored under this ID: `load` has to return `None`, and neither an error nor an empty session";
    for _ in 0..100 {
        loads(&store, &Id::default(), None).await.map_err(|miss| miss.so_anyway(so))?;
    }
    let stored = created(&store, Record { id: ORDINARY, ..record("stored") }).await?.id;
    let so = "a session is stored under an ID that differs from this one only in a bit, the case of a letter, the sign or the order of its bytes, and `load` takes one for the other";
    for id in near(stored) {
        loads(&store, &id, None).await.map_err(|miss| miss.so(so))?;
    }
    Ok(())
}

/// An ID like any other, which is the same in each run.
const ORDINARY: Id = Id(0x0123_4567_89ab_cdef_5a3c_7e19_d2b4_f680);

/// IDs that are nearly this one: one bit differs, the case of one letter, the sign or the order of the bytes.
fn near(id: Id) -> impl Iterator<Item = Id> {
    let bits = (0..128).step_by(3).map(move |bit| Id(id.0 ^ (1 << bit)));
    let text = id.to_string();
    let letters = (0..text.len()).filter_map(move |place| in_other_case(&text, place).parse().ok());
    let whole = [id.0.wrapping_neg(), !id.0, id.0.swap_bytes(), id.0.reverse_bits()].map(Id);
    bits.chain(letters).chain(whole).filter(move |near| *near != id)
}

fn in_other_case(text: &str, place: usize) -> String {
    let letters = text.chars().enumerate();
    let swapped = |letter: char| match letter.is_ascii_uppercase() {
        true => letter.to_ascii_lowercase(),
        false => letter.to_ascii_uppercase(),
    };
    letters.map(|(at, letter)| if at == place { swapped(letter) } else { letter }).collect()
}

async fn save_replaces<B: Backend>(backend: &B) -> Result<(), Miss> {
    let store = backend.open().await;
    let mut before = created(&store, record(1)).await?;
    let data = |key: &str, value: u8| [(key.to_owned(), Value::from(value))].into();
    let (soon, late) = (before.expiry_date, before.expiry_date + Duration::hours(1));
    // Data and date change together and each alone: a request that only reads extends its session.
    for (data, expiry_date) in [
        (data("other", 2), late),
        (data("other", 2), soon),
        (data("other", 2), late),
        (data("other", 3), late),
        (HashMap::new(), late),
        (data("value", 1), late),
    ] {
        let after = Record { data, expiry_date, ..before.clone() };
        store.save(&after).await.map_err(failed("save"))?;
        is_replaced(&before, &after, store.load(&before.id).await.map_err(failed("load"))?)?;
        before = after;
    }
    let so = "this session has not expired: its `expiry_date` is an hour ahead, with a UTC offset of -11 hours";
    let elsewhere = Record { expiry_date: elsewhere(record("before").expiry_date, -11), ..record("before") };
    let elsewhere = created(&store, elsewhere).await?;
    store.save(&Record { id: elsewhere.id, ..record("after") }).await.map_err(failed("save"))?;
    loads(&store, &elsewhere.id, Some("after".into()))
        .await
        .map_err(|miss| miss.so(format!("{so}, and `save` did not replace it")))
}

/// The same moment, told with this offset from UTC, in hours.
fn elsewhere(date: OffsetDateTime, hours: i8) -> OffsetDateTime {
    date.to_offset(UtcOffset::from_hms(hours, 0, 0).unwrap_or(UtcOffset::UTC))
}

/// Whether both end at the same time, as far as a store that rounds can tell.
fn is_near(one: &Record, other: &Record) -> bool {
    (one.expiry_date - other.expiry_date).abs() < Duration::minutes(30)
}

/// The record that `load` returns after a save of `after` over `before`.
fn is_replaced(before: &Record, after: &Record, loaded: Option<Record>) -> Result<(), Miss> {
    let differs = |loaded: &str, so| Err(Miss::new(json(after), loaded).so(so));
    match loaded {
        Some(loaded) if loaded.data == before.data && loaded.data != after.data => {
            differs(&json(&loaded), "after `save` the record has its old data: the new data was not written")
        }
        Some(loaded) if loaded.data != after.data => differs(
            &json(&loaded),
            "after `save` the record does not have the data that was saved: it has to have all its keys, and no others",
        ),
        // Another rule tests how exactly an expiry is kept.
        Some(loaded) if is_near(&loaded, before) && !is_near(&loaded, after) => {
            let so = match after.data == before.data {
                true => {
                    "only the `expiry_date` had changed, and `save` kept the old one: a session ends when its last `save` says, even if its data is the same"
                }
                false => {
                    "`save` wrote the data and kept the old `expiry_date`: a session ends when its last `save` says"
                }
            };
            Err(Miss::new("the `expiry_date` of the new record", "the `expiry_date` of the old one").so(so))
        }
        Some(_) => Ok(()),
        None => Err(Miss::new("the record", "`None`").so("after `save` there is no longer a record under this ID")),
    }
}

async fn deleted_is_gone<B: Backend>(backend: &B) -> Result<(), Miss> {
    let store = backend.open().await;
    let gone = created(&store, record("what-was-deleted")).await?;
    // Many, so that it has neighbors wherever it is stored.
    let mut others = vec![created(&store, Record { id: ORDINARY, ..record("near") }).await?];
    for number in 0..40 {
        others.push(created(&store, record(number)).await?);
    }
    // A store that keeps what was there before a save has to delete that as well.
    store.save(&gone).await.map_err(failed("save"))?;
    store.delete(&gone.id).await.map_err(failed("delete"))?;
    loads(&store, &gone.id, None).await.map_err(|miss| match miss.actual.starts_with("it fails") {
        true => {
            miss.so_anyway("`load` returned an error after `delete`: it has to return `None`, as for any unknown ID")
        }
        false => miss.so("after `delete` the session can still be loaded"),
    })?;
    is_taken_away(
        backend,
        "what-was-deleted",
        "`load` no longer finds the session, but its data is still in the backend, and in every backup of it",
    )
    .await?;
    others_stay(&store, &others, "`delete` was called for one session, and another one is gone or changed").await?;
    for id in near(others[0].id) {
        let _ = store.delete(&id).await; // there is none, and this may be an error or not
    }
    let so = "`delete` was called with IDs that differ from this one in a single bit or in the case of one letter, and this session is gone or changed";
    others_stay(&store, &others[..1], so).await?;
    ended_is_taken_away(backend, &store).await?;
    let again = store.delete(&gone.id).await.map_err(failed("delete"));
    again.map_err(|miss| {
        miss.so_anyway(
            "this session had already been deleted: a second logout is not an error, it just has nothing to do",
        )
    })
}

async fn others_stay(store: &impl SessionStore, others: &[Record], so: &str) -> Result<(), Miss> {
    for other in others {
        let stays = loads(store, &other.id, other.data.get("value").cloned()).await;
        stays.map_err(|miss| miss.so(so))?;
    }
    Ok(())
}

/// `delete` takes an expired session away, too, which `load` does not find in any case.
async fn ended_is_taken_away<B: Backend>(backend: &B, store: &B::Store) -> Result<(), Miss> {
    let expiry_date = OffsetDateTime::now_utc() - Duration::seconds(2);
    let over = |id, value: &str| Record { id, expiry_date, ..record(value) };
    let saved = created(store, record("what-had-ended-by-a-save")).await?.id;
    let _ = store.save(&over(saved, "what-had-ended-by-a-save")).await;
    let at_once = created(store, over(Id::default(), "what-had-ended")).await.map(|record| record.id).ok();
    let by_itself = ended_by_itself(store, "over-by-itself").await?;
    let so = "the session had expired when `delete` was called for it, and its data is still in the backend: `delete` has to remove even what `load` no longer returns";
    let ended = [(Some(saved), "what-had-ended-by-a-save"), (at_once, "what-had-ended"), (by_itself, "over-by-itself")];
    for (id, value) in ended {
        let Some(id) = id else { continue }; // it may be refused
        store.delete(&id).await.map_err(failed("delete"))?;
        is_taken_away(backend, value, so).await?;
    }
    Ok(())
}

pub(crate) async fn is_taken_away<B: Backend>(backend: &B, value: &str, so: &str) -> Result<(), Miss> {
    match backend.contents().await.is_some_and(|contents| holds(&contents, value.as_bytes())) {
        true => Err(Miss::new("no data of a deleted session", "its data is still in the backend").so(so)),
        false => Ok(()),
    }
}

async fn save_never_revives<B: Backend>(backend: &B) -> Result<(), Miss> {
    let store = backend.open().await;
    let record = created(&store, record(1)).await?;
    store.delete(&record.id).await.map_err(failed("delete"))?;
    // Refused or ignored: both are right, as long as the session stays gone.
    let _ = store.save(&record).await;
    let so = "`save` wrote the record of a deleted session: it has to check first that there is a record to replace";
    loads(&store, &record.id, None).await.map_err(|miss| miss.so(so))?;
    let late = created(&store, self::record("what-came-in-time")).await?;
    store.delete(&late.id).await.map_err(failed("delete"))?;
    let _ = store.save(&Record { id: late.id, ..self::record("what-came-too-late") }).await;
    let so = "`save` was called for a deleted session, `load` does not find it, and the data that came too late is still in the backend, where no `delete` will remove it: a record that is written before the check has to be removed if it is not needed";
    is_taken_away(backend, "what-came-too-late", so).await?;
    if backend.keeps() {
        let store = backend.open().await;
        let _ = store.save(&record).await;
        let so = "the session was deleted before this store was opened, and `save` wrote its record: only the backend knows which sessions were deleted";
        loads(&store, &record.id, None).await.map_err(|miss| miss.so(so))?;
    }
    Ok(())
}

const REVIVED: &str = "`save` and `delete` were called at the same moment, and the session is still there: `save` must not check before `delete` and write after it, so let a lock keep the two apart";

async fn save_loses_to_delete<B: Backend>(backend: &B) -> Result<(), Miss> {
    let store = Arc::new(backend.open().await);
    for round in 0..ROUNDS {
        let record = created(&*store, record(1)).await?;
        let (save, delete) = (store.save(&record), store.delete(&record.id));
        let deleted = if round % 2 == 0 { join(save, delete).await.1 } else { join(delete, save).await.0 };
        deleted.map_err(failed("delete"))?;
        loads(&*store, &record.id, None).await.map_err(|miss| miss.so(REVIVED))?;
    }
    // On two threads. A big record takes time to be saved, and the logout comes at every moment of that time.
    for begin in moments(time_to_save(&store).await?) {
        backend.next_round(&store);
        let record = created(&*store, record(big_value())).await?;
        let (saving, deleting) = (store.clone(), store.clone());
        let (saved, id) = (record.clone(), record.id);
        let save = async move { saving.save(&saved).await.map(drop) };
        let (_, deleted) = at_once(save, begin, async move { deleting.delete(&id).await }).await;
        deleted.map_err(failed("delete"))?;
        loads(&*store, &record.id, None).await.map_err(|miss| miss.so(REVIVED))?;
    }
    Ok(())
}

/// A value that takes a while to be written and to be read: many small ones, 32 KiB in all.
fn big_value() -> Value {
    (0..4 * 1024).map(|number| Value::from(1_000_000 + number)).collect()
}

/// How long it takes to save a big record here: the quickest of three.
async fn time_to_save<S: SessionStore>(store: &Arc<S>) -> Result<std::time::Duration, Miss> {
    let record = created(&**store, record(big_value())).await?;
    let mut quickest = std::time::Duration::MAX;
    for _ in 0..3 {
        let (saving, saved, begun) = (store.clone(), record.clone(), Instant::now());
        let save = async move { saving.save(&saved).await };
        let (saved, ()) = at_once(save, std::time::Duration::ZERO, async {}).await;
        saved.map_err(failed("save"))?;
        quickest = quickest.min(begun.elapsed());
    }
    store.delete(&record.id).await.map_err(failed("delete"))?;
    Ok(quickest)
}

async fn expired_is_not_loaded<B: Backend>(backend: &B) -> Result<(), Miss> {
    let store = backend.open().await;
    // Many backends keep no more than whole seconds.
    for ago in [Duration::milliseconds(1), Duration::milliseconds(999), Duration::seconds(1), Duration::days(400)] {
        let expiry_date = OffsetDateTime::now_utc() - ago;
        let zone =
            UtcOffset::from_hms(if ago < Duration::seconds(1) { 11 } else { -11 }, 0, 0).unwrap_or(UtcOffset::UTC);
        let expiry_date = expiry_date.to_offset(zone);
        let Ok(record) = created(&store, Record { expiry_date, ..record(1) }).await else { continue };
        let so = format!(
            "the session expired {ago} ago, and `load` returned it: is the `expiry_date` stored exactly, and does `load` check it?"
        );
        loads(&store, &record.id, None).await.map_err(|miss| miss.so(so))?;
    }
    let Some(ended) = ended_by_itself(&store, "ended").await? else { return Ok(()) };
    let so = "the session was loaded while it was alive, then it expired, and `load` still returned it: `load` has to check the `expiry_date` every time";
    loads(&store, &ended, None).await.map_err(|miss| miss.so(so))
}

/// The lifetimes of sessions that end while the store has them. The second one is long enough on a busy machine, too.
const SOON: [Duration; 2] = [Duration::milliseconds(50), Duration::SECOND];

/// A session that has ended by itself, as most do, after it was loaded: a store may have it at hand since then, and may
/// refuse one that had ended before. None if the store keeps another date for it: that is another rule's.
async fn ended_by_itself(store: &impl SessionStore, value: &str) -> Result<Option<Id>, Miss> {
    for life in SOON {
        let expiry_date = OffsetDateTime::now_utc() + life;
        let Ok(record) = created(store, Record { expiry_date, ..record(value) }).await else { continue };
        let loaded = store.load(&record.id).await.map_err(failed("load"))?;
        has_passed(expiry_date).await;
        match loaded {
            Some(loaded) => return Ok((loaded.expiry_date <= expiry_date).then_some(record.id)),
            None => store.delete(&record.id).await.map_err(failed("delete"))?, // the value stands for one session
        }
    }
    Ok(None)
}

/// A store takes the time from the system, so the checks have to wait for its dates.
async fn has_passed(date: OffsetDateTime) {
    while let Ok(left) = std::time::Duration::try_from(date - OffsetDateTime::now_utc()) {
        tokio::time::sleep(left + std::time::Duration::from_millis(1)).await;
    }
}

async fn save_never_revives_expired<B: Backend>(backend: &B) -> Result<(), Miss> {
    let store = backend.open().await;
    if let Some(ended) = ended_by_itself(&store, "ended").await? {
        let _ = store.save(&Record { id: ended, ..record(2) }).await;
        let so = "the session was loaded while it was alive, then it expired, and `save` revived it: `save` has to check the `expiry_date` of the stored record every time";
        loads(&store, &ended, None).await.map_err(|miss| miss.so(so))?;
    }
    for hours in [0, 11] {
        let expiry_date = elsewhere(OffsetDateTime::now_utc() - Duration::milliseconds(1), hours);
        let Ok(expired) = created(&store, Record { expiry_date, ..record(1) }).await else { return Ok(()) };
        let _ = store.save(&Record { id: expired.id, ..record(2) }).await;
        let so = "the session had expired, and `save` revived it: `save` has to check the `expiry_date` of the stored record";
        let offset = if hours == 0 { "" } else { ", whose UTC offset counts, too" };
        loads(&store, &expired.id, None).await.map_err(|miss| miss.so(format!("{so}{offset}")))?;
    }
    Ok(())
}

async fn expiry_comes_back<B: Backend>(backend: &B) -> Result<(), Miss> {
    let store = backend.open().await;
    let zone = |hours, minutes| UtcOffset::from_hms(hours, minutes, 0).unwrap_or(UtcOffset::UTC);
    for (ahead, zone, nanosecond) in [
        (Duration::seconds(90), UtcOffset::UTC, 600_000_000),
        (Duration::days(40), UtcOffset::UTC, 999_999_999),
        (Duration::days(400), UtcOffset::UTC, 1),
        (Duration::days(2), zone(9, 30), 400_000_000),
        (Duration::hours(2), zone(-11, 0), 500_000_000),
    ] {
        let expiry_date = (OffsetDateTime::now_utc() + ahead).to_offset(zone);
        let expiry_date = expiry_date.replace_nanosecond(nanosecond).unwrap_or(expiry_date);
        let record = created(&store, Record { expiry_date, ..record(1) }).await?;
        let loaded = store.load(&record.id).await.map_err(failed("load"))?;
        let Some(loaded) = loaded else {
            let so = format!("`load` does not find a session that expires in {ahead}");
            return Err(Miss::new("the record", "`None`").so(so));
        };
        let stored = format!("the `expiry_date` that was stored, in {ahead}");
        if let Some(off) = off_by(&loaded, expiry_date) {
            let so = format!("the session would end {off} than it should");
            return Err(ends_otherwise(&loaded, expiry_date, &stored, &off).so(so));
        }
    }
    a_small_move_counts(&store).await
}

/// Each request moves the end of a session by the time since the last one, which is often short.
async fn a_small_move_counts(store: &impl SessionStore) -> Result<(), Miss> {
    let mut record = created(store, record(1)).await?;
    for moved in [40, 2, -2, 2, -40].map(Duration::seconds) {
        record.expiry_date += moved;
        store.save(&record).await.map_err(failed("save"))?;
        let Some(loaded) = store.load(&record.id).await.map_err(failed("load"))? else {
            return Err(Miss::new("the record", "`None`").so("after `save` there is no longer a record under this ID"));
        };
        let direction = if moved > Duration::ZERO { "later" } else { "earlier" };
        let saved = format!("the `expiry_date` that was saved, {} {direction} than the one before", moved.abs());
        if let Some(off) = off_by(&loaded, record.expiry_date) {
            let so = format!(
                "`save` changed only the `expiry_date`, by a few seconds, and the session would end {off} than its last `save` says"
            );
            return Err(ends_otherwise(&loaded, record.expiry_date, &saved, &off).so(so));
        }
    }
    Ok(())
}

/// What the date of a record is off by, such as `40 seconds later`; `None` if it is the date that was stored, or up to a
/// second earlier.
pub(crate) fn off_by(loaded: &Record, stored: OffsetDateTime) -> Option<String> {
    let off = loaded.expiry_date - stored;
    let direction = if off > Duration::ZERO { "later" } else { "earlier" };
    let is_kept = (-Duration::SECOND..=Duration::ZERO).contains(&off);
    (!is_kept).then(|| format!("{} {direction}", told_in_one_unit(off.unsigned_abs().as_secs())))
}

/// The miss of a record whose date is off by this.
pub(crate) fn ends_otherwise(loaded: &Record, stored: OffsetDateTime, expected: &str, off: &str) -> Miss {
    let offset = |date: OffsetDateTime| format!("UTC offset {}", date.offset());
    let actual = format!("one that is {off} ({})", offset(loaded.expiry_date));
    Miss::new(format!("{expected} ({})", offset(stored)), actual)
}

/// As exact as is the same in each run.
fn told_in_one_unit(seconds: u64) -> String {
    let units = [("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)];
    let (unit, length) = units.into_iter().find(|(_, length)| seconds >= *length).unwrap_or(("second", 1));
    match seconds / length {
        0 => "less than a second".to_owned(),
        1 => format!("a {unit}"),
        number => format!("{number} {unit}s"),
    }
}

async fn collision_never_merges<B: Backend>(backend: &B) -> Result<(), Miss> {
    let store = backend.open().await;
    let first = created(&store, record(1)).await?;
    collides(&store, &first, record(2)).await?;
    // Most sessions begin alike.
    collides(&store, &first, first.clone()).await?;
    the_other_id_is_free(&store).await
}

/// A new session that comes with the ID of `first` gets another one, or is refused.
async fn collides(store: &impl SessionStore, first: &Record, second: Record) -> Result<(), Miss> {
    let mut second = Record { id: first.id, ..second };
    let expected = second.data.get("value").cloned();
    if store.create(&mut second).await.is_ok() {
        if second.id == first.id {
            let so = match value(store, &first.id).await? == Some(1.into()) {
                true => {
                    "the first session is intact, but `create` wrote no other ID into the record it was given: its caller would send the first session's ID as a cookie"
                }
                false => {
                    "`create` wrote the second session over the first: if an ID is in use, it has to pick another one and write that into the record it was given"
                }
            };
            return Err(Miss::new("another ID for the second session", "the same ID").so(so));
        }
        let so = "the second session got another ID, and `load` does not return it under that ID";
        loads(store, &second.id, expected).await.map_err(|miss| miss.so(so))?;
    }
    let so =
        "`create` was called for a second session with the same ID, and the first session is no longer what it was";
    loads(store, &first.id, Some(1.into())).await.map_err(|miss| miss.so(so))
}

/// Also if the IDs beside it are in use, and if another session had to take another ID before.
async fn the_other_id_is_free(store: &impl SessionStore) -> Result<(), Miss> {
    let mut all = Vec::new();
    for (value, number) in [8, 7, 6, 7, 7].into_iter().enumerate() {
        let mut record = Record { id: Id(number), ..record(value) };
        if store.create(&mut record).await.is_ok() {
            all.push(record);
        }
    }
    let so = "some new sessions came with an ID that was in use, and one session is not what was stored: the ID that `create` picks instead has to be free, too";
    for record in all {
        loads(store, &record.id, record.data.get("value").cloned()).await.map_err(|miss| miss.so(so))?;
    }
    Ok(())
}

async fn hundred_at_once<B: Backend>(backend: &B) -> Result<(), Miss> {
    let store = backend.open().await;
    let all = join_all((0..100).map(|number| created(&store, record(number)))).await;
    let all = all.into_iter().collect::<Result<Vec<_>, _>>()?;
    let different: HashSet<_> = all.iter().map(|record| record.id).collect();
    if different.len() != all.len() {
        let so = "100 sessions were created at once, and some of them share an ID";
        return Err(Miss::new("100 IDs", format!("{} IDs", different.len())).so(so));
    }
    for record in &all {
        let so = "100 sessions were created at once, and one of them is not what was stored: do the writes share anything, such as a temporary file?";
        loads(&store, &record.id, record.data.get("value").cloned()).await.map_err(|miss| miss.so(so))?;
    }
    let store = Arc::new(store);
    four_threads_at_once(backend, &store).await?;
    // Two that take the same ID at the same moment.
    for round in 0..5 {
        let [one, other] = [1, 2].map(|number| {
            let (store, id) = (store.clone(), Id(i128::from(round) + 1));
            async move { created(&*store, Record { id, ..record(vec![number; 4096]) }).await.ok() }
        });
        let (one, other) = at_once(one, std::time::Duration::ZERO, other).await;
        for record in [&one, &other].into_iter().flatten() {
            loads(&*store, &record.id, record.data.get("value").cloned()).await.map_err(|miss| {
                miss.so("two sessions were created with the same ID at the same moment, and one is not what was stored: checking that the ID is free and taking it have to be one step, and the two writes may not share a buffer or a file")
            })?;
        }
        for record in [one, other].into_iter().flatten() {
            store.delete(&record.id).await.map_err(failed("delete"))?;
        }
    }
    Ok(())
}

/// How many sessions each of four threads writes: enough to meet whenever two run at the same time, or one goes on where
/// another was interrupted.
const BESIDE: usize = 12;
/// How often, at most and at least: on a busy machine they seldom meet.
const ROUNDS_BESIDE: usize = 12;
const LEAST_BESIDE: usize = 3;

const SHARED: &str = "four threads created and saved sessions at the same time, and a call failed or a session is not what was stored: do the writes share anything, such as a temporary file?";

async fn four_threads_at_once<B: Backend>(backend: &B, store: &Arc<B::Store>) -> Result<(), Miss> {
    let begun = Instant::now();
    for round in (0..ROUNDS_BESIDE).take_while(|round| *round < LEAST_BESIDE || begun.elapsed() < LONGEST_RACE) {
        backend.next_round(store);
        let write = |thread| {
            let first = (round * 4 + thread) * BESIDE;
            written(store.clone(), first..first + BESIDE)
        };
        let two = |thread| at_once(write(thread), std::time::Duration::ZERO, write(thread + 1));
        let ((one, second), (third, fourth)) = at_once(two(0), std::time::Duration::ZERO, two(2)).await;
        for written in [one, second, third, fourth] {
            for stored in written.map_err(|miss| miss.so_anyway(SHARED))? {
                is_its_own(backend, store, &stored).await?;
            }
        }
    }
    Ok(())
}

/// All are created, and then each is saved with other data; gives both.
pub(crate) async fn written<S: SessionStore>(store: Arc<S>, numbers: Range<usize>) -> Result<Vec<[Record; 2]>, Miss> {
    // They differ at their end, which is cut off in a message, so that it is the same in each run.
    let numbered = |number: usize| record(format!("{}{number}", "x".repeat(60)));
    let mut written = Vec::new();
    for number in numbers {
        let before = created(&*store, numbered(number)).await?;
        let saved = Record { id: before.id, ..numbered(number + 1000) };
        written.push([before, saved]);
    }
    for [_, saved] in &written {
        store.save(saved).await.map_err(failed("save"))?;
    }
    Ok(written)
}

/// Whether the save counts is the matter of another rule.
pub(crate) async fn is_its_own<B: Backend>(
    backend: &B,
    store: &Arc<B::Store>,
    stored: &[Record; 2],
) -> Result<(), Miss> {
    let is_own = |loaded: StoreResult<Option<Record>>| {
        loaded.is_ok_and(|loaded| loaded.is_some_and(|loaded| stored.iter().any(|record| record.data == loaded.data)))
    };
    if is_own(store.load(&stored[0].id).await) {
        return Ok(());
    }
    // The log of four threads differs in each run, so the message has only the result.
    backend.next_round(store);
    let _ = store.load(&stored[0].id).await;
    Err(Miss::new("`load` returns the session that was stored", "another session, `None` or an error").so(SHARED))
}

async fn big_is_whole_or_refused<B: Backend>(backend: &B) -> Result<(), Miss> {
    let store = backend.open().await;
    let big = Value::from("x".repeat(MIB));
    let mut record = record(big.clone());
    match store.create(&mut record).await {
        Ok(()) => {
            let so = "`create` reported that it had stored a record of 1 MiB, and `load` does not return that record";
            loads(&store, &record.id, Some(big)).await.map_err(|miss| miss.so_anyway(so))?;
        }
        Err(error) if error.to_string().is_empty() => {
            let so = "`create` refused a record of 1 MiB, and its error does not say why";
            return Err(Miss::new("an error that says why", "an error without a message").so(so));
        }
        Err(_) => {
            let so = "`create` refused a record of 1 MiB, and `load` still returned something under its ID";
            loads(&store, &record.id, None).await.map_err(|miss| miss.so(so))?;
        }
    }
    store.delete(&record.id).await.map_err(failed("delete"))?; // so that a store with everything in one file does not become slow
    big_is_saved_whole_or_refused(&store).await?;
    // A read during a save finds the old record or the new one: half of a big one and no small one are mistakes.
    let store = Arc::new(store);
    for (size, times) in [(MIB / 2, 6), (100, 500)] {
        let Ok(record) = created(&*store, self::record("x".repeat(size))).await else { return Ok(()) };
        let id = record.id;
        is_there_while_it_is_saved(&store, record, times).await?;
        store.delete(&id).await.map_err(failed("delete"))?;
    }
    Ok(())
}

/// Most big sessions were small ones first.
async fn big_is_saved_whole_or_refused(store: &impl SessionStore) -> Result<(), Miss> {
    let big = Value::from("x".repeat(MIB));
    let small = created(store, record("small")).await?;
    let saved = store.save(&Record { id: small.id, ..record(big.clone()) }).await;
    let loaded = value(store, &small.id).await.map_err(|miss| {
        miss.so_anyway(
            "`save` was to replace a small record with one of 1 MiB, and `load` can no longer return either of them",
        )
    })?;
    let so = match (&saved, loaded) {
        (Ok(()), Some(loaded)) if loaded == big => return store.delete(&small.id).await.map_err(failed("delete")),
        // Whether the small one stays is left open.
        (Err(_), None) => return Ok(()),
        (Err(_), Some(loaded)) if loaded == "small" => return Ok(()),
        (Ok(()), _) => "`save` reported that it had stored a record of 1 MiB, and `load` does not return that record",
        (Err(_), Some(_)) => "`save` refused a record of 1 MiB, and `load` does not return the old record as it was",
    };
    Err(Miss::new("the record of 1 MiB, or an error from `save`", "another record, or none").so(so))
}

async fn is_there_while_it_is_saved<S: SessionStore>(store: &Arc<S>, record: Record, times: u32) -> Result<(), Miss> {
    let is_saved = Arc::new(AtomicBool::new(false));
    let (saving, done, id) = (store.clone(), is_saved.clone(), record.id);
    let later =
        Record { expiry_date: record.expiry_date + Duration::hours(1), ..self::record("y".repeat(big_as(&record))) };
    let both = [Record { id, ..later }, record];
    // As they load when nothing else happens: another rule tests whether that is what was saved.
    let mut known = Vec::new();
    for record in &both {
        store.save(record).await.map_err(failed("save"))?;
        known.extend(store.load(&id).await.map_err(failed("load"))?);
    }
    let save = async move {
        let mut saved = Ok(());
        let begun = Instant::now();
        for record in both.iter().cycle().take(times as usize) {
            saved = saved.and(saving.save(record).await);
            if begun.elapsed() > LONGEST_RACE {
                break;
            }
        }
        done.store(true, Ordering::Release);
        saved
    };
    let loading = store.clone();
    let load = async move {
        while !is_saved.load(Ordering::Acquire) {
            let Some(loaded) = loading.load(&id).await.map_err(failed("load"))? else {
                return Err(Miss::new("`load` returns the record during a `save`", "`load` returns `None`"));
            };
            let is_near = |known: &Record| (known.expiry_date - loaded.expiry_date).abs() < Duration::minutes(1);
            if !known.iter().any(|known| known.data == loaded.data && is_near(known)) {
                let actual = "data and `expiry_date` that were never saved together";
                return Err(Miss::new("`load` returns one of the records that are saved in turn", actual));
            }
        }
        Ok(())
    };
    let (saved, loaded) = at_once(save, std::time::Duration::ZERO, load).await;
    saved.map_err(failed("save"))?;
    let so = "the record was there all the time, but while `save` replaced it, `load` found it missing or broken: write the new record to another file, and rename that over the old one";
    loaded.map_err(|miss| miss.so_anyway(so))
}

/// The length of its value.
fn big_as(record: &Record) -> usize {
    record.data.get("value").and_then(Value::as_str).map_or(1, str::len)
}

async fn damaged_is_an_error<B: Backend>(backend: &B) -> Result<(), Miss> {
    let store = backend.open().await;
    let record = created(&store, record(1)).await?;
    if backend.damage(&record.id).await.is_none() {
        return Ok(());
    }
    match loaded_anew(backend, &store, &record).await {
        Err(_) => can_be_deleted(&store, &record).await,
        Ok(loaded) => Err(told_as_whole(loaded)),
    }
}

/// A damaged record, unless the whole store is damaged with it.
async fn can_be_deleted(store: &impl SessionStore, damaged: &Record) -> Result<(), Miss> {
    if store.load(&Id::default()).await.is_err() || created(store, record(2)).await.is_err() {
        return Ok(());
    }
    let so = "the record is damaged, but its visitor still has to be able to log out, and a logout is a `delete`";
    let deleted = store.delete(&damaged.id).await.map_err(failed("delete"));
    deleted.map_err(|miss| miss.so_anyway(so))?;
    loads(store, &damaged.id, None).await.map_err(|miss| miss.so_anyway(so))
}

/// `load` treated a damaged record as none, or as a whole one.
pub(crate) fn told_as_whole(loaded: Option<Record>) -> Miss {
    let so = match &loaded {
        None => {
            "the record is damaged, and `load` returned `None` as if there were no session: nobody would notice the loss"
        }
        Some(_) => "the record is damaged, and `load` returned a record as if nothing had happened",
    };
    Miss::new("an error", loaded.map_or("`None`".to_owned(), |loaded| json(&loaded))).so(so)
}

/// Loads a record that was changed behind the store's back. That the store remembers it is not an error:
/// a newly opened store has to read it.
pub(crate) async fn loaded_anew<B: Backend>(
    backend: &B,
    store: &B::Store,
    record: &Record,
) -> StoreResult<Option<Record>> {
    match store.load(&record.id).await {
        Ok(Some(loaded)) if loaded.data == record.data => backend.open().await.load(&record.id).await,
        loaded => loaded,
    }
}

async fn ids_are_not_readable<B: Backend>(backend: &B) -> Result<(), Miss> {
    let store = backend.open().await;
    let record = created(&store, record(1)).await?;
    let Some(contents) = backend.contents().await else { return Ok(()) };
    if contents.is_empty() {
        return Err(
            Miss::new("a session in the backend", "an empty backend").so("a session was created, and nothing is in the backend: is the session somewhere else, such as in the program's memory?")
        );
    }
    let is_readable = |contents: &[u8], id: &SpeltId, when: &str| match id.is_read_in(contents) {
        Some(how) => Err(Miss::new("no session ID in the backend", format!("the session ID is there{when}, {how}"))
            .so(format!(
                "anyone who reads the backend{when} can send this ID as a cookie: store a digest of it instead"
            ))),
        None => Ok(()),
    };
    let own = SpeltId::new(record.id);
    is_readable(&contents, &own, "")?;
    let look = async |id: &SpeltId, when: &str| is_readable(&backend.contents().await.unwrap_or_default(), id, when);
    let _ = store.load(&record.id).await;
    look(&own, " after `load`").await?;
    let _ = store.save(&record).await;
    look(&own, " after `save`").await?;
    let _ = backend.clean(&backend.open().await).await;
    look(&own, " after `delete_expired` in a newly opened store").await?;
    let mut second = Record { id: record.id, ..self::record(4) };
    let _ = store.create(&mut second).await;
    for id in [&own, &SpeltId::new(second.id)] {
        look(id, " after a `create` with an ID that was in use").await?;
    }
    let _ = store.save(&Record { id: record.id, ..self::record("x".repeat(MIB / 16)) }).await;
    look(&own, " after a `save` of 64 KiB").await?;
    store.delete(&record.id).await.map_err(failed("delete"))?;
    look(&own, " after `delete`").await?;
    let _ = store.save(&record).await;
    look(&own, " after a `save` of a deleted session").await?;
    // A store may write down what went wrong.
    let damaged = created(&store, self::record(2)).await?.id;
    let _ = backend.damage(&damaged).await;
    let expired = ended_by_itself(&store, "ended").await.ok().flatten();
    for id in [Some(damaged), expired, Some(Id::default())].into_iter().flatten() {
        let spelt = SpeltId::new(id);
        let _ = store.load(&id).await;
        let _ = store.save(&Record { id, ..self::record(3) }).await;
        let _ = backend.clean(&store).await;
        look(&spelt, " after calls that failed or found nothing").await?;
        let _ = store.delete(&id).await;
        look(&spelt, " after calls that failed or found nothing").await?;
    }
    Ok(())
}

fn holds(contents: &[u8], form: &[u8]) -> bool {
    contents.windows(form.len()).any(|window| window == form)
}

async fn foreign_is_left_alone<B: Backend>(backend: &B) -> Result<(), Miss> {
    let store = backend.open().await;
    if backend.put_foreign().await.is_none() {
        return Ok(());
    }
    let record = created(&store, record(1)).await?;
    let _at_the_next_start = backend.open().await;
    store.delete(&record.id).await.map_err(failed("delete"))?;
    let cleaned = backend.clean(&store).await.map_err(failed("delete_expired"));
    cleaned.map_err(|miss| miss.so_anyway("`delete_expired` returned an error when another program's entry was beside the sessions: skip every entry that is not a session"))?;
    if backend.foreign_is_there().await {
        return Ok(());
    }
    Err(Miss::new("the other program's entry", "it is gone or changed")
        .so("the store was opened, and `create`, `delete` and `delete_expired` were called: one of these changed an entry of another program"))
}

async fn cleaning_takes_the_expired<B: Backend>(backend: &B) -> Result<(), Miss> {
    let store = backend.open().await;
    // Several damaged ones: in whatever order they are met, a damaged one comes before one that has expired.
    let mut damaged = Vec::new();
    for _ in 0..8 {
        damaged.push(created(&store, record(1)).await?.id);
    }
    for id in &damaged {
        if backend.damage(id).await.is_none() {
            store.delete(id).await.map_err(failed("delete"))?; // here nothing can be damaged
        }
    }
    // A store with everything in one place cannot go on when that is damaged.
    let Ok(stays) = created(&store, record("stays")).await else { return Ok(()) };
    let mut others = vec![stays];
    let now = OffsetDateTime::now_utc();
    for (value, expiry_date) in
        [("stays-a-little", now + Duration::seconds(90)), ("stays-elsewhere", elsewhere(now + Duration::hours(1), -11))]
    {
        others.push(created(&store, Record { expiry_date, ..record(value) }).await?);
    }
    let empty = created(&store, Record { data: HashMap::new(), ..record(0) }).await?;
    let expiry_date = OffsetDateTime::now_utc() - Duration::seconds(2);
    for number in 0..MANY {
        let expiry_date = elsewhere(expiry_date, if number % 2 == 0 { 0 } else { 11 });
        let _ = created(&store, Record { expiry_date, ..record("a-record-that-has-expired") }).await;
    }
    // A store may refuse to create an expired record; it has to clean one that expires later.
    let by_itself = ended_by_itself(&store, "a-record-that-ended-by-itself").await?;
    let mut unreadable = Vec::new();
    for id in damaged {
        unreadable.extend(store.load(&id).await.is_err().then_some(id));
    }
    // It may say that something is damaged, once it has done the rest.
    let _ = backend.clean(&store).await;
    for id in &unreadable {
        if let Ok(loaded) = store.load(id).await {
            let found = loaded.map_or("`None`".to_owned(), |loaded| json(&loaded));
            let miss = Miss::new("an error from `load`, as before `delete_expired`", found);
            return Err(miss.so("`delete_expired` removed a damaged record that had not expired: `load` says now that there was no session, and nobody can repair the record"));
        }
    }
    let so = "`delete_expired` was called, and a session that had not expired is gone or changed";
    others_stay(&store, &others, so).await?;
    if store.load(&empty.id).await.map_err(failed("load"))?.is_none() {
        let so = "`delete_expired` was called, and a session without data is gone: an empty session is still a session";
        return Err(Miss::new("`load` returns the record", "`load` returns `None`").so(so));
    }
    let Some(contents) = backend.contents().await else { return Ok(()) };
    let is_left = holds(&contents, b"a-record-that-has-expired")
        || by_itself.is_some() && !is_cleaned(backend, &store, "a-record-that-ended-by-itself").await;
    match is_left {
        true => Err(Miss::new("no expired record", "it is still there")
            .so("`delete_expired` was called, and an expired record is still there: does it look at every record, however many there are, and even after a damaged one?")),
        false => Ok(()),
    }
}

/// Whether nothing of this session is in the backend, which has been cleaned since it expired. A store that counts in
/// seconds knows that a second later.
async fn is_cleaned<B: Backend>(backend: &B, store: &B::Store, value: &str) -> bool {
    let is_gone = async || !backend.contents().await.is_some_and(|contents| holds(&contents, value.as_bytes()));
    if is_gone().await {
        return true;
    }
    has_passed(OffsetDateTime::now_utc() + Duration::SECOND).await;
    let _ = backend.clean(store).await;
    is_gone().await
}

async fn outlive_the_store<B: Backend>(backend: &B) -> Result<(), Miss> {
    let store = backend.open().await;
    let record = created(&store, record(1)).await?;
    drop(store);
    let expected = backend.keeps().then(|| Value::from(1));
    let so = match expected {
        Some(_) => "a second store was opened on the same backend, and it does not return what the first one wrote",
        None => "this store should keep nothing, and a second one returned what the first one wrote",
    };
    let store = backend.open().await;
    loads(&store, &record.id, expected.clone()).await.map_err(|miss| miss.so(so))?;
    if expected.is_some() { an_earlier_run_is_cleaned(backend, store).await } else { Ok(()) }
}

/// A cleanup removes expired records, even if another store wrote them.
async fn an_earlier_run_is_cleaned<B: Backend>(backend: &B, store: B::Store) -> Result<(), Miss> {
    let Some(_) = ended_by_itself(&store, "a-record-of-an-earlier-run").await? else { return Ok(()) };
    drop(store);
    let store = backend.open().await;
    let _ = backend.clean(&store).await;
    match is_cleaned(backend, &store, "a-record-of-an-earlier-run").await {
        false => Err(Miss::new("no expired record", "it is still there")
            .so("a record that another store had written expired, and `delete_expired` of a newly opened store left it there")),
        true => Ok(()),
    }
}
