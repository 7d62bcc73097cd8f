//! The answer to a visitor whose session could not be saved.

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
/// A layer around `SessionManagerLayer` that gives a failed save a status and a sentence.
///
/// A handler reports its own failed loads and inserts. But tower-sessions' layer saves the session after the handler,
/// and answers a failed save with a bare 500: an empty page, and the wrong status. The program works, and only the
/// store is unavailable. The store may have saved the session before it failed.
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
