//! What a store in a folder may get wrong, beyond the rules for every store.

use std::collections::HashMap;

use serde_json::{Value, json as value_of};
use time::{Duration, OffsetDateTime, macros::datetime};
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::Result as StoreResult,
};

use super::{InFolder, anew, keeps};
use crate::{
    Miss, Trial, infer,
    store::{Backend, created, failed, is_taken_away, json, loads, odd_data, record},
};

pub(super) async fn all_data_comes_back(trial: &Trial) -> Result<(), Miss> {
    keeps(trial, "what_is_created_is_loaded").await?;
    let backend = anew(trial)?;
    let store = backend.open().await;
    for (what, key, value) in long_data().into_iter().chain(odd_texts()) {
        let data: HashMap<_, _> = [(key, value)].into();
        let stored = created(&store, Record { data, ..record(1) }).await?;
        comes_back(&store, &stored, "created", &what).await?;
    }
    is_stored_or_refused(&anew(trial)?).await?;
    let backend = anew(trial)?;
    let store = backend.open().await;
    let Some(second) = second_of_its_id(&store).await? else { return Ok(()) };
    let so = "a session was deleted, `create` reported that it had stored a new one under the same ID, and `load` does not return it: what is stored now counts, and not what happened to this ID before";
    loads(&store, &second.id, Some("second".into())).await.map_err(|miss| miss.so(so))
}

/// A disk may be full, or a folder gone: what cannot be written is refused.
async fn is_stored_or_refused(backend: &InFolder<'_>) -> Result<(), Miss> {
    let store = backend.open().await;
    created(&store, record("before")).await?;
    if !backend.loses_its_folder() {
        return Ok(());
    }
    let mut late = record("late");
    if store.create(&mut late).await.is_err() {
        return Ok(());
    }
    match store.load(&late.id).await {
        Ok(Some(loaded)) if loaded.data == late.data => Ok(()),
        loaded => {
            Err(Miss::new("an error from `create`, or the record from `load`", told(loaded)).so("the folder is gone, `create` reported that it had stored a session, and `load` does not return it: pass on every error of the file system"))
        }
    }
}

/// `load` returns all data of a session with this, which was created or saved.
async fn comes_back(store: &impl SessionStore, stored: &Record, call: &str, what: &str) -> Result<(), Miss> {
    let actual = match store.load(&stored.id).await.map_err(failed("load"))? {
        Some(loaded) if loaded.data == stored.data => return Ok(()),
        Some(loaded) => infer::short(&escaped(&loaded), 80),
        None => "`None`".to_owned(),
    };
    let so = format!("a session with {what} was {call}, and `load` does not return all of it as it was");
    Err(Miss::new(infer::short(&escaped(stored), 80), actual).so(so))
}

/// The data of a record, with all that cannot be seen in a text made visible.
fn escaped(record: &Record) -> String {
    let seen = |sign: char| sign == '\n' || !sign.is_control() && sign.is_ascii() || sign.is_alphabetic();
    let escape = |sign: char| if seen(sign) { sign.to_string() } else { sign.escape_unicode().to_string() };
    json(record).chars().map(escape).collect()
}

/// A text of each of these, and a key.
fn odd_texts() -> impl Iterator<Item = (String, String, Value)> {
    let texts = [
        ("spaces around it", "  pear  "),
        ("a tab and a line break at its end", "pear\t\n"),
        ("line breaks as in Windows", "pear\r\nplum\rquince"),
        ("a byte order mark in front", "\u{feff}pear"),
        ("a zero byte in it", "pe\0ar"),
        ("a line separator in it", "pear\u{2028}plum"),
        ("an accent that is a character of its own", "e\u{301}"),
        ("an emoji of several characters", "👩\u{200d}🌾"),
        ("backslashes in it", "C:\\new\\u0041"),
        ("quotation marks around it", "\"pear\""),
    ];
    let values = texts.map(|(what, text)| (format!("a text with {what}"), "text".to_owned(), Value::from(text)));
    let keys = texts.map(|(what, text)| (format!("a key with {what}"), text.to_owned(), Value::from(1)));
    values.into_iter().chain(keys)
}

/// Keys, texts and lists that are long, and many of them; altogether less than what may be refused.
fn long_data() -> [(String, String, Value); 4] {
    let keys = (0..200).map(|number| (format!("key {number}"), Value::from(number)));
    [
        ("a key of 300 characters".to_owned(), "key".repeat(100), Value::from(1)),
        ("a text of 10,000 characters".to_owned(), "text".to_owned(), "pear ".repeat(2000).into()),
        ("a list of 2,000 numbers".to_owned(), "list".to_owned(), (0..2000).collect()),
        ("an object of 200 keys".to_owned(), "object".to_owned(), keys.collect::<serde_json::Map<_, _>>().into()),
    ]
}

/// A session under an ID whose session was loaded and deleted; `None` if `create` does not take the ID.
async fn second_of_its_id(store: &impl SessionStore) -> Result<Option<Record>, Miss> {
    let first = created(store, record("first")).await?;
    loads(store, &first.id, Some("first".into())).await?;
    // What these two do is the matter of other scenes.
    let _ = store.delete(&first.id).await;
    let _ = store.load(&first.id).await;
    let mut second = Record { id: first.id, ..record("second") };
    Ok(store.create(&mut second).await.is_ok().then_some(second))
}

pub(super) async fn every_save_counts(trial: &Trial) -> Result<(), Miss> {
    keeps(trial, "save_replaces_what_was_there").await?;
    let backend = anew(trial)?;
    let store = backend.open().await;
    let saved = created(&store, record("before")).await?;
    let odd = Record { data: odd_data().collect(), ..saved.clone() };
    store.save(&odd).await.map_err(failed("save"))?;
    if let Some(loaded) = store.load(&saved.id).await.map_err(failed("load"))?.filter(|loaded| loaded.data != odd.data)
    {
        let so = "the record that `load` returned differs from the one that was saved: every key and every value counts, even `null`, and every digit of a number";
        return Err(Miss::new(json(&odd), json(&loaded)).so(so));
    }
    for number in 1..=20 {
        store.save(&Record { id: saved.id, ..record(number) }).await.map_err(failed("save"))?;
        let so = "this session was saved several times in a row, and its last `save` is not what `load` returns";
        loads(&store, &saved.id, Some(number.into())).await.map_err(|miss| miss.so(so))?;
    }
    for (what, key, value) in odd_texts() {
        let odd = Record { data: [(key, value)].into(), ..saved.clone() };
        store.save(&odd).await.map_err(failed("save"))?;
        comes_back(&store, &odd, "saved", &what).await?;
    }
    let backend = anew(trial)?;
    let store = backend.open().await;
    let Some(second) = second_of_its_id(&store).await? else { return Ok(()) };
    store.save(&Record { id: second.id, ..record("third") }).await.map_err(failed("save"))?;
    let so = "a session was deleted, another one was created under the same ID, and `save` does not replace its record: what is stored now counts, and not what happened to this ID before";
    loads(&store, &second.id, Some("third".into())).await.map_err(|miss| miss.so(so))
}

/// A save may set a date that has passed, and then the session has expired.
async fn ends_with_a_save(backend: &InFolder<'_>) -> Result<(), Miss> {
    let store = backend.open().await;
    let living = created(&store, record("living")).await?;
    let expiry_date = OffsetDateTime::now_utc() - Duration::hours(1);
    if store.save(&Record { id: living.id, expiry_date, ..record("ended") }).await.is_err() {
        return Ok(()); // it may be refused
    }
    let so = "`save` reported that it had stored an `expiry_date` that has passed, and `load` still returns the session: a session ends when its last `save` says";
    loads(&store, &living.id, None).await.map_err(|miss| miss.so(so))
}

pub(super) async fn nothing_of_a_deleted_one_is_left(trial: &Trial) -> Result<(), Miss> {
    keeps(trial, "a_deleted_session_is_gone").await?;
    let (backend, what) = (anew(trial)?, "what-was-created-under-another-id");
    let store = backend.open().await;
    let first = created(&store, record("first")).await?;
    let mut second = Record { id: first.id, ..record(what) };
    if store.create(&mut second).await.is_ok() && second.id != first.id {
        store.delete(&second.id).await.map_err(failed("delete"))?;
        let so = "the ID of this session was in use, so `create` stored it under another one; it was deleted under that, and its data is still in the folder: did the first attempt leave a file?";
        is_taken_away(&backend, what, so).await?;
    }
    let (backend, what) = (anew(trial)?, "what-was-big");
    let store = backend.open().await;
    let small = created(&store, record(what)).await?;
    let _ = store.save(&Record { id: small.id, ..record(what.repeat(5000)) }).await;
    store.delete(&small.id).await.map_err(failed("delete"))?;
    let so = "a session of 60,000 characters was deleted, and its data is still in the folder";
    is_taken_away(&backend, what, so).await?;
    super::at_once::two_deletes_are_no_error(&anew(trial)?).await?;
    let backend = anew(trial)?;
    let store = backend.open().await;
    let Some(second) = second_of_its_id(&store).await? else { return Ok(()) };
    store.delete(&second.id).await.map_err(failed("delete"))?;
    let so = "a session was deleted, another one was created under the same ID and deleted as well, and `load` still returns it";
    loads(&store, &second.id, None).await.map_err(|miss| miss.so(so))
}

pub(super) async fn nothing_of_an_expired_one_is_left(trial: &Trial) -> Result<(), Miss> {
    keeps(trial, "cleaning_takes_the_expired_and_leaves_the_rest").await?;
    let backend = anew(trial)?;
    let store = backend.open().await;
    let living = created(&store, record("what-has-expired")).await?;
    let expiry_date = OffsetDateTime::now_utc() - Duration::seconds(2);
    for _ in 0..2 {
        store.save(&Record { id: living.id, ..record("what-has-expired") }).await.map_err(failed("save"))?;
    }
    let over = Record { id: living.id, expiry_date, ..record("what-has-expired") };
    // It may be refused, and whether it counts is the matter of another rule.
    if store.save(&over).await.is_err() || !matches!(store.load(&living.id).await, Ok(None)) {
        return Ok(());
    }
    backend.clean(&store).await.map_err(failed("delete_expired"))?;
    let so = "a session was saved several times and expired, `delete_expired` was called, and data of the session is still in the folder: does `save` keep older records beside the new one?";
    is_taken_away(&backend, "what-has-expired", so)
        .await
        .map_err(|miss| Miss { expected: "no data of an expired session".to_owned(), ..miss })
}

pub(super) async fn whole_or_refused(trial: &Trial) -> Result<(), Miss> {
    keeps(trial, "a_big_session_is_kept_whole_or_refused").await?;
    deep_is_whole_or_refused(&anew(trial)?).await?;
    super::at_once::two_saves_are_never_mixed(&anew(trial)?).await
}

/// In objects within objects: around the most that serde_json reads, of which a format of one's own takes some, and
/// what the README says.
const LEVELS: [usize; 10] = [120, 121, 122, 123, 124, 125, 126, 127, 128, 200];

const TOO_DEEP: &str = "serde_json writes data that is nested deeper than the 128 levels that it reads, so try to read a record before you store it, and return an error if that fails";

async fn deep_is_whole_or_refused(backend: &InFolder<'_>) -> Result<(), Miss> {
    let store = backend.open().await;
    for levels in LEVELS {
        let deep = (0..levels).fold(Value::from(1), |inner, _| value_of!({ "deep": inner }));
        is_created_whole_or_refused(&store, levels, &deep).await?;
        is_saved_whole_or_refused(&store, levels, &deep).await?;
    }
    Ok(())
}

async fn is_created_whole_or_refused(store: &impl SessionStore, levels: usize, deep: &Value) -> Result<(), Miss> {
    let mut stored = record(deep.clone());
    let is_created = store.create(&mut stored).await.is_ok();
    let loaded = store.load(&stored.id).await;
    match is_created {
        true if !is_whole(&loaded, deep) => Err(is_not_whole("create", levels, loaded)),
        false if !matches!(loaded, Ok(None)) && matches!(store.load(&Id::default()).await, Ok(None)) => {
            let so = format!(
                "`create` refused a record that is nested {levels} levels deep, and left something under its ID: make sure that `load` can read a record before you write anything under its name"
            );
            Err(Miss::new("`load` returns `None`", told(loaded)).so(so))
        }
        _ => Ok(()),
    }
}

async fn is_saved_whole_or_refused(store: &impl SessionStore, levels: usize, deep: &Value) -> Result<(), Miss> {
    let small = created(store, record("small")).await?;
    let is_saved = store.save(&Record { id: small.id, ..record(deep.clone()) }).await.is_ok();
    let loaded = store.load(&small.id).await;
    // Whether the small one stays after a refusal is left open.
    let is_refused = !is_saved && (is_whole(&loaded, &"small".into()) || matches!(loaded, Ok(None)));
    match is_refused || is_saved && is_whole(&loaded, deep) {
        true => Ok(()),
        false => Err(is_not_whole("save", levels, loaded)),
    }
}

fn is_whole(loaded: &StoreResult<Option<Record>>, value: &Value) -> bool {
    matches!(loaded, Ok(Some(loaded)) if loaded.data.get("value") == Some(value))
}

fn told(loaded: StoreResult<Option<Record>>) -> String {
    match loaded {
        Ok(Some(_)) => "another record".to_owned(),
        Ok(None) => "`None`".to_owned(),
        Err(error) => format!("an error: {error}"),
    }
}

fn is_not_whole(call: &str, levels: usize, loaded: StoreResult<Option<Record>>) -> Miss {
    Miss::new(format!("the record that is nested {levels} levels deep, or an error from `{call}`"), told(loaded))
        .so(format!("`{call}` stored a record that `load` does not return: {TOO_DEEP}"))
}

/// Dates at which some formats end: seconds in 32 bits, with and without a sign, and nanoseconds in 64. Later dates are
/// beyond what some file systems keep as the time of a file.
const LAST_DATES: [OffsetDateTime; 3] =
    [datetime!(2038-01-19 03:14:08 UTC), datetime!(2106-02-07 06:28:16 UTC), datetime!(2262-04-11 23:47:17 UTC)];

/// And at which they begin.
const FIRST_DATES: [OffsetDateTime; 3] =
    [datetime!(1970-01-01 0:00 UTC), datetime!(1969-12-31 23:59:59.5 UTC), datetime!(1601-01-01 0:00 UTC)];

pub(super) async fn any_date_comes_back(trial: &Trial) -> Result<(), Miss> {
    keeps(trial, "expiry_comes_back_as_it_went_in").await?;
    for expiry_date in LAST_DATES {
        let backend = anew(trial)?;
        let store = backend.open().await;
        let stored = created(&store, Record { expiry_date, ..record(1) }).await?;
        let so = format!("the session expires on {}, and `load` does not return that date", expiry_date.date());
        let told = |loaded: Option<Record>| loaded.map_or("`None`".to_owned(), |loaded| loaded.expiry_date.to_string());
        match store.load(&stored.id).await {
            Ok(Some(loaded)) if (expiry_date - loaded.expiry_date).whole_seconds() == 0 => {}
            Ok(loaded) => return Err(Miss::new(expiry_date.to_string(), told(loaded)).so(so)),
            Err(error) => return Err(Miss::new(expiry_date.to_string(), format!("an error: {error}")).so(so)),
        }
    }
    Ok(())
}

pub(super) async fn they_outlive_their_store(trial: &Trial) -> Result<(), Miss> {
    keeps(trial, "sessions_outlive_the_store_where_they_should").await?;
    let backend = anew(trial)?;
    let stored = created(&backend.open().await, record("stored")).await?;
    let so = "a second store was opened in the same folder, which was written as `sessions/../sessions`, and it does not return what the first one wrote: the name of a file must not depend on how the folder is written";
    loads(&backend.open_by_another_path(), &stored.id, Some("stored".into())).await.map_err(|miss| miss.so(so))
}

pub(super) async fn no_ended_one_is_loaded(trial: &Trial) -> Result<(), Miss> {
    keeps(trial, "an_expired_session_is_not_loaded").await?;
    for expiry_date in FIRST_DATES {
        let backend = anew(trial)?;
        let store = backend.open().await;
        let Ok(stored) = created(&store, Record { expiry_date, ..record(1) }).await else { continue };
        if let Ok(Some(loaded)) = store.load(&stored.id).await {
            let so = format!("the session expired on {}, and `load` returned it", expiry_date.date());
            return Err(Miss::new("`None`", json(&loaded)).so(so));
        }
    }
    ends_with_a_save(&anew(trial)?).await
}
