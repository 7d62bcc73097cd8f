//! A limit on how long an answer may take.

use std::time::Duration;

use axum::{
    BoxError, Router,
    error_handling::HandleErrorLayer,
    http::{HeaderName, StatusCode, header::RETRY_AFTER},
};
use tower::{ServiceBuilder, timeout::TimeoutLayer};

/// The time that an answer may take, including the time to read the form.
pub const TIME_LIMIT: Duration = Duration::from_secs(10);

// ANCHOR: time_limit
/// Limits the time that `app` may take for an answer. After `limit` the answer is 503. The handler is dropped at its
/// current `await`, so its work may or may not be done, and the sentence for the visitor says so.
///
/// It belongs outside the session layer, which waits for the store.
pub fn time_limit<S: Clone + Send + Sync + 'static>(app: Router<S>, limit: Duration) -> Router<S> {
    app.layer(ServiceBuilder::new().layer(HandleErrorLayer::new(too_long)).layer(TimeoutLayer::new(limit)))
}

async fn too_long(error: BoxError) -> (StatusCode, [(HeaderName, &'static str); 1], &'static str) {
    tracing::error!(%error, "a request was given up");
    let sentence = "This took too long, and it is not known whether it was carried out. Check before you try again.\n";
    (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "10")], sentence)
}
// ANCHOR_END: time_limit
