//! The entries of the timeline, as plain serializable data.
//!
//! A text longer than 4 KiB is cut, with a note, and so are a body after 16 KiB and the data of a store call. The first
//! 100 cookies of an exchange are kept, and 100 store calls.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One entry of the timeline.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Event {
    /// The number, counted from 1 in the order of the events, also across
    /// [`Inspector::clear`](crate::Inspector::clear). Another inspector starts again at 1, also after a restart of the
    /// program.
    pub number: u64,
    /// The event itself.
    pub what: What,
}

/// The kinds of events.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// A request and its response.
    Exchange(Box<Exchange>),
    /// A store call without a request, from a background task.
    Call(StoreCall),
    /// An action without a request: [`Inspector::note`](crate::Inspector::note).
    Note {
        /// The visitor who did it, or empty if it was no visitor.
        visitor: String,
        /// The action, as the second half of a sentence: `closes the browser`.
        words: String,
    },
    /// Somebody moved the clock forward.
    Skip {
        /// By how many seconds.
        seconds: u64,
        /// By how many seconds it has been ahead since then.
        ahead: u64,
    },
}

/// A request, what it did to the session, and its response.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Exchange {
    /// The visitor: `alice`, `bob` or `mallory` if the host name begins with that label, or the visitor that the
    /// inspector's page named. Otherwise it is the letter of the visitor's first cookie value, also after the app has
    /// set another one. It is empty for a visitor without cookies.
    pub visitor: String,
    /// Set if the page of the inspector sent it, and no browser.
    pub from_page: Option<FromPage>,
    /// Set if another inspector recorded it, and it is only shown here:
    /// [`Inspector::retell`](crate::Inspector::retell).
    #[serde(default)]
    pub retold: Option<Retold>,
    /// The request.
    pub request: Request,
    /// The calls to the store during the exchange, in order: the first 99, and the last.
    pub calls: Vec<StoreCall>,
    /// How many calls before the last are left out.
    pub calls_left_out: u64,
    /// The session before and after, as far as the store calls show it.
    pub session: Session,
    /// How long the session lasts, as far as this exchange shows.
    pub life: Option<Life>,
    /// The response.
    pub response: Response,
    /// The message of the panic that ended the handler, if one did.
    pub panic: Option<String>,
    /// Plain sentences about the effect on the session.
    pub summary: Vec<String>,
}

/// A request that the page of the inspector sent.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct FromPage {
    /// The number of the exchange that it repeats, perhaps edited.
    pub again: Option<u64>,
}

/// How the page shows an exchange that another inspector recorded.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Retold {
    /// Like any other exchange.
    Shown,
    /// As a folded line, because it is less important.
    Folded,
}

/// How long a session lasts. Times are milliseconds of Unix time on the inspector's clock.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Life {
    /// The letter of the session ID.
    pub label: String,
    /// The time of this information: the end of the exchange.
    pub at: i64,
    /// The expiry of its record in the store.
    pub record_until: i64,
    /// The end of the cookie. `None` for a cookie that a browser keeps until it is closed, or that was not seen.
    pub cookie_until: Option<i64>,
    /// The app's own limit, if it reported one: [`Clock::note_absolute_limit`](crate::Clock::note_absolute_limit).
    pub absolute_until: Option<i64>,
}

/// The request of the browser.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Request {
    /// `GET`, `POST` …
    pub method: String,
    /// Path and query; values of fields named like a secret are masked.
    pub target: String,
    /// Every cookie in it, in order.
    pub cookies: Vec<Cookie>,
    /// Its body.
    pub body: Body,
}

/// A cookie as it came with a request.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// The letter for this value on the timeline: `A` is the first value.
    pub label: String,
    /// The value itself.
    pub value: String,
    /// The attributes with which it was set, if that was seen. A request does not contain them.
    pub attributes: Vec<Attribute>,
}

/// A body, masked, and cut after 16 KiB.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Body {
    /// The stored text. It is empty for a body that is empty or binary or cannot be masked.
    pub text: String,
    /// The sentence that summarizes it: the first heading of a page, or the first line of plain text.
    pub says: Option<String>,
    /// Its full length in bytes.
    pub bytes: u64,
    /// The reason if `text` is not complete.
    pub note: Option<String>,
}

/// One call to the store.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct StoreCall {
    /// Which method was called.
    pub operation: Operation,
    /// The letter of the cookie value that is this session ID. It is empty for a delete of an unknown ID.
    pub label: String,
    /// The session ID. For a create it is the ID that the store chose.
    pub id: String,
    /// Whether a record with this ID was known before, as far as the inspector knows.
    pub known: bool,
    /// The result.
    pub outcome: Outcome,
    /// When the record that was written or found expires, in milliseconds of Unix time on the inspector's clock.
    pub until: Option<i64>,
}

/// The methods of a session store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// A record under a new ID.
    Create,
    /// A record written again under its ID.
    Save,
    /// A record loaded.
    Load,
    /// A record removed.
    Delete,
}

/// The result of a store call.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The data that was written or found, by key.
    Data(BTreeMap<String, Value>),
    /// There is no such record.
    Missing,
    /// There was a record, but it had expired.
    Expired,
    /// It succeeded, and there is nothing to show.
    Done,
    /// There is no longer session data under this ID. For a while the ID leads to the renewed session.
    Moved,
    /// The store failed.
    Failed(String),
}

/// The session's data around one exchange.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Session {
    /// The data as it was loaded. `None` if no record was found or loaded.
    pub before: Option<BTreeMap<String, Value>>,
    /// The data in the store after the exchange. `None` if there is no record.
    pub after: Option<BTreeMap<String, Value>>,
    /// The keys that differ.
    pub changes: Vec<Change>,
}

/// One key that differs between before and after.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Change {
    /// The key.
    pub key: String,
    /// Its value before, or `None` if it was not there.
    pub before: Option<Value>,
    /// Its value after, or `None` if it was removed.
    pub after: Option<Value>,
}

/// The answer of the app.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The `Location` of a redirect.
    pub location: Option<String>,
    /// Every cookie it sets.
    pub set_cookies: Vec<SetCookie>,
    /// Its body.
    pub body: Body,
}

/// One `Set-Cookie` header.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SetCookie {
    /// The cookie's name.
    pub name: String,
    /// The letter for its value, or empty for a removal, which has no value.
    pub label: String,
    /// The value itself.
    pub value: String,
    /// The header without name and value, as it was sent.
    pub sent: String,
    /// Attribute by attribute, with the important ones that are absent.
    pub attributes: Vec<Attribute>,
}

impl SetCookie {
    /// Whether a browser deletes the cookie when it gets this.
    pub fn is_removal(&self) -> bool {
        let is_over = |attribute: &Attribute| {
            attribute.text.strip_prefix("Max-Age=").is_some_and(|age| age.parse().is_ok_and(|age: i64| age <= 0))
        };
        self.value.is_empty() || self.attributes.iter().any(is_over)
    }
}

/// One attribute of a cookie and what it does.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Attribute {
    /// The attribute as it is in the header, such as `Max-Age=1800`, or its name if it is absent.
    pub text: String,
    /// Whether it is present.
    pub present: bool,
    /// What its presence or absence means in a browser.
    pub meaning: String,
}
