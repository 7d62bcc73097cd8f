//! What the timeline holds: plain data, serialisable.
//!
//! A text longer than 4 KiB is cut and says so; so is a body after 16 KiB, and the data of a store call. Of an exchange
//! the first 100 cookies are kept, and 100 store calls.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One entry of the timeline.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Event {
    /// Counts from 1 in the order seen, also across [`Inspector::clear`](crate::Inspector::clear). Another inspector
    /// begins again, also one of the same program when it was started again.
    pub number: u64,
    /// What happened.
    pub what: What,
}

/// What an [`Event`] tells.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// A request and its response.
    Exchange(Box<Exchange>),
    /// A store call that belongs to no request: a background task's.
    Call(StoreCall),
    /// Something that was done without a request: [`Inspector::note`](crate::Inspector::note).
    Note {
        /// Who did it; empty where it was nobody on the timeline.
        visitor: String,
        /// What, in a sentence's second half: `closes the browser`.
        words: String,
    },
    /// Someone moved the clock on.
    Skip {
        /// By how many seconds.
        seconds: u64,
        /// By how many seconds it is ahead since then.
        ahead: u64,
    },
}

/// A request, what it did to the session, and its response.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Exchange {
    /// Who sent it: `alice`, `bob` or `mallory` where the host name begins with that label, or who the page of the
    /// inspector said it is. Otherwise the letter of the first cookie value by which this visitor was seen, also after
    /// the app has given another one; empty for a visitor without cookies.
    pub visitor: String,
    /// Set if the page of the inspector sent it, and no browser.
    pub from_page: Option<FromPage>,
    /// Set if another inspector saw it, and it was only told here: [`Inspector::retell`](crate::Inspector::retell).
    #[serde(default)]
    pub retold: Option<Retold>,
    /// What came in.
    pub request: Request,
    /// The calls to the store while it was answered, in order: the first 99, and the last.
    pub calls: Vec<StoreCall>,
    /// How many calls before the last are left out.
    pub calls_left_out: u64,
    /// The session before and after, as far as the store was asked.
    pub session: Session,
    /// How long the session goes on, as far as this exchange tells.
    pub life: Option<Life>,
    /// What went out.
    pub response: Response,
    /// The message of the panic that ended the handler, if one did.
    pub panic: Option<String>,
    /// Plain sentences on what it meant for the session.
    pub summary: Vec<String>,
}

/// A request that the page of the inspector sent.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct FromPage {
    /// The number of the exchange that it repeats, perhaps edited.
    pub again: Option<u64>,
}

/// How the page shows an exchange that was only told.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Retold {
    /// As any other.
    Shown,
    /// As a line that can be opened: it is beside the point.
    Folded,
}

/// How long a session goes on. Times are milliseconds of Unix time on the inspector's clock.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Life {
    /// The letter of the session ID.
    pub label: String,
    /// When this was so: at the end of the exchange.
    pub at: i64,
    /// The expiry of its record in the store.
    pub record_until: i64,
    /// The end of the cookie; nothing for one that a browser keeps until it is closed, or that was not seen.
    pub cookie_until: Option<i64>,
    /// The app's own limit, if it told of one: [`Clock::note_absolute_limit`](crate::Clock::note_absolute_limit).
    pub absolute_until: Option<i64>,
}

/// What the browser sent.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Request {
    /// `GET`, `POST` …
    pub method: String,
    /// Path and query; values of fields named like a secret are masked.
    pub target: String,
    /// Every cookie it brought, in order.
    pub cookies: Vec<Cookie>,
    /// Its body.
    pub body: Body,
}

/// A cookie as it came with a request.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// The letter this value goes by on the timeline: `A` is the first value seen.
    pub label: String,
    /// The value itself.
    pub value: String,
    /// The attributes that it was set with, if that was seen: they do not come with a request.
    pub attributes: Vec<Attribute>,
}

/// A body, masked, and cut after 16 KiB.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Body {
    /// The text that is kept; empty for a body that is empty, binary or cannot be masked.
    pub text: String,
    /// The sentence it stands for: the first heading of a page, the first line of plain text.
    pub says: Option<String>,
    /// Its full length in bytes.
    pub bytes: u64,
    /// Why `text` is not all of it, if it is not.
    pub note: Option<String>,
}

/// One call to the store.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct StoreCall {
    /// Which method was called.
    pub operation: Operation,
    /// The letter of the cookie value that is this session ID; empty for a delete of one that was never seen.
    pub label: String,
    /// The session ID; for a create the one the store settled on.
    pub id: String,
    /// Whether a record of this ID was known before, as far as the inspector has seen.
    pub known: bool,
    /// What came of it.
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
    /// A record asked for.
    Load,
    /// A record removed.
    Delete,
}

/// What a store call came to.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The data that was written or found, by key.
    Data(BTreeMap<String, Value>),
    /// There is no such record.
    Missing,
    /// There was one, and its time had come.
    Expired,
    /// Done; there is nothing to show.
    Done,
    /// There is no session data under this ID any more: it leads to the renewed session for a while.
    Moved,
    /// The store failed.
    Failed(String),
}

/// The session's data around one exchange.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Session {
    /// As it was loaded; nothing if no record was found, or none asked for.
    pub before: Option<BTreeMap<String, Value>>,
    /// As the exchange left it in the store; nothing if it left none.
    pub after: Option<BTreeMap<String, Value>>,
    /// The keys that differ.
    pub changes: Vec<Change>,
}

/// One key that differs between before and after.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Change {
    /// The key.
    pub key: String,
    /// Its value before; nothing if it was not there.
    pub before: Option<Value>,
    /// Its value after; nothing if it is gone.
    pub after: Option<Value>,
}

/// What the app answered.
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
    /// The letter its value goes by; empty for a removal, which has no value.
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
    /// As it stands in the header, such as `Max-Age=1800`, or its name if it is absent.
    pub text: String,
    /// Whether it is there.
    pub present: bool,
    /// What its presence or absence means in a browser.
    pub meaning: String,
}
