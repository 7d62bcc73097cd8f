//! What a signed cookie holds: data, and what else its signature has to vouch for.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use time::{Duration, OffsetDateTime};

/// How long a value is accepted after it was signed.
pub const MAX_AGE: Duration = Duration::weeks(2);

// ANCHOR: bound
/// The signature of `SignedCookieJar` covers the value of a cookie and nothing else, so the name of the cookie and
/// the time stand in the value.
#[derive(Deserialize, Serialize)]
struct Bound<T> {
    cookie: String,
    /// In seconds since 1970.
    issued: i64,
    data: T,
}

/// The value of the cookie with this name, made now.
pub fn encode<T: Serialize>(cookie: &str, data: &T, now: OffsetDateTime) -> String {
    let bound = Bound { cookie: cookie.to_owned(), issued: now.unix_timestamp(), data };
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&bound).unwrap_or_default())
}
// ANCHOR_END: bound

// ANCHOR: decode
/// The data in this value, if it was made for the cookie with this name and is not older than [`MAX_AGE`].
pub fn decode<T: DeserializeOwned>(cookie: &str, value: &str, now: OffsetDateTime) -> Option<T> {
    let bound: Bound<T> = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(value).ok()?).ok()?;
    let age = Duration::seconds(now.unix_timestamp().saturating_sub(bound.issued));
    (bound.cookie == cookie && age <= MAX_AGE).then_some(bound.data)
}
// ANCHOR_END: decode
