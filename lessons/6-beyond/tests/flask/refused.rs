//! Compares how each side reads an invalid cookie.

use std::io::Write;

use axum::http::{HeaderMap, HeaderValue, header::COOKIE};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use flate2::{Compression, write::ZlibEncoder};
use lesson_6::flask::{
    cookie::{Keys, Refused},
    session::Settings,
    tagged::Printed,
};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::{
    real::ask,
    table::{snapshot, table},
};

const KEY: &str = "a key of both apps";
const OLD_KEY: &str = "the key of last year";
const AT: i64 = 1_700_000_000;
const MONTH: i64 = 31 * 86_400;
const DATA: &str = r#"{"user":"alice"}"#;

/// One reason to refuse a cookie, and one or more such cookies.
struct Case {
    name: &'static str,
    /// The `Cookie` headers.
    headers: Vec<String>,
    /// The time at which they are sent, in seconds since 1970.
    at: i64,
    fallbacks: Vec<&'static str>,
    /// How axum differs from Flask, if it does. It never reads a cookie that Flask refuses.
    differs: &'static str,
}

fn case(name: &'static str, values: impl IntoIterator<Item = String>) -> Case {
    let headers = values.into_iter().map(|value| format!("session={value}")).collect();
    Case { name, headers, at: AT, fallbacks: Vec::new(), differs: "" }
}

impl Case {
    fn at(self, at: i64) -> Self {
        Self { at, ..self }
    }

    /// Marks a case that Flask reads and axum refuses.
    fn stricter(self) -> Self {
        Self { differs: "axum is stricter", ..self }
    }
}

pub fn what_is_refused_by_one_is_refused_by_the_other() {
    let cases = cases();
    let questions = cases.iter().flat_map(|case| case.headers.iter().map(|header| question(case, header)));
    let mut answers = ask(&questions.collect::<Vec<_>>()).into_iter();
    let mut rows = Vec::new();
    for case in &cases {
        let of_flask: Vec<_> = answers.by_ref().take(case.headers.len()).map(|answer| in_flask(&answer)).collect();
        let of_axum: Vec<_> = case.headers.iter().map(|header| in_axum(case, header)).collect();
        for ((flask, axum), header) in of_flask.iter().zip(&of_axum).zip(&case.headers) {
            if case.differs.is_empty() {
                assert_eq!(flask, axum, "{}: Flask, and axum: {header}", case.name);
            } else {
                assert_ne!(flask, axum, "{}: both do the same: {header}", case.name);
                assert!(!is_read(axum), "{}: Flask says {flask}, axum reads {axum}: {header}", case.name);
            }
        }
        rows.push(vec![case.name.to_owned(), in_a_word(&of_flask), in_a_word(&of_axum), case.differs.to_owned()]);
    }
    snapshot("refused", &table(&["the cookie", "Flask", "axum", ""], &rows));
}

/// Python reads the year 0001 as 2001, because it takes it for a year with two digits.
pub fn a_date_of_the_year_1_is_one_of_2001_in_flask_and_of_1_here() {
    let value = encoded(r#"{"a":{" d":"Mon, 01 Jan 0001 00:00:00 GMT"}}"#);
    let cookie = signed(vec![json!({ "value": format!("{value}.{}", time(AT)) })]).remove(0);
    let case = case("the year 1", [cookie]);
    let flask = in_flask(&ask(&[question(&case, &case.headers[0])])[0]);
    let axum = in_axum(&case, &case.headers[0]);
    assert!(flask.contains("2001"), "{flask}");
    assert!(is_read(&axum) && !axum.contains("2001"), "{axum}");
}

fn question(case: &Case, header: &str) -> Value {
    json!({ "ask": "read", "key": KEY, "fallbacks": case.fallbacks, "at": case.at, "cookie": header })
}

/// Returns the data of Flask's session, which is empty if it refuses the cookie, or the status of an error.
fn in_flask(answer: &Value) -> String {
    match answer["status"].as_u64() {
        Some(200) => answer["told"].as_str().unwrap().to_owned(),
        Some(status) => status.to_string(),
        None => panic!("no status"),
    }
}

fn in_axum(case: &Case, header: &str) -> String {
    let keys = Keys::new(KEY, case.fallbacks.iter().copied()).unwrap();
    let settings = Settings::new(keys);
    let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_bytes(header.as_bytes()).unwrap())]);
    let now = OffsetDateTime::from_unix_timestamp(case.at).unwrap();
    match settings.sent(&headers).map(|value| settings.keys.read(value, now, settings.lifetime)) {
        Some(Ok(data)) => Printed(&data).to_string(),
        Some(Err(Refused::Unreadable(_))) => "500".to_owned(),
        Some(Err(Refused::NotSigned | Refused::NotNow)) | None => "{}".to_owned(),
    }
}

fn is_read(said: &str) -> bool {
    said != "{}" && said != "500"
}

fn in_a_word(said: &[String]) -> String {
    let word = |said: &String| match said.as_str() {
        "{}" => "a new session",
        "500" => "error 500",
        _ => "reads it",
    };
    let first = word(&said[0]);
    assert!(said.iter().all(|said| word(said) == first), "one case, and several outcomes: {said:?}");
    first.to_owned()
}

/// Has itsdangerous sign each of these values. The default key is the one that both apps have.
fn signed(mut questions: Vec<Value>) -> Vec<String> {
    for question in &mut questions {
        question["ask"] = "sign".into();
        if question["key"].is_null() {
            question["key"] = KEY.into();
        }
    }
    ask(&questions).iter().map(|answer| answer["cookie"].as_str().unwrap().to_owned()).collect()
}

fn time(seconds: i64) -> String {
    BASE64.encode(u32::try_from(seconds).unwrap().to_be_bytes())
}

fn encoded(json: &str) -> String {
    BASE64.encode(json)
}

fn zlib(json: &[u8]) -> Vec<u8> {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(json).unwrap();
    zlib.finish().unwrap()
}

fn cases() -> Vec<Case> {
    let now = |data: &str| json!({ "value": format!("{data}.{}", time(AT)) });
    let [good, old] = signed(vec![now(&encoded(DATA)), {
        let mut old = now(&encoded(DATA));
        old["key"] = OLD_KEY.into();
        old
    }])
    .try_into()
    .unwrap();
    let mut cases = vec![case("as it was signed", [good.clone()])];
    cases.extend(tampered(&good));
    cases.extend(aged(&good));
    cases.extend([
        case("signed with another key", [old.clone()]),
        Case {
            fallbacks: vec!["the oldest key", OLD_KEY],
            ..case("signed with an old key of SECRET_KEY_FALLBACKS", [old])
        },
    ]);
    cases.extend(signed_otherwise());
    cases.extend(headers(&good));
    cases.extend(signed_data());
    cases
}

/// Cookies that somebody without the key has changed.
fn tampered(good: &str) -> Vec<Case> {
    let [data, time, signature] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let (first, second) = (data.len(), data.len() + 1 + time.len());
    let last = good.len() - 1;
    let with =
        |at: usize, c: char| good.char_indices().map(|(i, old)| if i == at { c } else { old }).collect::<String>();
    let other = |at: usize| with(at, if good.as_bytes()[at] == b'A' { 'B' } else { 'A' });
    let without = |at: usize| good.char_indices().filter(|(i, _)| *i != at).map(|(_, c)| c).collect::<String>();
    // Only four bits of the last character count, so four characters stand for the same bytes.
    let alphabet = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']);
    let bytes = |value: &str| {
        let lenient = base64::engine::GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
        let padding = base64::engine::DecodePaddingMode::Indifferent;
        let lenient = lenient.with_decode_padding_mode(padding);
        base64::engine::GeneralPurpose::new(&base64::alphabet::URL_SAFE, lenient).decode(value).unwrap()
    };
    let (same, different): (Vec<_>, Vec<_>) = alphabet
        .map(|c| with(last, c))
        .filter(|value| value != good)
        .partition(|value| bytes(value.rsplit('.').next().unwrap()) == bytes(signature));
    vec![
        case("any one character of the data changed", (0..first).map(other)),
        case("any one character of the time changed", (first + 1..second).map(other)),
        case("any one character of the signature changed, but the last", (second + 1..last).map(other)),
        case("the last character of the signature changed", different),
        case("the last character written otherwise, for the same bytes", same).stricter(),
        case("the signature with = at its end", [format!("{good}=")]).stricter(),
        case("the signature with characters that are not base64", [format!("{good}!!!!")]).stricter(),
        case("any one character missing", (0..good.len()).map(without)),
        case(
            "something before or behind it",
            ["A", ".", "-"].into_iter().flat_map(|c| [format!("{c}{good}"), format!("{good}{c}")]),
        ),
        case("two parts exchanged", [format!("{time}.{data}.{signature}"), format!("{signature}.{time}.{data}")]),
        case("without a signature", [data.to_owned(), format!("{data}.{time}"), format!("{data}.{time}.")]),
        case("empty, or only dots", ["", ".", "..", "..."].map(str::to_owned)),
    ]
}

fn aged(good: &str) -> Vec<Case> {
    let times = [
        ("without a time", encoded(DATA)),
        ("with an empty time", format!("{}.", encoded(DATA))),
        ("with a time of eight bytes, all ones", format!("{}.{}", encoded(DATA), BASE64.encode([255; 8]))),
        ("with a time of nine bytes", format!("{}.{}", encoded(DATA), BASE64.encode([0, 0, 0, 0, 0, 101, 83, 241, 0]))),
        ("with a time that is not base64", format!("{}.!", encoded(DATA))),
    ];
    let values = signed(times.iter().map(|(_, value)| json!({ "value": value })).collect());
    let mut cases = vec![
        case("31 days old", [good.to_owned()]).at(AT + MONTH),
        case("31 days and a second old", [good.to_owned()]).at(AT + MONTH + 1),
        case("signed a second after now", [good.to_owned()]).at(AT - 1),
    ];
    cases.extend(times.iter().zip(values).map(|((name, _), value)| case(name, [value])));
    let latest = cases.iter_mut().find(|case| case.name.contains("all ones"));
    latest.expect("it is one of them").differs = "Flask computes a date from it";
    cases
}

/// Values that are signed with the right key, but in another way.
fn signed_otherwise() -> Vec<Case> {
    let value = format!("{}.{}", encoded(DATA), time(AT));
    let values = signed(vec![
        json!({ "value": value, "salt": "itsdangerous" }),
        json!({ "value": value, "derivation": "django-concat" }),
        json!({ "value": value, "digest": "sha256" }),
    ]);
    ["signed for another salt", "signed with another key derivation", "signed with SHA-256"]
        .into_iter()
        .zip(values)
        .map(|(name, value)| case(name, [value]))
        .collect()
}

/// The same cookie in different headers.
fn headers(good: &str) -> Vec<Case> {
    let sent = |name: &'static str, header: String| Case { headers: vec![header], ..case(name, []) };
    vec![
        sent("good, and a bad one behind it", format!("session={good}; session=bad")),
        sent("bad, and the good one behind it", format!("session=bad; session={good}")),
        sent("good, behind a cookie of other bytes", format!("theme=é; session={good}")),
        sent("under a name in other letters", format!("Session={good}")),
        sent("with its name percent-encoded", format!("%73ession={good}")),
        sent("with a dot percent-encoded", format!("session={}", good.replacen('.', "%2E", 1))),
        sent("in quotes", format!("session=\"{good}\"")).stricter(),
        sent("with a space before the =", format!("session ={good}")).stricter(),
    ]
}

/// Data that is signed with the right key, so only one of the two apps can have made it.
fn signed_data() -> Vec<Case> {
    let packed = |bytes: &[u8]| format!(".{}", BASE64.encode(bytes));
    let whole = zlib(DATA.as_bytes());
    let mut bad_sum = whole.clone();
    *bad_sum.last_mut().unwrap() ^= 1;
    let list = |depth: usize| encoded(&format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth)));
    let large = format!("{{\"a\":\"{}\"}}", "a".repeat(300_000));
    let data: Vec<(&'static str, Vec<String>, bool)> = vec![
        ("signed: compressed", vec![packed(&whole)], false),
        ("signed: zlib that is cut off", (0..whole.len()).map(|end| packed(&whole[..end])).collect(), false),
        ("signed: zlib with more behind it", vec![packed(&[&whole[..], b"more"].concat())], false),
        ("signed: zlib with a wrong sum", vec![packed(&bad_sum)], false),
        ("signed: no zlib", vec![packed(DATA.as_bytes())], false),
        ("signed: 300 kB of JSON in 400 bytes", vec![packed(&zlib(large.as_bytes()))], true),
        ("signed: no data", vec![String::new(), ".".to_owned()], false),
        ("signed: base64 that is cut off", vec!["e".to_owned()], false),
        ("signed: base64 with other characters in it", vec![format!("!!!!{}", encoded(DATA))], true),
        ("signed: not UTF-8", vec![BASE64.encode([b'{', b'"', 255, b'"', b':', b'1', b'}'])], false),
        ("signed: JSON that is cut off", vec![encoded(&DATA[..DATA.len() - 1])], false),
        (
            "signed: JSON with more behind it",
            vec![encoded(&format!("{DATA}x")), encoded(&format!("{DATA}{DATA}"))],
            false,
        ),
        ("signed: JSON with spaces", vec![encoded(&format!(" {DATA}\n"))], false),
        ("signed: a key twice, the last counts", vec![encoded(r#"{"a":1,"a":2}"#)], false),
        ("signed: not a dictionary", vec![encoded("[1]"), encoded("5"), encoded("\"ab\"")], false),
        ("signed: 64 lists in each other, with the dictionary", vec![list(63)], false),
        ("signed: 65 lists in each other, with the dictionary", vec![list(64)], true),
        ("signed: 100,000 lists in each other", vec![list(100_000)], false),
        ("signed: a number of 60 digits", vec![encoded(&format!("{{\"a\":{}}}", "7".repeat(60)))], false),
        ("signed: NaN, which is not JSON", vec![encoded(r#"{"a":NaN}"#)], true),
        ("signed: Infinity, which is not JSON", vec![encoded(r#"{"a":Infinity}"#)], true),
        ("signed: half of a surrogate pair", vec![encoded(r#"{"a":"\ud800"}"#)], true),
        ("signed: a tag that neither knows", vec![encoded(r#"{"a":{" x":1}}"#)], false),
        ("signed: a tag beside another key", vec![encoded(r#"{"a":{" t":[1],"b":2}}"#)], false),
        (
            "signed: a tag, and not of that type",
            [r#"{" b":5}"#, r#"{" u":"zz"}"#, r#"{" t":5}"#, r#"{" d":5}"#, r#"{" di":{}}"#, r#"{" b":"A"}"#]
                .map(|value| encoded(&format!("{{\"a\":{value}}}")))
                .into(),
            false,
        ),
        ("signed: a tag for a date, and no date", vec![encoded(r#"{"a":{" d":"today"}}"#)], true),
    ];
    let values = data.iter().flat_map(|(_, values, _)| values);
    let mut cookies =
        signed(values.map(|value| json!({ "value": format!("{value}.{}", time(AT)) })).collect()).into_iter();
    let cases = data.iter().map(|(name, values, stricter)| {
        let case = case(name, cookies.by_ref().take(values.len()));
        if *stricter { case.stricter() } else { case }
    });
    cases.collect()
}
