//! Origin and Host have to agree, the cookie is strict, and a policy forbids scripts besides.

use axum::{
    Router,
    extract::Request,
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{CONTENT_SECURITY_POLICY, HOST, ORIGIN},
    },
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use tower_sessions::{SessionStore, cookie::SameSite};

use crate::harden::Parts;

pub(in crate::harden) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Parts { same_site: SameSite::Strict, asks_whence: false, ..Parts::default() }.on(store).layer(from_fn(look))
}

async fn look(request: Request, next: Next) -> Response {
    if request.method() == Method::POST && !agrees(request.headers()) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let mut response = next.run(request).await;
    let policy = HeaderValue::from_static("default-src 'none'; form-action 'self'; frame-ancestors 'none'");
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    response
}

fn agrees(headers: &HeaderMap) -> bool {
    let word = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let host = word(HOST).unwrap_or_default();
    word(ORIGIN).is_some_and(|origin| origin.split_once("://").is_some_and(|(_, origin)| origin == host))
}
