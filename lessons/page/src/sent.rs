//! Extractors for forms, paths and query parameters. They answer an unreadable one with a sentence of ours, because
//! axum's own sentences name types and fields of the program.

use axum::{
    extract::{FromRequest, FromRequestParts, Request, rejection::FormRejection},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;

/// The sentence for a form that is too long.
pub const TOO_LONG: &str = "This form is too long, so nothing was done.\n";
/// The sentence for a form that did not arrive completely.
pub const BROKE_OFF: &str = "The request broke off, so nothing was done.\n";

/// A form, as [`axum::Form`] reads it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Form<T>(pub T);

/// A part of the path, as [`axum::extract::Path`] reads it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Path<T>(pub T);

/// The query parameters, as [`axum::extract::Query`] reads them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let read = axum::Form::from_request(request, state).await;
        let axum::Form(form) = read.map_err(|reason| {
            let status = reason.status();
            let sentence = match reason {
                _ if status == StatusCode::PAYLOAD_TOO_LARGE => TOO_LONG,
                FormRejection::BytesRejection(_) => BROKE_OFF,
                _ => "This form does not match the page, so nothing was done. Load the page again.\n",
            };
            (status, sentence).into_response()
        })?;
        Ok(Self(form))
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let read = axum::extract::Path::from_request_parts(parts, state).await;
        let axum::extract::Path(part) =
            read.map_err(|_| (StatusCode::NOT_FOUND, "There is nothing at this address.\n").into_response())?;
        Ok(Self(part))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let read = axum::extract::Query::from_request_parts(parts, state).await;
        let axum::extract::Query(parameters) = read.map_err(|_| {
            let sentence = "This page does not expect the parameters in this address, so nothing was done.\n";
            (StatusCode::BAD_REQUEST, sentence).into_response()
        })?;
        Ok(Self(parameters))
    }
}
