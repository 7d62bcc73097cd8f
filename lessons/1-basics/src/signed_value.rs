//! The value of a signed cookie: the data, and the other facts that its signature must cover.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use time::{Duration, OffsetDateTime};

/// The time for which a value is accepted after it was signed.
pub const MAX_AGE: Duration = Duration::weeks(2);

// ANCHOR: bound
/// The signature of `SignedCookieJar` covers only the value of a cookie, so the value contains the cookie's name and
/// the time.
#[derive(Deserialize, Serialize)]
struct Bound<T> {
    cookie: String,
    /// The time of the signature, in seconds since 1970.
    issued: i64,
    data: T,
}

/// Makes the value of the cookie with this name, signed at the time `now`.
pub fn encode<T: Serialize>(cookie: &str, data: &T, now: OffsetDateTime) -> String {
    let bound = Bound { cookie: cookie.to_owned(), issued: now.unix_timestamp(), data };
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&bound).unwrap_or_default())
}
// ANCHOR_END: bound

// ANCHOR: decode
/// Returns the data in this value, or `None` if the value was made for another cookie or is older than [`MAX_AGE`].
pub fn decode<T: DeserializeOwned>(cookie: &str, value: &str, now: OffsetDateTime) -> Option<T> {
    let bound: Bound<T> = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(value).ok()?).ok()?;
    let age = Duration::seconds(now.unix_timestamp().saturating_sub(bound.issued));
    (bound.cookie == cookie && age <= MAX_AGE).then_some(bound.data)
}
// ANCHOR_END: decode
