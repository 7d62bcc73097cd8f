//! A request, as the monitor sees it.

use std::{
    convert::Infallible,
    fmt,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, Method, header::COOKIE, request::Parts},
    middleware::Next,
    response::Response,
};
use cookie::Cookie;
use lesson_4::{defence::throttle::network, request::Client};
use lesson_page::RequestId;
use serde::{Deserialize, Serialize};
use session_inspector::Clock;
use sha2::{Digest, Sha256};
use tower_http::csrf::ProtectionError;
use tracing::Instrument;

use super::{
    Monitor,
    event::{Alarm, Event, Refusal},
};
use crate::COOKIE as SESSION_COOKIE;

tokio::task_local! {
    static CURRENT: Visit;
}

// ANCHOR: name
/// The name of a session in the log: the beginning of a hash of its ID. An ID has 128 random bits, so nobody can guess
/// it from the hash. Every instance gives a session the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Name(u64);

impl Name {
    pub(super) fn of(id: &str) -> Self {
        let hash = Sha256::new().chain_update(b"the name of a session in a log").chain_update(id).finalize();
        let mut first = [0; 8];
        first.copy_from_slice(&hash[..8]);
        Self(u64::from_be_bytes(first))
    }
}
// ANCHOR_END: name

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The approximate origin of a request, with enough detail that its sender recognizes it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Place {
    /// An IPv4 address, or the network of an IPv6 address.
    pub(super) network: String,
    /// The kind of browser and system, such as `Firefox on Linux`.
    pub(super) browser: String,
}

impl Place {
    fn of(Client { address, agent }: &Client) -> Self {
        let network = match network(*address) {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(network) => format!("{network}/64"),
        };
        Self { network, browser: browser(agent) }
    }

    /// Whether both the network and the browser differ. Only one of them changes on a train, or with an update.
    pub(super) fn is_elsewhere(&self, other: &Self) -> bool {
        self.network != other.network && self.browser != other.browser
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.browser, self.network)
    }
}

/// Returns the kind of browser, from a fixed list of words, because a log must not contain text from strangers.
fn browser(agent: &str) -> String {
    let first = |names: &[(&str, &'static str)], other| {
        names.iter().find(|(part, _)| agent.contains(part)).map_or(other, |(_, name)| *name)
    };
    // Most browsers also name Safari, and most of these also name Chrome, so the order matters.
    let browsers =
        [("Firefox/", "Firefox"), ("Edg/", "Edge"), ("OPR/", "Opera"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iOS"),
        ("iPad", "iOS"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ];
    format!("{} on {}", first(&browsers, "another browser"), first(&systems, "another system"))
}

/// A request, with the results of its store calls. Clones share the results.
#[derive(Clone, Debug, Default)]
pub(super) struct Visit {
    pub(super) clock: Clock,
    pub(super) place: Place,
    missed: Arc<Mutex<Option<Name>>>,
}

impl Visit {
    fn of(parts: &Parts) -> Self {
        let clock = parts.extensions.get::<Clock>().cloned().unwrap_or_default();
        Self { clock, place: Place::of(&Client::of(parts)), missed: Arc::default() }
    }

    /// Returns the visit that this task answers.
    pub(super) fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// Notes that the store has no session with this name.
    pub(super) fn misses(&self, name: Name) {
        *self.missed() = Some(name);
    }

    fn missed(&self) -> MutexGuard<'_, Option<Name>> {
        self.missed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::current().unwrap_or_else(|| Self::of(parts)))
    }
}

/// Returns the method, from a fixed list of words. HTTP allows any word as a method, so a stranger could write into the
/// log.
fn method(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];
    known.into_iter().find(|known| *known == method.as_str()).unwrap_or("another")
}

// ANCHOR: watch
/// The outermost layer. It opens a span of the log for each request, and raises the alarms that need no account.
pub(crate) async fn watch(State(monitor): State<Monitor>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let visit = Visit::of(&parts);
    // The route and not the path, which may have a secret. The session's name and not its ID.
    let route = parts.extensions.get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let sent = session_cookies(&parts.headers);
    let session = sent.id.as_deref().map(|id| tracing::field::display(Name::of(id)));
    let method = method(&parts.method);
    let span = tracing::info_span!("request", id = %RequestId::current(), %method, route, session);
    let answering = CURRENT.scope(visit.clone(), next.run(Request::from_parts(parts, body)));
    let response = answering.instrument(span.clone()).await;
    span.in_scope(|| {
        tracing::info!(status = response.status().as_u16(), "answered");
    });
    // The origin check of every topic leaves its error in the answer.
    let is_foreign = response.extensions().get::<ProtectionError>().is_some();
    notice(&monitor, &visit, &sent, is_foreign).instrument(span).await;
    response
}
// ANCHOR_END: watch

async fn notice(monitor: &Monitor, visit: &Visit, sent: &SessionCookies, is_foreign: bool) {
    let (place, now) = (&visit.place, visit.clock.now());
    if is_foreign {
        monitor.tell(Event::Refused(Refusal::ForeignForm), None, place, now);
        monitor.raise(Alarm::ForeignForm, None, place, now).await;
    }
    if sent.are_tossed {
        monitor.raise(Alarm::TossedCookie, None, place, now).await;
    }
    let missed = *visit.missed();
    let Some(missed) = missed else { return };
    match monitor.0.sessions.ended_before(missed, now) {
        Some(account) => monitor.raise(Alarm::EndedSession, account.as_deref(), place, now).await,
        None => {
            if monitor.0.alarms.unknown_id(&place.network, now).await {
                monitor.raise(Alarm::UnknownIds, None, place, now).await;
            }
        }
    }
}

/// The session cookies of a request.
struct SessionCookies {
    id: Option<String>,
    /// Whether there are two session cookies, or one whose name is right only after decoding.
    are_tossed: bool,
}

fn session_cookies(headers: &HeaderMap) -> SessionCookies {
    let lines = || headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let is_ours = |cookie: &Cookie| cookie.name() == SESSION_COOKIE;
    let raw: Vec<_> = lines().flat_map(Cookie::split_parse).flatten().filter(is_ours).collect();
    let decoded = lines().flat_map(Cookie::split_parse_encoded).flatten().filter(is_ours).count();
    SessionCookies {
        id: raw.first().map(|cookie| cookie.value().to_owned()),
        are_tossed: decoded > 1 || raw.len() != decoded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_that_nobody_knows_is_no_word_in_the_log() {
        for (sent, logged) in
            [("GET", "GET"), ("DELETE", "DELETE"), ("ALICE-LOGGED-OUT", "another"), ("get", "another")]
        {
            assert_eq!(method(&sent.parse().unwrap()), logged);
        }
    }

    #[test]
    fn a_rough_browser_has_no_word_of_the_stranger_in_it() {
        for (agent, rough) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
                "Edge on Windows",
            ),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iOS"),
            ("<script>\n2026 alice logged out", "another browser on another system"),
            ("", "another browser on another system"),
        ] {
            assert_eq!(browser(agent), rough);
        }
    }
}
