//! A mark for answers that are not about the app's sessions.

use axum::response::Response;

/// A mark for an answer that stays off the timeline, together with its request. It is for pages about the app that do
/// not belong to it.
#[derive(Clone, Copy, Debug)]
pub struct Unwatched;

impl Unwatched {
    /// Returns the answer with the mark, for [`axum::middleware::map_response`].
    pub async fn mark(mut response: Response) -> Response {
        response.extensions_mut().insert(Self);
        response
    }
}
