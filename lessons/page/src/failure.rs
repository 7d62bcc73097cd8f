//! The errors of handlers, and the pages that report them.
//!
//! A backend's error goes to the log, with the request's ID. The visitor gets a fixed sentence and that ID.

use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use tower_sessions::{
    session,
    session_store::Error::{Backend, Decode},
};

use crate::{drop_session, request_id::RequestId};

/// The sentence for a store that fails or does not answer in time. The store may have made the change before it failed,
/// so the sentence does not say that nothing was changed.
pub(crate) const UNKNOWN: &str = "Your session cannot be reached at the moment. If you have sent a form, it is not \
                                  known whether it was carried out: check before you try again.";

/// The error of a lesson's handlers. It becomes a status and a sentence, never a panic.
#[derive(Debug)]
pub enum Failure {
    /// The session store did not answer (503), or it returned a record that cannot be read (500). For a session that
    /// has changed or ended in the meantime, `session_guard::guard` answers instead.
    Session(session::Error),
    /// The page could not be rendered (500).
    Template(minijinja::Error),
}

// ANCHOR: failure
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let id = RequestId::current();
        tracing::error!(request = %id, error = %self.details(), "a page could not be served");
        let (status, sentence) = match self {
            Self::Session(session::Error::Store(Decode(_)) | session::Error::SerdeJson(_)) => return unreadable(id),
            Self::Session(session::Error::Store(Backend(_))) => (StatusCode::SERVICE_UNAVAILABLE, UNKNOWN),
            Self::Session(_) | Self::Template(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "This page cannot be shown, and the reason is in our log.")
            }
        };
        (status, format!("{sentence} (request {id})\n")).into_response()
    }
}
// ANCHOR_END: failure

// ANCHOR: unreadable
/// The page for a record that cannot be read. The next request could not read it either, so without this page the
/// visitor would have to delete the cookie by hand.
fn unreadable(id: RequestId) -> Response {
    let page = format!(
        "<!doctype html><html lang=\"en\"><title>Your session cannot be read</title><h1>Your session cannot be \
         read</h1><p>Your session data is damaged, or another version of this site has written it. You can continue \
         without it: you are then logged out, and the session data is gone.</p><form method=\"post\" \
         action=\"{}\"><button>Continue without it</button></form><p>If it happens again, tell us this number: request \
         {id}</p></html>\n",
        drop_session::PATH
    );
    (StatusCode::INTERNAL_SERVER_ERROR, Html(page)).into_response()
}
// ANCHOR_END: unreadable

impl Failure {
    /// The details for the log.
    fn details(&self) -> &dyn std::fmt::Display {
        match self {
            Self::Session(error) => error,
            Self::Template(error) => error,
        }
    }
}

impl From<session::Error> for Failure {
    fn from(error: session::Error) -> Self {
        Self::Session(error)
    }
}

impl From<minijinja::Error> for Failure {
    fn from(error: minijinja::Error) -> Self {
        Self::Template(error)
    }
}
