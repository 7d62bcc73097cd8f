//! A new session ID every so often, without losing the requests that are under way.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, header::COOKIE},
    middleware::Next,
    response::{IntoResponse, Response},
};
use lesson_page::Failure;
use session_inspector::Clock;
use time::{Duration, OffsetDateTime};
use tower_sessions::Session;

use crate::request::cookies;

/// When the ID was last renewed, in seconds since 1970.
const KEY: &str = "renewed";

// ANCHOR: renewal
/// Renews IDs. Clones share what they renewed.
#[derive(Clone, Debug)]
pub struct Renewal {
    every: Duration,
    /// For how long the old ID still leads to the session.
    grace: Duration,
    /// The name of the session cookie.
    cookie: &'static str,
    old: Arc<Mutex<Old>>,
}

/// Old IDs, each with its successor, as soon as there is one, and the end of its grace.
type Old = HashMap<String, (Option<String>, OffsetDateTime)>;

impl Renewal {
    /// A new ID after `every`; the old one is good for another `grace`.
    pub fn new(cookie: &'static str, every: Duration, grace: Duration) -> Self {
        Self { every, grace, cookie, old: Arc::default() }
    }

    /// Inside of the session layer: renews the ID when it is time. For `from_fn_with_state`.
    pub async fn renew(
        State(renewal): State<Self>,
        session: Session,
        clock: Clock,
        request: Request,
        next: Next,
    ) -> Result<Response, Failure> {
        let response = next.run(request).await.into_response();
        // A response with 5xx brings no cookie, so its browser would never learn the new ID.
        if response.status().is_server_error() || session.is_empty().await {
            return Ok(response);
        }
        let now = clock.now().unix_timestamp();
        match session.get::<i64>(KEY).await? {
            Some(renewed) if now - renewed < renewal.every.whole_seconds() => {}
            None => session.insert(KEY, now).await?,
            Some(_) => {
                let Some(old) = session.id().map(|id| id.to_string()).filter(|old| renewal.claims(old, clock.now()))
                else {
                    return Ok(response); // another request of hers is renewing it
                };
                session.cycle_id().await?;
                session.insert(KEY, now).await?;
                session.save().await?; // before that it has no ID
                renewal.follows(&old, session.id().map(|id| id.to_string()));
            }
        }
        Ok(response)
    }

    /// Outside of the session layer: a request that was on its way with the old ID finds the session under the new
    /// one. For `from_fn_with_state`.
    pub async fn follow(State(renewal): State<Self>, clock: Clock, mut request: Request, next: Next) -> Response {
        if let Some(cookies) = renewal.renewed(request.headers(), clock.now()) {
            request.headers_mut().insert(COOKIE, cookies);
        }
        next.run(request).await
    }
    // ANCHOR_END: renewal

    /// The cookies, with the ID's successor in the place of an old ID.
    fn renewed(&self, headers: &HeaderMap, now: OffsetDateTime) -> Option<HeaderValue> {
        let mut cookies: Vec<_> = cookies(headers).collect();
        let session = cookies.iter_mut().find(|cookie| cookie.name() == self.cookie)?;
        session.set_value(self.successor(session.value(), now)?);
        let pairs: Vec<_> = cookies.iter().map(|cookie| format!("{}={}", cookie.name(), cookie.value())).collect();
        HeaderValue::from_str(&pairs.join("; ")).ok()
    }

    /// Whether this request is the one to renew the ID: of several at the same time only the first is.
    fn claims(&self, old: &str, now: OffsetDateTime) -> bool {
        let mut all = self.all();
        all.retain(|_, (_, end)| *end > now);
        all.insert(old.to_owned(), (None, now + self.grace)).is_none()
    }

    fn follows(&self, old: &str, new: Option<String>) {
        if let Some((successor, _)) = self.all().get_mut(old) {
            *successor = new;
        }
    }

    fn successor(&self, id: &str, now: OffsetDateTime) -> Option<String> {
        self.all().get(id).filter(|(_, end)| *end > now).and_then(|(new, _)| new.clone())
    }

    fn all(&self) -> MutexGuard<'_, Old> {
        self.old.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
