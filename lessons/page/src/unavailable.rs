//! A session that could not be saved, told to the visitor.

use axum::{
    body::HttpBody,
    extract::Request,
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tracing::Instrument;

use crate::{failure::UNKNOWN, request_id::RequestId};

// ANCHOR: say
/// Gives a failed save a status and a sentence; a layer around `SessionManagerLayer`.
///
/// What a handler could not load or store it answers itself. But a session is saved after the handler, by
/// tower-sessions' layer, and that answers a save that fails with a bare 500: no word, and the wrong status. The
/// program is in order, it is the store that is away, for now. Whether it has saved before it went is not known.
pub async fn say(request: Request, next: Next) -> Response {
    let id = RequestId::new();
    // tower-sessions logs why a save failed; the span puts the request's ID before it.
    let answering = id.scope(next.run(request)).instrument(tracing::error_span!("request", %id));
    let mut response = answering.await;
    // ANCHOR: status
    if is_bare(&response) {
        response = (StatusCode::SERVICE_UNAVAILABLE, format!("{UNKNOWN} (request {id})\n")).into_response();
    }
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().entry(RETRY_AFTER).or_insert(HeaderValue::from_static("1"));
    }
    // ANCHOR_END: status
    response
}

fn is_bare(response: &Response) -> bool {
    response.status() == StatusCode::INTERNAL_SERVER_ERROR && response.body().size_hint().exact() == Some(0)
}
// ANCHOR_END: say
