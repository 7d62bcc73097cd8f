//! The middleware that sees each request and its response.

use std::{any::Any, collections::BTreeMap, panic::AssertUnwindSafe, sync::Arc};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{
        HeaderMap, StatusCode, Uri,
        header::{COOKIE, LOCATION, SET_COOKIE},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use serde_json::Value;

use crate::{
    Attribute, Change, Clock, Cookie, Exchange, FromPage, Inspector, Life, Operation, Outcome, Session, SetCookie,
    StoreCall, Unwatched, What,
    body::{Tap, mask_target},
    bounds,
    calls::{Calls, Noted},
    clock, exchange,
    sent::{Sent, lossy},
    timeline::{Set, Timeline},
    visitor, words,
};

/// The extension of a request that the inspector's page sends.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    pub(crate) visitor: Option<String>,
    pub(crate) from_page: FromPage,
}

pub(crate) async fn watch(State(inspector): State<Inspector>, mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(inspector.clock.clone());
    request.extensions_mut().insert(inspector.clone());
    let sent = Tap::default();
    let request = request.map(|body| sent.listen(body, ()));
    let mut seen = Seen::new(inspector, &request, sent);

    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    let response = match seen.calls.clone().scope(answer).await {
        Ok(response) => response,
        Err(panic) => {
            let message = message(panic);
            seen.panic = Some(bounds::text(&message));
            (StatusCode::INTERNAL_SERVER_ERROR, format!("the handler panicked: {message}")).into_response()
        }
    };
    seen.is_unwatched = response.extensions().get::<Unwatched>().is_some();
    seen.answered(&response);
    let answer = seen.answer.clone();
    response.map(|body| answer.listen(body, seen))
}

/// A running exchange. It goes onto the timeline when it is dropped: at the end of the response body, or when the
/// client disconnects.
struct Seen {
    timeline: Arc<Timeline>,
    clock: Clock,
    sender: Option<Sender>,
    request: Sent,
    target: String,
    cookies: Vec<Cookie>,
    sent: Tap,
    calls: Calls,
    status: StatusCode,
    response_headers: HeaderMap,
    answer: Tap,
    panic: Option<String>,
    is_unwatched: bool,
}

impl Seen {
    fn new(Inspector { timeline, clock, .. }: Inspector, request: &Request<Body>, sent: Tap) -> Self {
        Self {
            sender: request.extensions().get().cloned(),
            request: Sent::of(request),
            target: target(request.uri()),
            cookies: cookies(&timeline, request.headers()),
            sent,
            calls: Calls::default(),
            // The status that nginx logs for a client that disconnects before the answer: 499.
            status: StatusCode::from_u16(499).unwrap_or_default(),
            response_headers: HeaderMap::new(),
            answer: Tap::default(),
            panic: None,
            is_unwatched: false,
            timeline,
            clock,
        }
    }

    fn answered(&mut self, response: &Response) {
        self.status = response.status();
        self.response_headers = response.headers().clone();
    }

    /// Returns the request as it came, if it is small enough to be stored and its body was read to the end.
    fn as_it_came(&self) -> Option<Sent> {
        Sent { body: self.sent.whole(&self.request.headers)?, ..self.request.clone() }.kept()
    }

    fn visitor(&self, set: &[SetCookie]) -> String {
        let named = self.sender.as_ref().and_then(|sender| sender.visitor.clone());
        let visitor = named.or_else(|| loopback_serve::visitor(&self.request.headers));
        let visitor = visitor.unwrap_or_else(|| visitor::of(&self.timeline, &self.cookies, set));
        visitor::note(&self.timeline, &visitor, &self.cookies, set);
        visitor
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        if self.is_unwatched {
            return;
        }
        let Noted { calls, left_out, absolute_until } = self.calls.take();
        let location = self.response_headers.get(LOCATION).map(|location| bounds::text(&lossy(location.as_bytes())));
        let now = self.clock.now_milliseconds();
        let set_cookies = set_cookies(&self.timeline, &self.response_headers, now);
        let mut exchange = Exchange {
            visitor: self.visitor(&set_cookies),
            from_page: self.sender.as_ref().map(|sender| sender.from_page.clone()),
            retold: None,
            request: exchange::Request {
                method: bounds::text(self.request.method.as_str()),
                target: std::mem::take(&mut self.target),
                cookies: std::mem::take(&mut self.cookies),
                body: self.sent.body(&self.request.headers),
            },
            session: session(&calls),
            life: None,
            calls,
            calls_left_out: left_out,
            response: exchange::Response {
                status: self.status.as_u16(),
                location,
                set_cookies,
                body: self.answer.body(&self.response_headers),
            },
            panic: self.panic.take(),
            summary: Vec::new(),
        };
        exchange.life = life(&self.timeline, &exchange, now, absolute_until);
        exchange.summary = words::summary(&exchange);
        self.timeline.push_sent(What::Exchange(Box::new(exchange)), self.as_it_came());
    }
}

fn target(uri: &Uri) -> String {
    bounds::text(&mask_target(uri.path_and_query().map_or("", |target| target.as_str())))
}

fn cookies(timeline: &Timeline, headers: &HeaderMap) -> Vec<Cookie> {
    let cookie = |pair: &str| {
        let (name, value) = pair.trim().split_once('=')?;
        let label = timeline.label(value);
        let set = timeline.set(value).map(|set| attributes(&format!("{name}=; {}", set.attributes)));
        Some(Cookie {
            name: bounds::text(name),
            label,
            value: bounds::text(value),
            attributes: set.unwrap_or_default(),
        })
    };
    let headers: Vec<_> = headers.get_all(COOKIE).iter().map(|header| lossy(header.as_bytes())).collect();
    headers.iter().flat_map(|header| header.split(';')).filter_map(cookie).take(bounds::ITEMS).collect()
}

fn set_cookies(timeline: &Timeline, headers: &HeaderMap, now: i64) -> Vec<SetCookie> {
    let headers = headers.get_all(SET_COOKIE).iter().take(bounds::ITEMS);
    headers.map(|header| set_cookie(timeline, &lossy(header.as_bytes()), now)).collect()
}

fn set_cookie(timeline: &Timeline, header: &str, now: i64) -> SetCookie {
    let (pair, sent) = header.split_once(';').unwrap_or((header, ""));
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let label = if value.is_empty() { String::new() } else { timeline.label(value) };
    timeline.note_set(value, Set { attributes: bounds::attributes(sent.trim()), until: until(header, now) });
    SetCookie {
        name: bounds::text(name.trim()),
        label,
        value: bounds::text(value),
        sent: bounds::text(sent.trim()),
        attributes: attributes(header),
    }
}

/// Returns the time when a browser deletes the cookie. The app's dates are read as dates on the inspector's clock.
fn until(header: &str, now: i64) -> Option<i64> {
    let cookie = cookie::Cookie::parse(header).ok()?;
    let by_age = cookie.max_age().map(|age| now.saturating_add(age.whole_seconds().saturating_mul(1000)));
    by_age.or_else(|| cookie.expires_datetime().map(clock::milliseconds))
}

fn attributes(header: &str) -> Vec<Attribute> {
    cookie::Cookie::parse(header).map(|cookie| words::attributes(&cookie)).unwrap_or_default()
}

/// Returns the last call that wrote or found the session, if the session still exists at the end.
fn last_call(calls: &[StoreCall]) -> Option<&StoreCall> {
    calls.iter().fold(None, |last, call| match (&call.operation, &call.outcome) {
        (Operation::Delete, Outcome::Done) | (Operation::Load, Outcome::Missing | Outcome::Expired) => None,
        (_, Outcome::Data(_)) => Some(call),
        _ => last,
    })
}

fn life(timeline: &Timeline, exchange: &Exchange, at: i64, absolute_until: Option<i64>) -> Option<Life> {
    let call = last_call(&exchange.calls)?;
    let sent = exchange.request.cookies.iter().map(|cookie| &cookie.value);
    let given = exchange.response.set_cookies.iter().map(|cookie| &cookie.value);
    // A signed value ends with the ID.
    let held = sent.chain(given).rfind(|value| value.ends_with(&call.id));
    let cookie_until = held.and_then(|value| timeline.set(value)).and_then(|set| set.until);
    Some(Life { label: call.label.clone(), at, record_until: call.until?, cookie_until, absolute_until })
}

/// Returns the data before and after, as the store calls show it.
fn session(calls: &[StoreCall]) -> Session {
    let found = |call: &StoreCall| match (&call.operation, &call.outcome) {
        (Operation::Load, Outcome::Data(data)) => Some(data.clone()),
        _ => None,
    };
    let before = calls.iter().find_map(found);
    let after = last_call(calls).and_then(|call| match &call.outcome {
        Outcome::Data(data) => Some(data.clone()),
        _ => None,
    });
    let changes = changes(before.as_ref().unwrap_or(&BTreeMap::new()), after.as_ref().unwrap_or(&BTreeMap::new()));
    Session { before, after, changes }
}

fn changes(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) -> Vec<Change> {
    let mut keys: Vec<_> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    let change =
        |key: &String| Change { key: key.clone(), before: before.get(key).cloned(), after: after.get(key).cloned() };
    keys.into_iter().map(change).filter(|change| change.before != change.after).collect()
}

fn message(panic: Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
