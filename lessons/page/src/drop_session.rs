//! Lets a visitor end a session whose record cannot be read.

use axum::{Router, http::HeaderMap, response::Redirect, routing::post};
use tower_sessions::{Session, session::Error, session_store::Error::Decode};

use crate::Failure;

/// The address to which the button on [`Failure`]'s page posts.
pub(crate) const PATH: &str = "/drop_session";

/// Returns a route: a POST to `/drop_session` ends a session that cannot be read, in the store and in the browser, and
/// redirects to `/`. Add it directly under `SessionManagerLayer`, because any other layer between them might read the
/// session.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route(PATH, post(drop_session))
}

// ANCHOR: drop
async fn drop_session(headers: HeaderMap, session: Session) -> Result<Redirect, Failure> {
    // A readable record may still hold a value that no handler can read. Then only the button on our own page ends the
    // session, so a form on another site cannot end an intact one.
    if is_damaged(&session).await? || is_own(&headers) {
        session.flush().await?; // deletes the record without reading it
    }
    Ok(Redirect::to("/"))
}

async fn is_damaged(session: &Session) -> Result<bool, Error> {
    match session.load().await {
        Err(Error::Store(Decode(_))) => Ok(true),
        loaded => loaded.map(|()| false),
    }
}

/// Whether the browser says that a page of this same origin sent the request.
fn is_own(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin")
}
// ANCHOR_END: drop
