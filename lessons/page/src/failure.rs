//! Why a page could not be given.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tower_sessions::session;

/// What a handler of a lesson fails with: a status and a sentence, never a panic.
#[derive(Debug)]
pub enum Failure {
    /// The session store did not answer, or its record does not have the shape that was asked for: 503.
    Session(session::Error),
    /// The page could not be made: 500.
    Template(minijinja::Error),
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, sentence) = match self {
            Self::Session(error) => {
                (StatusCode::SERVICE_UNAVAILABLE, format!("the session store did not answer: {error}"))
            }
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
