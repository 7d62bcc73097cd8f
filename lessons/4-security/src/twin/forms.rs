//! A form that was filled in here.

use axum::{
    Form,
    extract::{FromRequest, Request},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use lesson_page::Failure;
use serde::{Deserialize, de::DeserializeOwned};
use tower_sessions::Session;

use super::Twin;
use crate::defence::{Defence, csrf};

/// A form's fields, and the session's token among them if the twin asks for one.
#[derive(Deserialize)]
struct WithToken<T> {
    csrf: Option<String>,
    #[serde(flatten)]
    fields: T,
}

/// The fields of a form that brought what it must.
pub(crate) struct Filled<T>(pub(crate) T);

// ANCHOR: filled
impl<T: DeserializeOwned + Send> FromRequest<Twin> for Filled<T> {
    type Rejection = Response;

    async fn from_request(request: Request, twin: &Twin) -> Result<Self, Response> {
        let session = request.extensions().get::<Session>().cloned();
        let Form(WithToken { csrf, fields }) =
            Form::<WithToken<T>>::from_request(request, twin).await.map_err(IntoResponse::into_response)?;
        if twin.defences.has(Defence::CsrfToken) {
            let fits = match &session {
                Some(session) => csrf::fits(session, csrf.as_deref()).await,
                None => Ok(false),
            };
            if !fits.map_err(|error| Failure::from(error).into_response())? {
                let sentence = "This form is out of date, so nothing was done: go back, reload the page, try again.\n";
                return Err((StatusCode::FORBIDDEN, sentence).into_response());
            }
        }
        Ok(Self(fields))
    }
}
// ANCHOR_END: filled
