//! The middleware that sees a request come and its response go.

use std::{
    any::Any,
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
};

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
use tower_sessions::session::Id;

use crate::{
    Attribute, Change, Cookie, Exchange, Inspector, Operation, Outcome, Session, SetCookie, StoreCall, What,
    body::{Tap, mask_form},
    bounds, exchange,
    timeline::Timeline,
    words,
};

type Calls = Arc<Mutex<Noted>>;

/// The calls of one exchange: the first ones, and the last.
#[derive(Debug, Default)]
struct Noted {
    calls: Vec<StoreCall>,
    left_out: u64,
}

impl Noted {
    fn push(&mut self, call: StoreCall) {
        if self.calls.len() == bounds::ITEMS {
            self.calls.pop();
            self.left_out += 1;
        }
        self.calls.push(call);
    }
}

tokio::task_local! {
    /// The calls of the exchange that this task is answering.
    static CALLS: Calls;
}

/// Writes a store call down: with the exchange it belongs to, or on its own.
pub(crate) fn note(timeline: &Timeline, operation: Operation, id: Id, outcome: Outcome) {
    let id = id.to_string();
    let label = match operation {
        // `cycle_id` deletes also the ID of a session that was never stored: nobody has seen that one.
        Operation::Delete => timeline.known_label(&id).unwrap_or_default(),
        _ => timeline.label(&id),
    };
    let known = timeline.knows(&id, operation, &outcome);
    let call = StoreCall { operation, label, id, known, outcome };
    let noted = CALLS.try_with(|calls| locked(calls).push(call.clone()));
    if noted.is_err() {
        timeline.push(What::Call(call));
    }
}

pub(crate) async fn watch(State(inspector): State<Inspector>, mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(inspector.clock.clone());
    let sent = Tap::default();
    let request = request.map(|body| sent.listen(body, ()));
    let mut seen = Seen::new(inspector.timeline, &request, sent);

    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    let response = match CALLS.scope(seen.calls.clone(), answer).await {
        Ok(response) => response,
        Err(panic) => {
            let message = message(panic);
            seen.panic = Some(bounds::text(&message));
            (StatusCode::INTERNAL_SERVER_ERROR, format!("the handler panicked: {message}")).into_response()
        }
    };
    seen.answered(&response);
    let answer = seen.answer.clone();
    response.map(|body| answer.listen(body, seen))
}

/// An exchange under way. It goes onto the timeline when it is dropped: with the end of the response
/// body, or when the client gives up.
struct Seen {
    timeline: Arc<Timeline>,
    method: String,
    target: String,
    cookies: Vec<Cookie>,
    request_headers: HeaderMap,
    sent: Tap,
    calls: Calls,
    status: StatusCode,
    response_headers: HeaderMap,
    answer: Tap,
    panic: Option<String>,
}

impl Seen {
    fn new(timeline: Arc<Timeline>, request: &Request<Body>, sent: Tap) -> Self {
        Self {
            method: bounds::text(request.method().as_str()),
            target: target(request.uri()),
            cookies: cookies(&timeline, request.headers()),
            request_headers: request.headers().clone(),
            sent,
            calls: Calls::default(),
            // What a server logs for a client that left before its answer (nginx's 499).
            status: StatusCode::from_u16(499).unwrap_or_default(),
            response_headers: HeaderMap::new(),
            answer: Tap::default(),
            panic: None,
            timeline,
        }
    }

    fn answered(&mut self, response: &Response) {
        self.status = response.status();
        self.response_headers = response.headers().clone();
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        let Noted { calls, left_out } = std::mem::take(&mut *locked(&self.calls));
        let location = self.response_headers.get(LOCATION).map(|location| bounds::text(&lossy(location.as_bytes())));
        let mut exchange = Exchange {
            request: exchange::Request {
                method: std::mem::take(&mut self.method),
                target: std::mem::take(&mut self.target),
                cookies: std::mem::take(&mut self.cookies),
                body: self.sent.body(&self.request_headers),
            },
            session: session(&calls),
            calls,
            calls_left_out: left_out,
            response: exchange::Response {
                status: self.status.as_u16(),
                location,
                set_cookies: set_cookies(&self.timeline, &self.response_headers),
                body: self.answer.body(&self.response_headers),
            },
            panic: self.panic.take(),
            summary: Vec::new(),
        };
        exchange.summary = words::summary(&exchange);
        self.timeline.push(What::Exchange(Box::new(exchange)));
    }
}

fn target(uri: &Uri) -> String {
    match uri.query() {
        Some(query) => bounds::text(&format!("{}?{}", uri.path(), mask_form(query))),
        None => bounds::text(uri.path()),
    }
}

fn cookies(timeline: &Timeline, headers: &HeaderMap) -> Vec<Cookie> {
    let cookie = |pair: &str| {
        let (name, value) = pair.trim().split_once('=')?;
        Some(Cookie { name: bounds::text(name), label: timeline.label(value), value: bounds::text(value) })
    };
    let headers: Vec<_> = headers.get_all(COOKIE).iter().map(|header| lossy(header.as_bytes())).collect();
    headers.iter().flat_map(|header| header.split(';')).filter_map(cookie).take(bounds::ITEMS).collect()
}

fn set_cookies(timeline: &Timeline, headers: &HeaderMap) -> Vec<SetCookie> {
    let set_cookie = |header: String| {
        let (pair, sent) = header.split_once(';').unwrap_or((&header, ""));
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        SetCookie {
            name: bounds::text(name.trim()),
            label: if value.is_empty() { String::new() } else { timeline.label(value) },
            value: bounds::text(value),
            sent: bounds::text(sent.trim()),
            attributes: attributes(&header),
        }
    };
    let headers = headers.get_all(SET_COOKIE).iter().take(bounds::ITEMS);
    headers.map(|header| set_cookie(lossy(header.as_bytes()))).collect()
}

fn attributes(header: &str) -> Vec<Attribute> {
    cookie::Cookie::parse(header).map(|cookie| words::attributes(&cookie)).unwrap_or_default()
}

/// What the store's answers say of the data before and after.
fn session(calls: &[StoreCall]) -> Session {
    let found = |call: &StoreCall| match (&call.operation, &call.outcome) {
        (Operation::Load, Outcome::Data(data)) => Some(data.clone()),
        _ => None,
    };
    let before = calls.iter().find_map(found);
    let after = calls.iter().fold(None, |after, call| match (&call.operation, &call.outcome) {
        (Operation::Delete, Outcome::Done) | (Operation::Load, Outcome::Missing | Outcome::Expired) => None,
        (_, Outcome::Data(data)) => Some(data.clone()),
        _ => after,
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

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn locked(calls: &Calls) -> std::sync::MutexGuard<'_, Noted> {
    calls.lock().unwrap_or_else(PoisonError::into_inner)
}
