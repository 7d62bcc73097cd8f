//! The Flask session of a request: a layer that opens and saves it as Flask does, and the extractor that handlers use.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{COOKIE, SET_COOKIE, VARY},
        request::Parts,
    },
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use session_inspector::Clock;
use time::{Duration, OffsetDateTime};
use tower_sessions::cookie::{Cookie, SameSite};

use super::{
    cookie::{Keys, Refused},
    tagged::{Dict, Value},
};

/// The maximum size of a cookie: browsers drop it if its name and value have more bytes together (RFC 6265bis, section
/// 5.7).
const LONGEST_COOKIE: usize = 4096;
/// The key under which Flask stores `session.permanent`.
const PERMANENT: &str = "_permanent";

/// The settings of the Flask app, with Flask's defaults. Both apps need the same settings. The cookie's domain, path
/// and partition are Flask's defaults, too.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `SECRET_KEY` and `SECRET_KEY_FALLBACKS`
    pub keys: Keys,
    /// `SESSION_COOKIE_NAME`
    pub name: &'static str,
    /// `SESSION_COOKIE_SECURE`
    pub secure: bool,
    /// `SESSION_COOKIE_HTTPONLY`
    pub http_only: bool,
    /// `SESSION_COOKIE_SAMESITE`
    pub same_site: Option<SameSite>,
    /// `PERMANENT_SESSION_LIFETIME`, which limits every cookie, whether its session is permanent or not
    pub lifetime: Duration,
    /// `SESSION_REFRESH_EACH_REQUEST`
    pub refresh: bool,
    /// The route of the logout by POST, also for a visitor whose session cannot be read
    pub log_out: &'static str,
}

impl Settings {
    /// Returns Flask's defaults, as if only `SECRET_KEY` were set.
    pub fn new(keys: Keys) -> Self {
        let (secure, http_only, refresh) = (false, true, true);
        let (lifetime, log_out) = (Duration::days(31), "/logout");
        Self { keys, name: "session", secure, http_only, same_site: None, lifetime, refresh, log_out }
    }
}

/// The session of this request. Its clones share it.
#[derive(Clone, Debug, Default)]
pub struct FlaskSession(Arc<Mutex<Opened>>);

#[derive(Debug, Default)]
struct Opened {
    data: Dict,
    /// The address of the logout, for a visitor whose cookie is signed, but has unreadable data.
    way_out: Option<&'static str>,
    /// Whether a handler has used the session.
    accessed: bool,
    modified: bool,
}

impl FlaskSession {
    /// Returns a copy of the value with this key. To change the session, [`insert`](Self::insert) the changed copy.
    pub fn get(&self, key: &str) -> Option<Value> {
        self.lock().data.get(key).cloned()
    }

    /// Sets the value of this key.
    pub fn insert(&self, key: &str, value: impl Into<Value>) {
        let mut opened = self.lock();
        opened.data.insert(key.to_owned(), value.into());
        opened.modified = true;
    }

    /// Removes and returns the value of this key.
    pub fn remove(&self, key: &str) -> Option<Value> {
        let mut opened = self.lock();
        let value = opened.data.remove(key);
        opened.modified |= value.is_some();
        value
    }

    /// Empties the session, and makes the browser delete the cookie. A copy of the cookie is still valid.
    pub fn clear(&self) {
        let mut opened = self.lock();
        *opened = Opened { modified: true, ..Opened::default() };
    }

    /// Sets whether the cookie outlives the browser, for the lifetime in the [`Settings`].
    pub fn set_permanent(&self, permanent: bool) {
        self.insert(PERMANENT, permanent);
    }

    /// Returns a copy of all data.
    pub fn data(&self) -> Dict {
        self.lock().data.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Opened> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens the session before the handler, and saves it afterwards. Use it with `from_fn_with_state`, only around the
/// routes that have moved, because Flask sets the cookie for its own routes.
pub async fn flask_session(
    State(settings): State<Settings>,
    clock: Clock,
    mut request: Request,
    next: Next,
) -> Response {
    let session = settings.open(request.headers(), clock.now());
    request.extensions_mut().insert(session.clone());
    let mut response = next.run(request).await;
    let opened = mem::take(&mut *session.lock());
    settings.save(&opened, &mut response, clock.now());
    response
}

impl Settings {
    /// Returns the value of the session cookie that the browser has sent.
    pub fn sent<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        first_cookie(headers, self.name)
    }

    /// Opens the session of the cookie. Without a cookie, or without a valid signature, it is an empty session.
    fn open(&self, headers: &HeaderMap, now: OffsetDateTime) -> FlaskSession {
        let read = self.sent(headers).map(|value| self.keys.read(value, now, self.lifetime));
        let mut opened = Opened::default();
        match read {
            Some(Ok(data)) => opened.data = data,
            Some(Err(Refused::Unreadable(reason))) => {
                tracing::error!(reason, "Flask has signed a session that cannot be read here");
                opened.way_out = Some(self.log_out);
            }
            Some(Err(Refused::NotSigned | Refused::NotNow)) | None => {}
        }
        FlaskSession(Arc::new(Mutex::new(opened)))
    }

    fn save(&self, session: &Opened, response: &mut Response, now: OffsetDateTime) {
        let is_permanent = session.data.get(PERMANENT) == Some(&Value::Bool(true));
        let cookie = match session.data.is_empty() {
            true => session.modified.then(|| Ok(self.removal())),
            false if session.modified || (is_permanent && self.refresh) => {
                Some(self.cookie(session, is_permanent, now))
            }
            false => None,
        };
        let set = match cookie.transpose() {
            Ok(cookie) => cookie.map(|cookie| HeaderValue::try_from(cookie.to_string())).and_then(Result::ok),
            Err(reason) => {
                tracing::error!(reason, "a session was not saved");
                *response = NotSaved.into_response();
                None
            }
        };
        if session.accessed || set.is_some() {
            varies_with_the_cookie(response.headers_mut());
        }
        response.headers_mut().extend(set.map(|set| (SET_COOKIE, set)));
    }

    fn cookie(&self, session: &Opened, is_permanent: bool, now: OffsetDateTime) -> Result<Cookie<'_>, String> {
        let value = self.keys.write(&session.data, now).map_err(|reason| reason.to_string())?;
        let length = self.name.len() + value.len();
        if length > LONGEST_COOKIE {
            return Err(format!("the cookie would have {length} bytes, and browsers drop one of more than 4096"));
        }
        let mut cookie = self.with_attributes(value);
        if is_permanent {
            cookie.set_expires(now.saturating_add(self.lifetime));
        }
        Ok(cookie)
    }

    fn removal(&self) -> Cookie<'_> {
        let mut cookie = self.with_attributes(String::new());
        cookie.set_max_age(Duration::ZERO);
        cookie.set_expires(OffsetDateTime::UNIX_EPOCH);
        cookie
    }

    fn with_attributes(&self, value: String) -> Cookie<'_> {
        let mut cookie = Cookie::build((self.name, value)).path("/").secure(self.secure).http_only(self.http_only);
        if let Some(same_site) = self.same_site {
            cookie = cookie.same_site(same_site);
        }
        cookie.build()
    }
}

/// Returns the value of the first cookie with this name, which Flask uses. A cookie jar would return the last one. The
/// other cookies are not checked, because another host may have set them.
fn first_cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let pairs = headers.get_all(COOKIE).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    let value = |pair: &'h [u8]| pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"=");
    let first = pairs.filter_map(value).next()?;
    std::str::from_utf8(first).ok().filter(|value| !value.is_empty())
}

/// Sets `Vary`, so that a cache does not send the answer to another visitor.
fn varies_with_the_cookie(headers: &mut HeaderMap) {
    let lines = headers.get_all(VARY).iter().filter_map(|line| line.to_str().ok());
    let says_so = |name: &str| name == "*" || name.eq_ignore_ascii_case("cookie");
    if !lines.flat_map(|line| line.split(',')).any(|name| says_so(name.trim())) {
        headers.append(VARY, HeaderValue::from_static("Cookie"));
    }
}

/// The session is too large for a cookie. Flask sends such a cookie anyway, and the browser keeps the old one.
#[derive(Debug)]
struct NotSaved;

impl IntoResponse for NotSaved {
    fn into_response(self) -> Response {
        let sentence =
            "Your session could not be saved, so it is as it was before this request. The reason is in our log.\n";
        (StatusCode::INTERNAL_SERVER_ERROR, sentence).into_response()
    }
}

/// The session of a visitor whose cookie is signed, but cannot be read. Flask answers 500 here, too. The cookie stays,
/// because the other app may still read it, unless a handler calls [`anew`](Self::anew).
#[derive(Debug)]
pub struct Unreadable {
    session: FlaskSession,
    way_out: &'static str,
}

impl Unreadable {
    /// Returns an empty session instead. Its data replaces the cookie.
    pub fn anew(self) -> FlaskSession {
        self.session
    }
}

impl IntoResponse for Unreadable {
    fn into_response(self) -> Response {
        let page = format!(
            "<!doctype html><html lang=\"en\"><title>Your session cannot be read</title>\
             <h1>Your session cannot be read</h1><p>This part of the site cannot read its data. If you see this page again, log out.</p>\
             <form method=\"post\" action=\"{}\"><button>Log out</button></form></html>\n",
            self.way_out
        );
        (StatusCode::INTERNAL_SERVER_ERROR, Html(page)).into_response()
    }
}

impl<S: Sync> FromRequestParts<S> for FlaskSession {
    type Rejection = Unreadable;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Unreadable> {
        let Some(session) = parts.extensions.get::<Self>().cloned() else {
            tracing::error!("this route asks for a session and is not inside the layer flask_session");
            return Err(Unreadable { session: Self::default(), way_out: "/" });
        };
        let mut opened = session.lock();
        opened.accessed = true;
        let way_out = opened.way_out;
        drop(opened);
        way_out.map_or(Ok(session.clone()), |way_out| Err(Unreadable { session, way_out }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_cookies_with_the_name_the_first_counts() {
        let headers = |lines: &[&'static str]| {
            lines.iter().map(|line| (COOKIE, HeaderValue::from_bytes(line.as_bytes()).unwrap())).collect::<HeaderMap>()
        };
        for (lines, first) in [
            (&["session=a; session=b"][..], Some("a")),
            (&["other=a;session=b=c"], Some("b=c")),
            (&["other=a", "session=b"], Some("b")),
            (&["other=\u{e9}; session=a"], Some("a")),
            (&["session="], None),
            (&["xsession=a; session"], None),
            (&[], None),
        ] {
            assert_eq!(first_cookie(&headers(lines), "session"), first, "{lines:?}");
        }
    }

    #[test]
    fn a_cookie_of_4096_bytes_is_made_and_a_longer_one_is_not() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let given = Settings::new(Keys::new("key", []).unwrap());
        // Digits that zlib shortens only a little. Some of them fill the cookie except for the name.
        let digits: String = (1000..3000).map(|number| (number * number % 9973).to_string()).collect();
        let data = |count| Dict::from([("a".to_owned(), digits[..count].into())]);
        let value = |count| given.keys.write(&data(count), now).unwrap().len();
        let count = (1..digits.len()).rev().find(|&count| value(count) < 4090).unwrap();
        let left = 4096 - value(count);
        let long_name = "session-session-session-session-session";
        for (name, is_made) in [(&long_name[..left], true), (&long_name[..=left], false)] {
            let settings = Settings { name, ..given.clone() };
            let made = settings.cookie(&Opened { data: data(count), ..Opened::default() }, false, now);
            assert_eq!(made.is_ok(), is_made, "{name}");
        }
    }

    #[test]
    fn vary_names_the_cookie_once() {
        for (before, after) in
            [("", "|Cookie"), ("Accept", "Accept|Cookie"), ("accept, cookie", "accept, cookie"), ("*", "*")]
        {
            let mut headers = HeaderMap::from_iter([(VARY, HeaderValue::from_static(before))]);
            varies_with_the_cookie(&mut headers);
            let lines: Vec<_> = headers.get_all(VARY).iter().map(|line| line.to_str().unwrap()).collect();
            assert_eq!(lines.join("|"), after);
        }
    }
}
