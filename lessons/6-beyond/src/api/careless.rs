//! The same API, written carelessly.

use axum::{
    Router,
    body::Bytes,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use lesson_page::Failure;
use tower_http::cors::CorsLayer;
use tower_sessions::Session;

use super::{
    account::Account,
    json::{Json, refused},
    me, place,
};

// ANCHOR: careless
/// The routes with three mistakes: any origin may read with the cookie, any body that parses as JSON is accepted, and a
/// stranger is redirected to a page.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/api-page/careless/me", get(me))
        .layer(CorsLayer::very_permissive())
        .route("/api-page/careless/order", post(order))
        .route("/api-page/careless/redirects", get(redirects))
}

async fn order(session: Session, body: Bytes) -> Result<Response, Failure> {
    match serde_json::from_slice(&body) {
        Ok(order) => place(&session, order).await, // with any Content-Type
        Err(_) => Ok(refused(StatusCode::BAD_REQUEST, "This is not JSON.")),
    }
}

async fn redirects(session: Session) -> Result<Response, Failure> {
    Ok(match Account::of(&session).await? {
        Some(account) => Json(account).into_response(),
        None => Redirect::to("/api-page").into_response(),
    })
}
// ANCHOR_END: careless
