//! Answers that say nothing of the app's sessions.

use axum::response::Response;

/// An answer with this among its extensions stays off the timeline, and so does its request: a page about the app, and
/// not of it.
#[derive(Clone, Copy, Debug)]
pub struct Unwatched;

impl Unwatched {
    /// The same answer with the mark, for [`axum::middleware::map_response`].
    pub async fn mark(mut response: Response) -> Response {
        response.extensions_mut().insert(Self);
        response
    }
}
