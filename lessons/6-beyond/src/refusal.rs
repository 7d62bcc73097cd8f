//! Sentences for refusals without one: an address that does not exist, a wrong method, a form of another site.

use axum::{
    body::{Body, HttpBody},
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_LENGTH, CONTENT_TYPE},
    },
    response::Response,
};

/// Adds a sentence to an empty refusal.
pub(crate) async fn in_words(mut response: Response) -> Response {
    let sentence = match response.status() {
        StatusCode::FORBIDDEN => "This request did not come from a page of this site, so nothing was done.\n",
        StatusCode::NOT_FOUND => "There is nothing at this address.\n",
        StatusCode::METHOD_NOT_ALLOWED => {
            "This address does not accept this kind of request, so nothing was done. It may belong to a form.\n"
        }
        _ => return response,
    };
    if response.body().size_hint().exact() == Some(0) {
        *response.body_mut() = Body::from(sentence);
        response.headers_mut().remove(CONTENT_LENGTH);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    }
    response
}
