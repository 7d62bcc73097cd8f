//! Puts unusual records into each backend, and compares how Flask and axum read them.

use std::fs;

use axum::{
    Router,
    body::Body,
    http::{Request, header::COOKIE},
    routing::get,
};
use http_body_util::BodyExt;
use lesson_6::flask::{files::FlaskFiles, sql::FlaskSql, stores::FlaskRedis};
use serde_json::json;
use time::{Duration, OffsetDateTime};
use tower::ServiceExt;
use tower_sessions::{Session, SessionManagerLayer, SessionStore, session::Id, session_store::Error};

use crate::{
    files::path,
    real::ask,
    shared::{
        PATIENT, Shared, a_marker_is_no_session_of_flask, a_new_id_of_one_ends_the_old_one_for_the_other,
        a_session_is_permanent_only_if_it_says_so, cookie, flask_writes_after_each_request_or_after_a_change,
    },
    sql::open,
    table::agreement,
};

/// Prints whether a view has the session of the cookie, and the data of that session with sorted keys.
const LOOK: &str = "
def shown(value):
    if isinstance(value, dict):
        return '{' + ', '.join(sorted(f'{shown(key)}: {shown(item)}' for key, item in value.items())) + '}'
    if isinstance(value, list):
        return '[' + ', '.join(map(shown, value)) + ']'
    return repr((value.code, value.data) if hasattr(value, 'code') else value)
session = {'value': shown(dict(session)) if session.sid == cookie else None}
";

fn records() -> Vec<(&'static str, Vec<u8>)> {
    let value = |bytes: &[u8]| [b"\x81\xa5value", bytes].concat();
    let nested = |depth: usize| value(&[vec![0x91; depth], vec![0x01]].concat());
    let long = |kind: &[u8]| value(&[kind, b"\xff\xff\xff\xff"].concat());
    vec![
        ("a dictionary", value(b"\x01")),
        (
            "a dictionary, with the longest kind of each length",
            b"\xdf\0\0\0\x01\xdb\0\0\0\x05value\xd3\0\0\0\0\0\0\0\x01".to_vec(),
        ),
        ("an empty dictionary", b"\x80".to_vec()),
        ("_permanent alone", b"\x81\xaa_permanent\xc3".to_vec()),
        ("a key twice", b"\x82\xa5value\x01\xa5value\x02".to_vec()),
        ("an empty key", b"\x81\xa0\x01".to_vec()),
        ("a key with a zero and a line break", b"\x81\xa2\0\n\x01".to_vec()),
        ("2**64 - 1", value(b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff")),
        ("-2**63", value(b"\xd3\x80\0\0\0\0\0\0\0")),
        ("-0.0", value(b"\xcb\x80\0\0\0\0\0\0\0")),
        ("a float of 32 bits", value(b"\xca\x3f\x80\0\0")),
        ("bytes", value(b"\xc4\x02\0\xff")),
        ("bytes of length 0", value(b"\xc4\0")),
        ("a date of 32 bits", value(b"\xd6\xff\x65\x53\xf1\0")),
        ("a date of 64 bits", value(b"\xd7\xff\xee\x6b\x27\xfc\x65\x53\xf1\0")),
        ("a date of 64 bits, with a second of nanoseconds", value(b"\xd7\xff\xee\x6b\x28\0\x65\x53\xf1\0")),
        ("a date of 96 bits, before 1970", value(b"\xc7\x0c\xff\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff")),
        ("a date of 24 bits", value(b"\xc7\x03\xff\0\0\0")),
        ("a date of 96 bits, with two seconds of nanoseconds", value(b"\xc7\x0c\xff\x77\x35\x94\0\0\0\0\0\0\0\0\0")),
        ("a date of the year 10000", value(b"\xc7\x0c\xff\0\0\0\0\0\0\0\x3a\xff\xf4\x41\x80")),
        ("a date of the year 0", value(b"\xc7\x0c\xff\0\0\0\0\xff\xff\xff\xf1\x86\x8b\x84\0")),
        ("an extension that is no date", value(b"\xc7\x03\x05abc")),
        ("a dictionary that looks like bytes", value(b"\x81\xa2 b\xa4AP8=")),
        ("a dictionary that looks nearly like bytes", value(b"\x81\xa2 b\xa3AP8")),
        ("a dictionary that looks like a date", value(b"\x81\xa2 e\x92\xff\xa8ZVPxAA==")),
        ("a dictionary that looks like an escape", value(b"\x81\xa3 di\x81\xa4 b__\xa4AP8=")),
        ("a dictionary that looks nearly like an escape", value(b"\x81\xa3 di\x81\xa3a__\x01")),
        ("1 MB of text", value(&[&b"\xdb\0\x10\0\0"[..], &vec![b'a'; 1 << 20]].concat())),
        ("63 lists in each other, in the dictionary", nested(63)),
        ("64 lists in each other, in the dictionary", nested(64)),
        ("100,000 lists in each other", nested(100_000)),
        ("NaN", value(b"\xcb\x7f\xf8\0\0\0\0\0\0")),
        ("infinity", value(b"\xcb\x7f\xf0\0\0\0\0\0\0")),
        ("a number as a key", value(b"\x81\x01\x02")),
        ("None as a key", value(b"\x81\xc0\x02")),
        ("True as a key", value(b"\x81\xc3\x02")),
        ("bytes as a key", value(b"\x81\xc4\x01k\x02")),
        ("a tuple as a key", value(b"\x81\x92\x01\x02\x02")),
        ("a date as a key", value(b"\x81\xd6\xff\x65\x53\xf1\0\x02")),
        ("bytes as a key of the session", b"\x81\xc4\x05value\x01".to_vec()),
        ("a number as a key of the session", b"\x81\x01\x02".to_vec()),
        ("text that is not UTF-8", value(b"\xa1\xff")),
        ("half of a surrogate pair", value(b"\xa3\xed\xa0\x80")),
        ("a key that is not UTF-8", b"\x81\xa1\xff\x01".to_vec()),
        ("the byte that MessagePack does not use", value(b"\xc1")),
        ("cut off", value(b"\xa5ab")),
        ("text of 4 GB that is not there", long(b"\xdb")),
        ("bytes of 4 GB that are not there", long(b"\xc6")),
        ("a list of 2**32 items that are not there", long(b"\xdd")),
        ("more behind it", value(b"\x01\xc0")),
        ("nothing at all", Vec::new()),
        ("None", b"\xc0".to_vec()),
        ("a number", b"\x01".to_vec()),
        ("an empty list", b"\x90".to_vec()),
        ("a list of pairs", b"\x91\x92\xa5value\x01".to_vec()),
        ("a list of numbers", b"\x91\x01".to_vec()),
        ("JSON", b"{\"value\":1}".to_vec()),
        ("JSON that is cut off", b"{\"value\":".to_vec()),
        ("a pickle", b"\x80\x04}\x94\x8c\x05value\x94K\x01s.".to_vec()),
        ("a pickle that is cut off", b"\x80\x04}\x94".to_vec()),
    ]
}

/// A backend in which the bytes of a record can be replaced.
pub trait Raw {
    async fn put(&self, id: &Id, record: &[u8]);
}

impl Raw for Shared<FlaskRedis> {
    async fn put(&self, id: &Id, record: &[u8]) {
        let client = redis::Client::open(self.at.as_str()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut set = redis::cmd("SET");
        set.arg(format!("session:{id}")).arg(record).arg("KEEPTTL");
        set.exec_async(&mut connection).await.unwrap();
    }
}

impl Raw for Shared<FlaskSql> {
    async fn put(&self, id: &Id, record: &[u8]) {
        let update = sqlx::query("update sessions set data = ? where session_id = ?");
        update.bind(record).bind(format!("session:{id}")).execute(&open(&self.at).await).await.unwrap();
    }
}

impl Raw for Shared<FlaskFiles> {
    async fn put(&self, id: &Id, record: &[u8]) {
        let path = path(&self.at, id);
        let expiry = fs::read(&path).unwrap()[..4].to_vec();
        fs::write(path, [&expiry, record].concat()).unwrap();
    }
}

const READS_IT: &str = "reads it";
const NONE: &str = "no session";
const ERROR: &str = "an error";

/// Returns the data that Flask reads under these IDs. Flask writes nothing.
fn seen_by_flask(shared: &Shared<impl SessionStore>, ids: &[Id]) -> Vec<String> {
    let questions = ids.iter().map(|id| {
        let mut question = shared.flask(&format!("cookie = '{id}'\n{LOOK}"), Some(&id.to_string()));
        question["config"] = json!({ "SESSION_REFRESH_EACH_REQUEST": false });
        question
    });
    let seen = ask(&questions.collect::<Vec<_>>()).into_iter().map(|answer| match answer["status"].as_u64() {
        Some(200) if answer["told"] == "None" => NONE.to_owned(),
        Some(200) => answer["told"].as_str().unwrap().to_owned(),
        _ => ERROR.to_owned(),
    });
    seen.collect()
}

/// Returns how Flask and axum read each record. If both read it, axum saves it, and Flask must read the same again.
async fn outcomes<S: SessionStore>(shared: &Shared<S>) -> Vec<[&'static str; 2]>
where
    Shared<S>: Raw,
{
    let mut ids = Vec::new();
    for (_, record) in records() {
        let id = shared.create(json!(0), OffsetDateTime::now_utc() + Duration::HOUR).await;
        shared.put(&id, &record).await;
        ids.push(id);
    }
    let there = seen_by_flask(shared, &ids);
    let mut here = Vec::new();
    for id in &ids {
        here.push(match shared.store.load(id).await {
            Ok(None) => NONE,
            Ok(Some(record)) => {
                shared.store.save(&record).await.unwrap();
                READS_IT
            }
            Err(Error::Decode(_)) => ERROR,
            Err(error) => panic!("{error}"),
        });
    }
    let again = seen_by_flask(shared, &ids);
    let of_both = there.iter().zip(here).zip(again).zip(records()).map(|(((there, here), again), (what, _))| {
        let told = there;
        let there = [NONE, ERROR].into_iter().find(|none| *none == told).unwrap_or(READS_IT);
        assert!(there == READS_IT || here != READS_IT, "{what}: only axum reads it");
        assert!(there != READS_IT || here != NONE, "{what}: a visitor whom axum does not know");
        assert!(here != READS_IT || again == *told, "{what}, saved by axum");
        [there, here]
    });
    of_both.collect()
}

pub async fn what_axum_reads_of_a_record_flask_reads_too() {
    let (redis, sql, files) = (Shared::in_redis().await, Shared::in_sql().await, Shared::in_files());
    let tried = [("Redis", outcomes(&redis).await), ("SQL", outcomes(&sql).await), ("files", outcomes(&files).await)];
    let outcomes = records().into_iter().enumerate().map(|(number, (what, _))| {
        let [there, here] = [0, 1].map(|side| in_words(tried.each_ref().map(|(name, all)| (*name, all[number][side]))));
        [what.to_owned(), there, here]
    });
    agreement("records", "the record", "records in three backends", outcomes.collect());
}

/// Returns one outcome if it is the same in all backends, and otherwise the outcome in each.
fn in_words(outcomes: [(&str, &str); 3]) -> String {
    let (_, first) = outcomes[0];
    if outcomes.iter().all(|(_, outcome)| *outcome == first) {
        return first.to_owned();
    }
    outcomes.map(|(backend, outcome)| format!("{backend}: {outcome}")).join(", ")
}

pub async fn a_new_id_on_one_side_ends_the_old_one_on_the_other() {
    a_new_id_of_one_ends_the_old_one_for_the_other(&Shared::in_redis().await).await;
    a_new_id_of_one_ends_the_old_one_for_the_other(&Shared::in_sql().await).await;
    a_new_id_of_one_ends_the_old_one_for_the_other(&Shared::in_files()).await;
}

pub async fn a_marker_of_session_guard_is_no_session_of_flask() {
    a_marker_is_no_session_of_flask(&Shared::in_redis().await).await;
    a_marker_is_no_session_of_flask(&Shared::in_sql().await).await;
    a_marker_is_no_session_of_flask(&Shared::in_files()).await;
}

pub async fn a_cookie_of_flask_outlives_the_browser_if_the_session_is_permanent() {
    a_session_is_permanent_only_if_it_says_so(&Shared::in_redis().await).await;
    a_session_is_permanent_only_if_it_says_so(&Shared::in_sql().await).await;
    a_session_is_permanent_only_if_it_says_so(&Shared::in_files()).await;
}

pub async fn without_a_refresh_flask_writes_only_what_was_set() {
    flask_writes_after_each_request_or_after_a_change(&Shared::in_redis().await).await;
    flask_writes_after_each_request_or_after_a_change(&Shared::in_sql().await).await;
    flask_writes_after_each_request_or_after_a_change(&Shared::in_files()).await;
}

pub async fn a_session_of_another_prefix_is_none() {
    let (redis, sql, files) = (Shared::in_redis().await, Shared::in_sql().await, Shared::in_files());
    let other = FlaskRedis::open(&redis.at, "other:", PATIENT).await.unwrap();
    another_prefix_is_another_session(&redis, other).await;
    let other = FlaskSql::open(&sql.at, "other:", PATIENT).await.unwrap();
    another_prefix_is_another_session(&sql, other).await;
    let other = FlaskFiles::open(&files.at, "other:", PATIENT).unwrap();
    another_prefix_is_another_session(&files, other).await;
}

async fn another_prefix_is_another_session<S: SessionStore>(shared: &Shared<S>, other: S) {
    let answer = shared.ask_flask("session['value'] = 1", None);
    let id: Id = cookie(&answer).parse().unwrap();
    assert_eq!(other.load(&id).await.unwrap(), None);
    other.delete(&id).await.unwrap();
    assert!(shared.load(cookie(&answer)).await.is_some());
    let mut question = shared.flask("", Some(cookie(&answer)));
    question["config"] = json!({ "SESSION_KEY_PREFIX": "other:" });
    assert_eq!(ask(&[question])[0]["told"], "None");
}

/// The session layer reads the last cookie, because it puts all of them into a jar.
pub async fn of_two_cookies_flask_takes_the_first_and_the_session_layer_the_last() {
    let shared = Shared::in_redis().await;
    let [alice, bob] = ["alice", "bob"].map(|name| shared.ask_flask(&format!("session['value'] = '{name}'"), None));
    let cookies = format!("session={}; session={}", cookie(&alice), cookie(&bob));
    let mut question = shared.flask("", None);
    question["cookies"] = cookies.clone().into();
    assert_eq!(ask(&[question])[0]["told"], "\"alice\"");
    let look = async |session: Session| session.get::<String>("value").await.unwrap().unwrap();
    let sessions = SessionManagerLayer::new(shared.store.clone()).with_name("session");
    let app: Router = Router::new().route("/", get(look)).layer(sessions);
    let request = Request::get("/").header(COOKIE, cookies).body(Body::empty()).unwrap();
    let body = app.oneshot(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "bob");
}
