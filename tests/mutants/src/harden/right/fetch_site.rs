//! The cookie goes anywhere; the door asks where a request comes from.

use axum::{
    Router,
    extract::Request,
    http::{Method, StatusCode},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use tower_sessions::{SessionStore, cookie::SameSite};

use crate::harden::Parts;

pub(in crate::harden) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Parts { same_site: SameSite::None, ..Parts::default() }.on(store).layer(from_fn(door))
}

async fn door(request: Request, next: Next) -> Response {
    let is_ours = request.headers().get("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none");
    if is_ours || matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    (StatusCode::FORBIDDEN, "This form stood on another site.").into_response()
}
