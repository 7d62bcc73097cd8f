//! A store that does not answer, told to the visitor.

use axum::{
    body::HttpBody,
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};

// ANCHOR: say
/// Gives a failed save a status and a sentence.
///
/// What a handler could not load or store it answers itself. But a session is saved after the handler, by
/// tower-sessions' layer, and that answers a save that fails with a bare 500: no word, and the wrong status. The
/// program is in order, it is the store that is away, for now.
pub(crate) async fn say(response: Response) -> Response {
    let bare = response.status() == StatusCode::INTERNAL_SERVER_ERROR && response.body().size_hint().exact() == Some(0);
    let mut response = if bare {
        let sentence = "the session could not be saved, so nothing was changed: please try again";
        (StatusCode::SERVICE_UNAVAILABLE, sentence).into_response()
    } else {
        response
    };
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
// ANCHOR_END: say
