//! Gives a session a new ID, at regular intervals and whenever it gains rights.

use axum::{
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use session_inspector::Clock;
use time::Duration;
use tower_sessions::{
    Session,
    session::{Error, Record},
};

use crate::{
    marker::GRACE,
    scope::{Change, with},
};

/// The time when the session got its ID, and the time when a browser first sent that ID.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Renewed {
    /// Seconds since 1970.
    at: i64,
    /// The first request with this ID, in seconds since 1970, or `None` as long as the answer with the cookie may have
    /// been lost. If no old ID leads here, it equals `at`, because nothing depends on it.
    confirmed: Option<i64>,
}

impl Renewed {
    const KEY: &str = "renewed";

    /// Whether older IDs still lead to this session. They do until [`GRACE`] after a browser has first sent the new
    /// one.
    pub(crate) fn still_leads(record: &Record) -> bool {
        let renewed = record.data.get(Self::KEY).cloned().and_then(|value| serde_json::from_value(value).ok());
        let Some(Self { confirmed: Some(confirmed), .. }) = renewed else { return true };
        now().is_none_or(|now| now - confirmed < GRACE.whole_seconds())
    }

    async fn of(session: &Session) -> Result<Option<Self>, Error> {
        Ok(session.get_value(Self::KEY).await?.and_then(|value| serde_json::from_value(value).ok()))
    }
}

/// Seconds since 1970, on the clock of the request.
fn now() -> Option<i64> {
    with(|state| state.clock.now().unix_timestamp())
}

/// Gives the session a new ID. The old ID leads to the session until thirty seconds after the first request with the
/// new one. So requests that are running are served, and a browser that never received the new ID still has a valid
/// one.
///
/// Saves the session, too. In a request without [`guard`](crate::guard()), the old ID ends at once.
///
/// # Errors
/// The store failed, or another request has changed the session in the meantime. The session then keeps its old ID.
pub async fn renew_id(session: &Session) -> Result<(), Error> {
    change_id(session, true).await
}

/// Gives the session a new ID and ends the old one, because holders of the old ID must not get the session's new
/// rights. Call it at a login, after a change of the password, and whenever a session gains rights.
///
/// Requests that are still running with the old ID get no cookie, and their writes are refused.
///
/// # Errors
/// As for [`renew_id`].
pub async fn replace_id(session: &Session) -> Result<(), Error> {
    change_id(session, false).await
}

async fn change_id(session: &Session, leads_on: bool) -> Result<(), Error> {
    let renewed = Renewed::of(session).await?; // loads the session, whose ID the store may not know
    let id = session.id();
    with(|state| {
        let old = id.map(|id| state.led_to.get(&id).copied().unwrap_or(id));
        state.change = Some(Change { old, leads_on });
    });
    if let Some(at) = now().filter(|_| leads_on || renewed.is_some()) {
        session.insert(Renewed::KEY, Renewed { at, confirmed: (!leads_on).then_some(at) }).await?;
    }
    if id.is_some() {
        session.cycle_id().await?;
    }
    session.save().await
}

// ANCHOR: renewal
/// Renews IDs at regular intervals, so that a copied ID becomes useless.
#[derive(Clone, Copy, Debug)]
pub struct Renewal {
    every: Duration,
}

impl Renewal {
    /// Creates a renewal that changes an ID when it is older than `every`.
    pub fn new(every: Duration) -> Self {
        Self { every }
    }

    /// Renews the ID when it is due. Use it with `from_fn_with_state`, inside the session layer.
    ///
    /// It renews before the handler begins. If another request is faster, this one can simply start again.
    pub async fn renew(
        State(renewal): State<Self>,
        session: Session,
        clock: Clock,
        request: Request,
        next: Next,
    ) -> Response {
        with(|state| state.may_run_again = true);
        if renewal.renew_if_due(&session, &clock).await.is_err() {
            // `guard` turns the noted failure into an answer.
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
        with(|state| state.may_run_again = false);
        let response = next.run(request).await;
        begin(&session, &clock).await;
        carry_the_cookie(response)
    }

    async fn renew_if_due(&self, session: &Session, clock: &Clock) -> Result<(), Error> {
        if session.id().is_none() {
            return Ok(());
        }
        let Some(renewed) = Renewed::of(session).await? else { return Ok(()) };
        let age = Duration::seconds(clock.now().unix_timestamp() - renewed.at);
        let follows = session.id().is_some_and(|id| with(|state| state.led_to.contains_key(&id)).unwrap_or_default());
        // ANCHOR: due
        match renewed.confirmed {
            // The first request with this ID: the browser has it.
            None if !follows => {
                let confirmed = Some(clock.now().unix_timestamp());
                session.insert(Renewed::KEY, Renewed { confirmed, ..renewed }).await
            }
            // No request has had the new ID, so the answer with it was lost.
            None if age >= GRACE => renew_id(session).await,
            Some(_) if age >= self.every && !follows => renew_id(session).await,
            _ => Ok(()),
        }
        // ANCHOR_END: due
    }
}
// ANCHOR_END: renewal

/// The real status of an answer that passes the session layer as a success.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RealStatus(pub(crate) StatusCode);

/// tower-sessions adds no cookie to an answer with 5xx. After a change of the ID, the browser would then keep an ID
/// that has ended. So such an answer passes the session layer as 200, and [`guard`](crate::guard()) restores its
/// status.
fn carry_the_cookie(mut response: Response) -> Response {
    let has_new_id = with(|state| state.has_created).unwrap_or_default();
    if has_new_id && response.status().is_server_error() {
        let status = std::mem::replace(response.status_mut(), StatusCode::OK);
        response.extensions_mut().insert(RealStatus(status));
    }
    response
}

/// Notes in a new session that its first ID begins now.
async fn begin(session: &Session, clock: &Clock) {
    if session.is_empty().await || !session.is_modified() {
        return;
    }
    if let Ok(None) = Renewed::of(session).await {
        let at = clock.now().unix_timestamp();
        // The session is in memory already: to insert into it does not ask the store.
        let _ = session.insert(Renewed::KEY, Renewed { at, confirmed: Some(at) }).await;
    }
}
