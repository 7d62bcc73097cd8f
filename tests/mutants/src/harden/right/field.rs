//! The hidden field stays, and whoever changes it is refused.

use axum::{
    Extension, Form, Router,
    body::to_bytes,
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use solution_6::{Failure, USERNAME, shop::Shop};
use tower_sessions::{Session, SessionStore};

use super::escaped;
use crate::harden::Parts;

pub(in crate::harden) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Parts { index: get(index), buy: post(buy), ..Parts::default() }.on(store)
}

async fn index(session: Session, books: Extension<Shop>) -> Result<Response, Failure> {
    let own = session.get::<String>(USERNAME).await?.unwrap_or_default();
    let answer = solution_6::index(session, books).await?;
    if answer.status() != StatusCode::OK {
        return Ok(answer);
    }
    let page = to_bytes(answer.into_body(), usize::MAX).await.map_err(|_| Failure)?;
    let field = format!("action=\"/buy\"><input type=hidden name=username value=\"{}\">", escaped(&own));
    Ok(Html(String::from_utf8_lossy(&page).replace("action=\"/buy\">", &field)).into_response())
}

#[derive(Deserialize)]
struct Purchase {
    username: String,
    item: String,
}

async fn buy(
    session: Session,
    Extension(shop): Extension<Shop>,
    Form(Purchase { username, item }): Form<Purchase>,
) -> Result<Response, Failure> {
    if session.get::<String>(USERNAME).await?.as_ref() != Some(&username) {
        return Ok(StatusCode::FORBIDDEN.into_response());
    }
    shop.order(username, item);
    Ok(Redirect::to("/").into_response())
}
