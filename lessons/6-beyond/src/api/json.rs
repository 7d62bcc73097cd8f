//! JSON in both directions. axum's own refusals are not JSON, and name types and fields of the program.

use axum::{
    extract::{FromRequest, Request, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

/// A body that [`axum::Json`] reads and writes. It refuses a `Content-Type` that is not JSON.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let read = axum::Json::from_request(request, state).await;
        let axum::Json(value) = read.map_err(|reason| {
            let sentence = match reason {
                JsonRejection::MissingJsonContentType(_) => {
                    "The Content-Type has to be application/json, or a type such as application/example+json."
                }
                JsonRejection::JsonDataError(_) => "This JSON does not have the fields that it should have.",
                JsonRejection::JsonSyntaxError(_) => "This is not JSON.",
                _ => "The request is too long, or broke off.",
            };
            refused(reason.status(), sentence)
        })?;
        Ok(Self(value))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// Makes a refusal, with a status for the script and a sentence for a person.
pub(super) fn refused(status: StatusCode, sentence: &str) -> Response {
    (status, axum::Json(json!({ "error": sentence }))).into_response()
}
