//! The entries of the timeline, as plain serializable data.
//!
//! A text longer than 4 KiB is cut, with a note. So are a body longer than 16 KiB and the data of a store call. Of an
//! exchange, 100 cookies and 100 store calls are stored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One entry of the timeline.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Event {
    /// The number, counted from 1 in the order of the events. [`Inspector::clear`](crate::Inspector::clear) does not
    /// reset it. A new inspector starts at 1.
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
        /// The visitor who did it, or empty for a general event.
        visitor: String,
        /// The action, as a sentence without its subject: `closes the browser`.
        words: String,
    },
    /// A skip of the clock.
    Skip {
        /// The length of the skip, in seconds.
        seconds: u64,
        /// The time by which the clock is ahead of system time since then, in seconds.
        ahead: u64,
    },
}

/// A request, what it did to the session, and its response.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Exchange {
    /// The visitor: `alice`, `bob` or `mallory` if one of these is a label of the host name, or the visitor that the
    /// inspector's page named. Otherwise it is the letter of the visitor's first cookie value, even after the app has
    /// set another one. It is empty for a visitor without cookies.
    pub visitor: String,
    /// Set if the inspector's page and no browser sent the request.
    pub from_page: Option<FromPage>,
    /// Set if another inspector recorded the exchange, and this one only shows it:
    /// [`Inspector::retell`](crate::Inspector::retell).
    #[serde(default)]
    pub retold: Option<Retold>,
    /// The request.
    pub request: Request,
    /// The calls to the store during the exchange, in order: the first 99, and the last.
    pub calls: Vec<StoreCall>,
    /// The number of calls that are left out before the last one.
    pub calls_left_out: u64,
    /// The session before and after, as far as the store calls show it.
    pub session: Session,
    /// The lifetime of the session, as far as this exchange shows it.
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
    /// The number of the exchange that the request repeats, perhaps edited.
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

/// The lifetime of a session. Times are milliseconds of Unix time on the inspector's clock.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Life {
    /// The letter of the session ID.
    pub label: String,
    /// The time of this information: the end of the exchange.
    pub at: i64,
    /// The expiry of its record in the store.
    pub record_until: i64,
    /// The end of the cookie. It is `None` for a cookie that a browser keeps until it closes, or that the inspector has
    /// not seen being set.
    pub cookie_until: Option<i64>,
    /// The app's own limit, if it reported one: [`Clock::note_absolute_limit`](crate::Clock::note_absolute_limit).
    pub absolute_until: Option<i64>,
}

/// The request of the browser.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Request {
    /// The method, such as `GET`.
    pub method: String,
    /// The path and the query. Values of parameters that are named like a secret are masked.
    pub target: String,
    /// The first 100 cookies of the request, in order.
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
    /// The attributes with which the cookie was set, if the inspector saw that. A request does not contain them.
    pub attributes: Vec<Attribute>,
}

/// A body, masked, and cut after 16 KiB.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Body {
    /// The stored text. It is empty for a body that is empty or binary, or that cannot be masked.
    pub text: String,
    /// The sentence that summarizes the body: the first heading of a page, or the first line of plain text.
    pub says: Option<String>,
    /// Its full length in bytes.
    pub bytes: u64,
    /// The reason why `text` is not complete, if it is not.
    pub note: Option<String>,
}

/// One call to the store.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct StoreCall {
    /// The method that was called.
    pub operation: Operation,
    /// The letter of the cookie value that is this session ID. It is empty for the delete of an unknown ID.
    pub label: String,
    /// The session ID. For a create it is the ID that the store has chosen.
    pub id: String,
    /// Whether the store had a record with this ID before the call, as far as the inspector knows.
    pub known: bool,
    /// The result.
    pub outcome: Outcome,
    /// The time when the record that was written or found expires, in milliseconds of Unix time on the inspector's
    /// clock.
    pub until: Option<i64>,
}

/// The methods of a session store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Creates a record under a new ID.
    Create,
    /// Writes a record under its ID again.
    Save,
    /// Loads a record.
    Load,
    /// Deletes a record.
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
    /// The call succeeded, and there is nothing to show.
    Done,
    /// This ID has no session data of its own any longer. For a while it leads to the renewed session.
    Moved,
    /// The store failed.
    Failed(String),
}

/// The session's data before and after one exchange.
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
    /// The value before, or `None` if the key was not there.
    pub before: Option<Value>,
    /// The value after, or `None` if the key was removed.
    pub after: Option<Value>,
}

/// The answer of the app.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The `Location` of a redirect.
    pub location: Option<String>,
    /// The first 100 cookies that it sets.
    pub set_cookies: Vec<SetCookie>,
    /// Its body.
    pub body: Body,
}

/// One `Set-Cookie` header.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SetCookie {
    /// The cookie's name.
    pub name: String,
    /// The letter for its value, or empty if the value is empty.
    pub label: String,
    /// The value itself.
    pub value: String,
    /// The header after the name and the value, as it was sent.
    pub sent: String,
    /// The attributes one by one, including important ones that are absent.
    pub attributes: Vec<Attribute>,
}

impl SetCookie {
    /// Whether the header removes the cookie: its value is empty, or its `Max-Age` is not positive.
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
