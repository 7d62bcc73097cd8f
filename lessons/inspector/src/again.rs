//! Requests that the inspector's page sends: a past request again, or one with another visitor's cookie.
//!
//! They go to the wrapped app inside the process, as if they came from the network.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use axum::{
    Extension, Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, Request},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, Uri,
        header::{CONNECTION, CONTENT_LENGTH, COOKIE, HOST, TRANSFER_ENCODING},
    },
};
use http_body_util::{BodyExt, Limited};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use tower::ServiceExt;

use crate::{
    FromPage, Inspector, What,
    body::{self, unmask, unmask_target},
    curl,
    sent::{Sent, lossy},
    wall::Sender,
};

/// The time that the app may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The number of bytes of an answer that are read.
const READ: usize = 1024 * 1024;
/// The headers that are written again: the cookies, and those that describe the body's length.
const WRITTEN_ANEW: [HeaderName; 4] = [COOKIE, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION];
/// The maximum length of a visitor's name.
const NAME: usize = 32;

/// The wrapped app, as a weak reference: an inspector that owned its app would keep itself alive.
#[derive(Clone, Debug, Default)]
pub(crate) struct App(Arc<Mutex<Weak<Router>>>);

impl App {
    /// Stores a weak reference to `app`, so that requests can be sent to it, and returns the same app.
    pub(crate) fn remember(&self, app: Router) -> Router {
        let app = Arc::new(app);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&app);
        (*app).clone().layer(Extension(app))
    }

    fn get(&self) -> Option<Router> {
        let app = self.0.lock().unwrap_or_else(PoisonError::into_inner).upgrade()?;
        Some((*app).clone())
    }
}

/// The request that the page wants to send. Missing parts come from the request with this number, or are empty without
/// one.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    number: Option<u64>,
    visitor: Option<String>,
    method: Option<String>,
    target: Option<String>,
    cookie: Option<String>,
    /// One per line, without cookies.
    headers: Option<String>,
    body: Option<String>,
}

/// The reason why the page gets no answer.
#[derive(Debug, PartialEq)]
pub(crate) enum Refused {
    /// There is no request to send, or no app to send it to.
    Gone(String),
    /// The request is not valid.
    Wrong(String),
    /// The request was sent, but the app did not answer in time.
    Silence,
}

/// Sends the request. Returns when the answer is on the timeline.
pub(crate) async fn send(inspector: &Inspector, wanted: Wanted) -> Result<(), Refused> {
    let app = inspector.app.get().ok_or_else(|| Refused::Gone("The app is not running.".to_owned()))?;
    let (base, visitor) = base(inspector, &wanted)?;
    let sender = Sender { visitor: visitor_of(&wanted, visitor)?, from_page: FromPage { again: wanted.number } };
    let request = request(wanted, base, sender)?;
    let answered = async {
        let response = app.oneshot(request).await.unwrap_or_else(|never| match never {});
        // The timeline has as much of the answer as arrives within the limit.
        let _ = Limited::new(response.into_body(), READ).collect().await;
    };
    timeout(PATIENCE, answered).await.map_err(|_| Refused::Silence)
}

/// Returns the request to repeat and its visitor, or an empty request to the host of the last one.
fn base(inspector: &Inspector, wanted: &Wanted) -> Result<(Sent, Option<String>), Refused> {
    let Some(number) = wanted.number else { return Ok((plain(inspector), None)) };
    let noted = inspector.timeline.get(number);
    let gone = || Refused::Gone(format!("Request {number} is no longer on the timeline."));
    let noted = noted.ok_or_else(gone)?;
    let What::Exchange(exchange) = &noted.event.what else { return Err(gone()) };
    let sent = noted.sent.clone().ok_or_else(|| {
        let why = "it was longer than 64 KiB, or the app did not read it to its end";
        Refused::Gone(format!("Request {number} was not kept: {why}."))
    })?;
    Ok((sent, Some(exchange.visitor.clone())))
}

fn plain(inspector: &Inspector) -> Sent {
    let seen = inspector.timeline.since(0);
    let last = seen.iter().rev().find_map(|noted| noted.sent.as_ref());
    let host = last.map_or_else(|| "localhost".to_owned(), Sent::host);
    let host = HeaderValue::try_from(host).unwrap_or_else(|_| HeaderValue::from_static("localhost"));
    Sent {
        method: Method::GET,
        target: "/".to_owned(),
        headers: HeaderMap::from_iter([(HOST, host)]),
        body: Bytes::new(),
        peer: last.and_then(|sent| sent.peer),
    }
}

fn visitor_of(wanted: &Wanted, before: Option<String>) -> Result<Option<String>, Refused> {
    let Some(visitor) = &wanted.visitor else { return Ok(before) };
    let is_name = visitor.len() <= NAME && visitor.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_name
        .then(|| Some(visitor.clone()))
        .ok_or_else(|| wrong("a visitor's name has at most 32 letters and digits", visitor))
}

fn request(wanted: Wanted, base: Sent, sender: Sender) -> Result<Request, Refused> {
    let kind = base.kind().to_owned();
    let original = String::from_utf8_lossy(&base.body).into_owned();
    let body = wanted.body.map_or(base.body.clone(), |edited| unmask(&edited, &original, &kind).into());
    let target = wanted.target.map_or(base.target.clone(), |edited| unmask_target(&edited, &base.target));
    let cookie = wanted.cookie.unwrap_or_else(|| base.cookie());
    let mut request = Request::new(Body::empty());
    *request.method_mut() = method(wanted.method, base.method)?;
    *request.uri_mut() = uri(&target)?;
    *request.headers_mut() = headers(wanted.headers.as_deref(), base.headers, &cookie, body.len())?;
    let peer = base.peer.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    request.extensions_mut().insert(ConnectInfo(peer));
    request.extensions_mut().insert(sender);
    *request.body_mut() = Body::from(body);
    Ok(request)
}

fn method(edited: Option<String>, before: Method) -> Result<Method, Refused> {
    let Some(edited) = edited else { return Ok(before) };
    edited.parse().map_err(|_| wrong("a method is one word, such as GET", &edited))
}

fn uri(target: &str) -> Result<Uri, Refused> {
    let uri = target.parse().ok().filter(|_| target.starts_with('/'));
    uri.ok_or_else(|| wrong("a path begins with / and has no space", target))
}

/// Returns the headers with this cookie and with the length of the body.
fn headers(edited: Option<&str>, before: HeaderMap, cookie: &str, length: usize) -> Result<HeaderMap, Refused> {
    let mut headers = edited.map_or(Ok(before), lines)?;
    WRITTEN_ANEW.iter().for_each(|name| drop(headers.remove(name)));
    if !cookie.is_empty() {
        headers.insert(
            COOKIE,
            cookie.parse().map_err(|_| wrong("a Cookie header is one line without control characters", cookie))?,
        );
    }
    if length > 0 {
        headers.insert(CONTENT_LENGTH, length.into());
    }
    Ok(headers)
}

fn lines(text: &str) -> Result<HeaderMap, Refused> {
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        let name = HeaderName::try_from(name.trim()).ok()?;
        Some((name, HeaderValue::try_from(value.trim()).ok()?))
    };
    let mut headers = HeaderMap::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let (name, value) = header(line).ok_or_else(|| wrong("a header is a name, a colon and a value", line))?;
        headers.append(name, value);
    }
    Ok(headers)
}

fn wrong(rule: &str, text: &str) -> Refused {
    Refused::Wrong(format!("It was not sent: {rule}. You wrote {text:?}."))
}

/// A request, to be edited or copied. Secrets are masked as on the page, but cookies are not.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    method: String,
    target: String,
    cookie: String,
    /// One per line, without cookies and without the headers that describe the body's length.
    headers: String,
    /// `None` if the body cannot be shown. It is then sent unchanged.
    body: Option<String>,
    curl: String,
}

impl Shown {
    pub(crate) fn of(sent: &Sent) -> Self {
        let is_shown = |name: &HeaderName| !WRITTEN_ANEW.contains(name);
        let headers = sent.headers.iter().filter(|(name, _)| is_shown(name));
        Self {
            method: sent.method.to_string(),
            target: body::mask_target(&sent.target),
            cookie: sent.cookie(),
            headers: headers.map(|(name, value)| format!("{name}: {}\n", lossy(value.as_bytes()))).collect(),
            body: body::readable(&sent.body, sent.kind(), false).ok(),
            curl: curl::of(sent),
        }
    }
}

/// Returns the cookies that each visitor has now, in the format of the `Cookie` header, as far as the timeline shows
/// them.
pub(crate) fn jars(inspector: &Inspector) -> BTreeMap<String, String> {
    let mut jars: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for exchange in inspector.exchanges() {
        let jar = jars.entry(exchange.visitor).or_default();
        jar.extend(exchange.request.cookies.into_iter().map(|cookie| (cookie.name, cookie.value)));
        for cookie in exchange.response.set_cookies {
            let value = (!cookie.is_removal()).then_some(cookie.value);
            match value {
                Some(value) => jar.insert(cookie.name, value),
                None => jar.remove(&cookie.name),
            };
        }
    }
    let header = |jar: BTreeMap<String, String>| {
        jar.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    };
    jars.into_iter().map(|(visitor, jar)| (visitor, header(jar))).collect()
}
