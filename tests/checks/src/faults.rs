//! What a demo has beside exercise 8: ways to let the next orders fail, and to save rows as another program does.

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::post,
};

use crate::{Shop, shop::Fault};

/// `POST /demo/orders/lost/{times}` lets the next orders get lost on their way; with `unheard` they are placed, and the
/// answer gets lost. `POST /demo/touches/{times}` saves a row right before each of the next saves.
pub fn faults(shop: Shop) -> Router {
    Router::new()
        .route("/demo/orders/{fault}/{times}", post(fail))
        .route("/demo/touches/{times}", post(touch))
        .with_state(shop)
}

async fn fail(State(shop): State<Shop>, Path((fault, times)): Path<(String, u8)>) -> StatusCode {
    let fault = match fault.as_str() {
        "lost" => Fault::Lost,
        "unheard" => Fault::Unheard,
        _ => return StatusCode::NOT_FOUND,
    };
    shop.orders.fail((0..times).map(|_| fault));
    StatusCode::NO_CONTENT
}

async fn touch(State(shop): State<Shop>, Path(times): Path<u8>) -> StatusCode {
    shop.database.is_touched_before_saves(times.into());
    StatusCode::NO_CONTENT
}
