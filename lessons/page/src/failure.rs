//! Why a page could not be given.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tower_sessions::{session, session_store};

/// What a handler of a lesson fails with: a status and a sentence, never a panic.
#[derive(Debug)]
pub enum Failure {
    /// The session store did not answer, 503; or it did, with something that cannot be read, 500.
    Session(session::Error),
    /// The page could not be made: 500.
    Template(minijinja::Error),
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, sentence) = match self {
            Self::Session(session::Error::Store(session_store::Error::Backend(reason))) => {
                (StatusCode::SERVICE_UNAVAILABLE, format!("the session store did not answer: {reason}"))
            }
            Self::Session(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("the session cannot be read: {error}")),
            Self::Template(error) => {
                (StatusCode::INTERNAL_SERVER_ERROR, format!("the page could not be made: {error}"))
            }
        };
        (status, sentence).into_response()
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
