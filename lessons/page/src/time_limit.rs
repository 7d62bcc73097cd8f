//! A limit on how long an answer may take.

use std::time::Duration;

use axum::{
    BoxError, Router,
    error_handling::HandleErrorLayer,
    http::{HeaderName, StatusCode, header::RETRY_AFTER},
};
use tower::{ServiceBuilder, timeout::TimeoutLayer};

/// So long an answer may take, and the reading of the form is a part of that.
pub const TIME_LIMIT: Duration = Duration::from_secs(10);

// ANCHOR: time_limit
/// `app`, whose answers take no longer than `limit`; then it is 503. What a handler has begun may be done or not,
/// because it is dropped wherever it waits, and that is what the visitor reads.
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
