//! The cookie goes anywhere; the door asks where a request comes from. Who is logged in needs no form to log in.

use axum::{
    Router,
    extract::Request,
    http::{Method, StatusCode},
    middleware::{Next, from_fn},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use solution_6::{Failure, USERNAME};
use tower_sessions::{Session, SessionStore, cookie::SameSite};

use crate::harden::Parts;

pub(in crate::harden) fn app<S: SessionStore + Clone>(store: S) -> Router {
    let parts =
        Parts { login_form: get(login_form), same_site: SameSite::None, asks_whence: false, ..Parts::default() };
    parts.on(store).layer(from_fn(door))
}

async fn login_form(session: Session) -> Result<Response, Failure> {
    match session.get_value(USERNAME).await? {
        Some(_) => Ok(Redirect::to("/").into_response()),
        None => Ok(solution_6::login_form().await?.into_response()),
    }
}

async fn door(request: Request, next: Next) -> Response {
    let is_ours = request.headers().get("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none");
    if is_ours || matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    (StatusCode::FORBIDDEN, "This form stood on another site.").into_response()
}
