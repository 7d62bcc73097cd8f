//! A `__Host-` cookie with a removal that browsers obey; the login begins with a flush; 302; any method asks who it is.

use axum::{
    Extension, Form, Router,
    http::{
        StatusCode,
        header::{LOCATION, SET_COOKIE},
    },
    middleware::from_fn,
    response::{AppendHeaders, IntoResponse, Response},
    routing::{any, get, post},
};
use checks::Users;
use solution_6::{Credentials, Failure, USERNAME, shop::Shop};
use tower_sessions::{Session, SessionManagerLayer, SessionStore, cookie::SameSite};

use crate::harden::Parts;

pub(in crate::harden) fn app<S: SessionStore + Clone>(store: S) -> Router {
    let parts = Parts { login: post(login), logout: any(logout), index: get(solution_6::index), ..Parts::default() };
    let sessions = SessionManagerLayer::new(store).with_name("__Host-shop").with_same_site(SameSite::Strict);
    let shop = parts.routes().layer(sessions).layer(Extension(Shop::default()));
    shop.layer(from_fn(solution_6::own_pages_only))
}

fn to(path: &'static str) -> Response {
    (StatusCode::FOUND, [(LOCATION, path)]).into_response()
}

async fn login(
    session: Session,
    Extension(users): Extension<Users>,
    Form(Credentials { username, password }): Form<Credentials>,
) -> Result<Response, Failure> {
    if !users.verify(&username, &password) {
        return Ok(StatusCode::UNAUTHORIZED.into_response());
    }
    session.flush().await?;
    session.cycle_id().await?;
    session.insert(USERNAME, username).await?;
    Ok(to("http://localhost/"))
}

/// A GET asks for a page, and there is none here.
async fn logout(session: Session, method: axum::http::Method) -> Result<Response, Failure> {
    if method != axum::http::Method::POST {
        return Ok(to("/"));
    }
    if session.get_value(USERNAME).await?.is_none() {
        return Ok(to("/login")); // a request without a cookie, such as one from another site, removes none
    }
    session.flush().await?;
    let removal = "__Host-shop=; Path=/; Secure; HttpOnly; Max-Age=0";
    Ok((AppendHeaders([(SET_COOKIE, removal)]), to("/login")).into_response())
}
