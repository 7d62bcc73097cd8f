//! Limits the size of a request to the studio's own host, and the time that it may take to arrive.
//! [`loopback_serve::Limits`] limits its headers, as for every part.

use std::time::Duration;

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::time::timeout;

/// The maximum size in bytes. A file of an answer has a few kilobytes.
const SIZE: usize = 1024 * 1024;
/// The maximum time from the first byte to the last. There is no network in between.
const TIME: Duration = Duration::from_secs(10);

/// Passes a request on when all of it has arrived, or refuses it with a sentence.
pub(super) async fn whole_body(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match timeout(TIME, to_bytes(body, SIZE)).await {
        Ok(Ok(whole)) => next.run(Request::from_parts(parts, Body::from(whole))).await,
        Ok(Err(_)) => (StatusCode::PAYLOAD_TOO_LARGE, "A request to the studio has at most 1 MiB.\n").into_response(),
        Err(_) => (StatusCode::REQUEST_TIMEOUT, "The rest of the request did not arrive.\n").into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, middleware::from_fn, routing::post};
    use futures_util::stream;
    use tower::ServiceExt;

    use super::*;

    async fn status(body: Body) -> StatusCode {
        let app = Router::new().route("/", post(async |body: String| body)).layer(from_fn(whole_body));
        app.oneshot(Request::post("/").body(body).unwrap()).await.unwrap().status()
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_too_long_or_does_not_end_is_refused() {
        assert_eq!(status(Body::from(vec![b'a'; SIZE])).await, StatusCode::OK);
        assert_eq!(status(Body::from(vec![b'a'; SIZE + 1])).await, StatusCode::PAYLOAD_TOO_LARGE);
        // One byte each second, which a limit on pauses would not notice.
        let drops = stream::unfold((), async |()| {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Some((Ok::<_, std::io::Error>("a"), ()))
        });
        let begun = tokio::time::Instant::now();
        assert_eq!(status(Body::from_stream(drops)).await, StatusCode::REQUEST_TIMEOUT);
        assert_eq!(begun.elapsed(), TIME);
    }
}
