//! The records that are stored, and how long they last.

use serde::{Deserialize, Serialize};
use serde_json::json;
use time::{Duration, OffsetDateTime, UtcOffset, macros::datetime};
use tower_sessions::session::{Id, Record};

use crate::store::NO_FLOATS;

/// A record that is longer may be refused, in bytes.
const LONG: usize = 64 * 1024;

/// The content of a record.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(super) enum Value {
    /// A number.
    Plain(u8),
    /// One of [`ODD`].
    Odd(usize),
    /// A text of its own.
    Own,
    /// Nothing at all.
    Empty,
    Big,
}

/// Keys and values that a format may not be able to hold.
pub(super) const ODD: [fn() -> serde_json::Value; 10] = [
    || json!({ "id": 1, "data": { "value": 2 }, "expiry_date": 0, "expires": "never" }),
    || json!({ "": "", " ": " ", "a.b": 1, "a/b": 2, "..": 3 }),
    || json!({ "nothing": null, "list": [null, [], {}], "false": false }),
    || json!({ "largest": u64::MAX, "smallest": i64::MIN, "half": 0.5, "whole": NO_FLOATS }),
    || json!({ "lines": "a\nb\r\nc\u{2028}d", "quoted": "\"'\\", "nul": "\0" }),
    || json!({ "näme": "日本語 🍐", "e\u{301}": "é", "é": "e\u{301}" }),
    || json!({ "key": 1, "KEY": 2, "Key": 3 }),
    || json!({ "text": "{\"value\":1}", "number": "1", "blank": " 1 " }),
    || (0..40).fold(json!(1), |inner, _| json!({ "deep": inner })),
    || (0..60).map(|number| (format!("key{number}"), json!(number))).collect::<serde_json::Map<_, _>>().into(),
];

/// How long it lives.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(super) enum Life {
    Hour,
    /// The same hour, and a few seconds more.
    HourAndSeconds,
    Day,
    /// In another time zone.
    DayElsewhere,
    Years,
    /// As good as forever.
    Ages,
    /// It ended this many milliseconds ago.
    Over(i64),
}

/// How a text of its own begins.
const OWN: &str = "the-text-of-record-";

/// The text, if it is one of its own.
pub(super) fn own_text(value: &serde_json::Value) -> Option<String> {
    value.as_str().filter(|text| text.starts_with(OWN)).map(str::to_owned)
}

impl Life {
    pub(super) fn is_over(self) -> bool {
        matches!(self, Self::Over(_))
    }

    fn end(self) -> OffsetDateTime {
        let now = OffsetDateTime::now_utc();
        match self {
            Self::Hour => now + Duration::hours(1),
            Self::HourAndSeconds => now + Duration::seconds(3605),
            Self::Day => now + Duration::days(1),
            Self::DayElsewhere => {
                (now + Duration::days(1)).to_offset(UtcOffset::from_hms(-9, -30, 0).unwrap_or(UtcOffset::UTC))
            }
            Self::Years => now + Duration::days(4000),
            Self::Ages => datetime!(2300-01-01 0:00 UTC), // a date, so that messages say the same on each day
            Self::Over(milliseconds) => now - Duration::milliseconds(milliseconds),
        }
    }
}

impl Value {
    /// The record number `number` of its story.
    pub(super) fn record(self, life: Life, number: usize) -> Record {
        let data = match self {
            Self::Plain(number) => json!({ "value": number }),
            Self::Odd(place) => ODD[place](),
            Self::Own => json!({ "value": format!("{OWN}{number}.") }),
            Self::Empty => json!({}),
            Self::Big => json!({ "value": "x".repeat(LONG + 1000) }),
        };
        let data = data.as_object().cloned().unwrap_or_default().into_iter().collect();
        Record { id: Id::default(), data, expiry_date: life.end() }
    }
}

/// A store need not take a record that is big or has ended already.
pub(super) fn may_be_refused(record: &Record) -> bool {
    let is_big = record.data.values().any(|value| value.as_str().is_some_and(|text| text.len() > LONG));
    is_big || living(record.clone()).is_none()
}

/// The record, unless it has ended.
pub(super) fn living(record: Record) -> Option<Record> {
    (record.expiry_date > OffsetDateTime::now_utc()).then_some(record)
}
