//! The way out for a visitor whose session cannot be read.

use axum::{Router, response::Redirect, routing::post};
use tower_sessions::Session;

use crate::Failure;

/// Where the button of [`Failure`]'s page leads.
pub(crate) const PATH: &str = "/drop_session";

/// A POST to `/drop_session` ends the session, in the store and in the browser, and leads to `/`. It belongs directly
/// under `SessionManagerLayer`: any other layer between them may want to read the session.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route(PATH, post(drop_session))
}

async fn drop_session(session: Session) -> Result<Redirect, Failure> {
    session.flush().await?; // deletes the record without reading it
    Ok(Redirect::to("/"))
}
