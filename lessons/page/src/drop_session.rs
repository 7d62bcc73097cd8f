//! Lets a visitor delete a session that cannot be read.

use axum::{Router, http::HeaderMap, response::Redirect, routing::post};
use tower_sessions::{Session, session::Error, session_store::Error::Decode};

use crate::Failure;

/// The address to which the button of [`Failure`]'s page posts.
pub(crate) const PATH: &str = "/drop_session";

/// Returns a route: a POST to `/drop_session` ends a session that cannot be read, in the store and in the browser, and
/// redirects to `/`. Add it directly under `SessionManagerLayer`, because any other layer between them might read the
/// session.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route(PATH, post(drop_session))
}

// ANCHOR: drop
async fn drop_session(headers: HeaderMap, session: Session) -> Result<Redirect, Failure> {
    // A record that can be read may still hold what a handler cannot. Then it takes the button on a page of ours: no
    // form on another site ends a session that is in order.
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

/// Whether the browser says that a page of this same origin has sent it.
fn is_own(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin")
}
// ANCHOR_END: drop
