//! Each side writes values into a session, and the other reads them.

use lesson_6::flask::{
    cookie::Keys,
    tagged::{Dict, Printed, Value},
};
use serde_json::json;
use time::{Duration, OffsetDateTime, macros::datetime};

use crate::{
    real::ask,
    table::{snapshot, table},
};

const KEY: &str = "a key of both apps";
const NOW: OffsetDateTime = datetime!(2023-11-14 22:13:20 UTC);
const MONTH: Duration = Duration::days(31);

/// The values that a view writes to `session["value"]`.
const WRITTEN: [&str; 34] = [
    "None",
    "True",
    "1",
    "-2**63",
    "2**70",
    "0.1",
    "1.0",
    "1e22",
    "5e-324",
    "'text'",
    "''",
    "'é € 😀 \\u2028'",
    "'\\\\ \" \\n \\x7f <b>'",
    "[1, [2, []]]",
    "(1, 2)",
    "()",
    "((1,), [(2,)])",
    "b'\\x00\\xff'",
    "b''",
    "Markup('<b>bold</b>')",
    "UUID(int=1)",
    "datetime(2026, 2, 28, 23, 59, 59, tzinfo=timezone.utc)",
    "{'a': {'b': (1, b'2')}}",
    "{' t': [1]}",
    "{' di': {' t': 1}}",
    "{' x': 1}",
    "{' t': 1, ' b': 2}",
    "'lamp ' * 500",
    // Flask itself turns these values into other ones.
    "datetime(2026, 1, 1, 12, 0, 0, 999999, tzinfo=timezone(timedelta(hours=2)))",
    "datetime(2026, 1, 1)",
    "date(2026, 1, 1)",
    "Decimal('1.10')",
    "{1: 'one'}",
    "[True, {'since': datetime(1999, 12, 31)}]",
];

fn keys() -> Keys {
    Keys::new(KEY, []).unwrap()
}

fn read(cookie: &str) -> Dict {
    keys().read(cookie, NOW, MONTH).unwrap_or_else(|error| panic!("{cookie}: {error:?}"))
}

/// Returns the data that Flask reads in each of these cookies.
fn told_by_flask(cookies: &[String]) -> Vec<String> {
    let at = NOW.unix_timestamp();
    let question = |cookie| json!({ "ask": "read", "key": KEY, "at": at, "cookie": format!("session={cookie}") });
    let answers = ask(&cookies.iter().map(question).collect::<Vec<_>>());
    answers.iter().map(|answer| answer["told"].as_str().unwrap().to_owned()).collect()
}

/// Flask writes each value, axum reads and writes it, and Flask reads it again. Returns the final values.
fn both_ways(questions: &[serde_json::Value]) -> Vec<String> {
    let written = ask(questions);
    let mut written_here = Vec::new();
    for answer in &written {
        let (cookie, told) = (answer["cookie"].as_str().unwrap(), answer["told"].as_str().unwrap());
        let data = read(cookie);
        assert_eq!(Printed(&data).to_string(), told, "Flask wrote {cookie}");
        let again = keys().write(&data, NOW).unwrap();
        if !cookie.starts_with('.') && told.is_ascii() && !told.contains('\x7f') {
            assert_eq!(again, cookie, "not compressed, and so the same to the last byte: {told}");
        }
        written_here.push(again);
    }
    let told = told_by_flask(&written_here);
    for (told, answer) in told.iter().zip(&written) {
        assert_eq!(told, answer["told"].as_str().unwrap(), "axum wrote it");
    }
    told
}

pub fn every_value_that_flask_writes_is_read_and_written_back() {
    let at = NOW.unix_timestamp();
    let questions = WRITTEN.map(|value| json!({ "ask": "write", "key": KEY, "at": at, "expression": value }));
    let told = both_ways(&questions);
    let short = |told: &str| {
        let value = told.strip_prefix(r#"{"value": "#).and_then(|told| told.strip_suffix('}')).unwrap().to_owned();
        if value.len() > 200 { format!("{}…", &value[..20]) } else { value }
    };
    let rows: Vec<_> = WRITTEN.iter().zip(told).map(|(value, told)| vec![(*value).to_owned(), short(&told)]).collect();
    snapshot("values", &table(&["a view of Flask writes", "both sides read"], &rows));
}

pub fn values_of_every_type_made_here_are_read_by_flask() {
    let data = Dict::from([
        ("null".to_owned(), Value::Null),
        ("bool".to_owned(), true.into()),
        ("int".to_owned(), i64::MIN.into()),
        ("str".to_owned(), "é\u{2028}\"\u{0}".into()),
        ("list".to_owned(), vec![1.into()].into()),
        ("tuple".to_owned(), Value::Tuple(vec![Value::Tuple(vec![]), 2.into()])),
        ("dict".to_owned(), Value::Dict(Dict::from([(" d".to_owned(), 1.into())]))),
        ("bytes".to_owned(), Value::Bytes((0..=255).collect())),
        ("markup".to_owned(), Value::Markup("<b>".to_owned())),
        ("uuid".to_owned(), Value::Uuid(u128::MAX)),
        ("datetime".to_owned(), datetime!(2026-07-01 1:00 +2).into()),
    ]);
    let told = told_by_flask(&[keys().write(&data, NOW).unwrap()]).remove(0);
    let same = Dict::from([("datetime".to_owned(), datetime!(2026-06-30 23:00 UTC).into())]);
    assert_eq!(told, Printed(&data.into_iter().chain(same).collect()).to_string());
}

pub fn three_hundred_random_sessions_come_through_both_sides_unchanged() {
    let at = NOW.unix_timestamp();
    let question = |seed| json!({ "ask": "write", "key": KEY, "at": at, "seed": seed });
    let told = both_ways(&(0..300).map(question).collect::<Vec<_>>());
    for part in ["(", "[", "bytes(", "Markup(", "UUID(", "datetime(", r#"" t": "#, r#"" di": "#, "😀", "e-"] {
        assert!(told.iter().any(|told| told.contains(part)), "no session had {part}");
    }
}
