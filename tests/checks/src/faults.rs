//! Routes that a demo has beside exercise 8. They make orders fail, and save rows as another program does.

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::post,
};

use crate::{Shop, shop::Fault};

/// After `POST /demo/orders/lost`, orders get lost on their way. With `unheard` they are placed, but the answers get
/// lost. With `late` they get no answer and arrive later. With `answered` all is well again. `POST
/// /demo/touches/{times}` saves a row right before each of the next saves.
pub fn faults(shop: Shop) -> Router {
    Router::new().route("/demo/orders/{fault}", post(fail)).route("/demo/touches/{times}", post(touch)).with_state(shop)
}

async fn fail(State(shop): State<Shop>, Path(fault): Path<String>) -> StatusCode {
    let fault = match fault.as_str() {
        "answered" => None,
        "lost" => Some(Fault::Lost),
        "unheard" => Some(Fault::Unheard),
        "late" => Some(Fault::Late),
        _ => return StatusCode::NOT_FOUND,
    };
    shop.orders.fail(fault);
    StatusCode::NO_CONTENT
}

async fn touch(State(shop): State<Shop>, Path(times): Path<u8>) -> StatusCode {
    shop.database.is_touched_before_saves(times.into());
    StatusCode::NO_CONTENT
}
