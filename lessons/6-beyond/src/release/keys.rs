//! Key rotation: the key that signs a cookie is replaced, and nobody is logged out.

use std::sync::LazyLock;

use axum::{
    Router,
    http::{HeaderMap, HeaderName, StatusCode, header::SET_COOKIE},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use cookie::{Cookie, CookieJar, Key, SameSite};
use lesson_page::{Failure, Form, Path};
use minijinja::{context, value::Serde};
use serde::{Deserialize, Serialize};
use session_inspector::Clock;
use time::{Duration, OffsetDateTime};

use crate::{page::PAGES, sent_cookie::sent};

/// The cookie with which the program recognizes a visitor.
const NAME: &str = "__Host-remembered";
/// The time for which a value is accepted after it was first signed. An old key can be dropped when nothing has been
/// signed with it for this long.
const MAX_AGE: Duration = Duration::weeks(2);

// ANCHOR: keys
/// The keys of one release.
struct ReleaseKeys<'k> {
    /// Signs each new cookie.
    signs: &'k Key,
    /// Also verifies, but signs nothing.
    verifies: Option<&'k Key>,
}

impl ReleaseKeys<'_> {
    fn sign(&self, value: String) -> Cookie<'static> {
        let mut jar = CookieJar::new();
        let cookie = Cookie::build((NAME, value)).path("/").secure(true).http_only(true).same_site(SameSite::Lax);
        jar.signed_mut(self.signs).add(cookie.max_age(MAX_AGE));
        jar.get(NAME).cloned().unwrap_or_else(|| Cookie::from(NAME))
    }

    /// Returns the value of this cookie if one of the keys has signed it, and whether that was the key that signs now.
    fn verify(&self, cookie: Cookie<'static>) -> Option<(String, bool)> {
        let mut jar = CookieJar::new();
        jar.add_original(cookie);
        let by = |key: &Key| jar.signed(key).get(NAME).map(|cookie| cookie.value().to_owned());
        let old = || Some((by(self.verifies?)?, false));
        by(self.signs).map(|value| (value, true)).or_else(old)
    }
}
// ANCHOR_END: keys

/// In a real program the keys come from its secrets. These keys are random, so they last as long as this process.
static OLD: LazyLock<Key> = LazyLock::new(Key::generate);
static NEW: LazyLock<Key> = LazyLock::new(Key::generate);

// ANCHOR: releases
impl ReleaseKeys<'static> {
    /// Returns the keys of this release.
    fn of(release: u8) -> Option<Self> {
        match release {
            1 => Some(Self { signs: &OLD, verifies: None }),
            2 => Some(Self { signs: &OLD, verifies: Some(&NEW) }),
            3 => Some(Self { signs: &NEW, verifies: Some(&OLD) }),
            4 => Some(Self { signs: &NEW, verifies: None }),
            _ => None,
        }
    }
}
// ANCHOR_END: releases

/// A release, and what it does with its keys, for the page.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Release {
    release: u8,
    does: &'static str,
}

pub(super) const RELEASES: [Release; 4] = [
    Release { release: 1, does: "signs and verifies with the old key" },
    Release { release: 2, does: "verifies with the new key as well, and still signs with the old one" },
    Release { release: 3, does: "signs with the new key, and still verifies with the old one" },
    Release { release: 4, does: "signs and verifies with the new key" },
];

pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/release/key/{release}", get(view)).route("/release/key/{release}/remember", post(remember))
}

#[derive(Deserialize)]
struct Remember {
    name: String,
}

async fn remember(Path(release): Path<u8>, clock: Clock, Form(Remember { name }): Form<Remember>) -> Response {
    let Some(keys) = ReleaseKeys::of(release) else { return no_such_release() };
    let is_name = (1..=40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_name {
        let sentence = "A name has one to forty letters or digits, so nothing was done.\n";
        return (StatusCode::UNPROCESSABLE_ENTITY, sentence).into_response();
    }
    let cookie = keys.sign(Remembered { name, since: clock.now() }.to_value());
    (set(&cookie), Redirect::to(&format!("/release/key/{release}"))).into_response()
}

// ANCHOR: view
async fn view(Path(release): Path<u8>, clock: Clock, headers: HeaderMap) -> Result<Response, Failure> {
    let Some(keys) = ReleaseKeys::of(release) else { return Ok(no_such_release()) };
    let verified = sent(&headers, NAME).and_then(|cookie| keys.verify(cookie));
    let remembered = verified.as_ref().and_then(|(value, _)| Remembered::of(value, clock.now()));
    let name = remembered.as_ref().map(|remembered| remembered.name.as_str());
    let page = PAGES.render("release-key.html", context! { release, releases => Serde(RELEASES), name })?;
    Ok(match verified {
        // The same value, with the time of the first signature, but signed by the new key.
        Some((value, false)) if remembered.is_some() => (set(&keys.sign(value)), page).into_response(),
        _ => page.into_response(),
    })
}
// ANCHOR_END: view

fn set(cookie: &Cookie) -> AppendHeaders<[(HeaderName, String); 1]> {
    AppendHeaders([(SET_COOKIE, cookie.to_string())])
}

fn no_such_release() -> Response {
    (StatusCode::NOT_FOUND, "The demo has releases 1 to 4.\n").into_response()
}

/// The value of the cookie. The signature covers only the value, so the value contains the cookie's name and the time.
struct Remembered {
    name: String,
    since: OffsetDateTime,
}

impl Remembered {
    fn to_value(&self) -> String {
        format!("{NAME}.{}.{}", self.since.unix_timestamp(), self.name)
    }

    /// Reads a value. Returns `None` if it is too old, or was made for another cookie.
    fn of(value: &str, now: OffsetDateTime) -> Option<Self> {
        let (since, name) = value.strip_prefix(NAME)?.strip_prefix('.')?.split_once('.')?;
        let since = OffsetDateTime::from_unix_timestamp(since.parse().ok()?).ok()?;
        (now - since <= MAX_AGE).then(|| Self { name: name.to_owned(), since })
    }
}
