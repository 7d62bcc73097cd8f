//! Each instance answers one request at a time, and still compares versions because of the others.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use tokio::sync::Mutex;
use tower_sessions::{SessionManagerLayer, SessionStore};

use super::super::Parts;

type Turn = Arc<Mutex<()>>;

pub(in super::super) fn app<S: SessionStore + Clone>(store: S) -> Router {
    let turns = from_fn_with_state(Turn::default(), one_at_a_time);
    Parts::default().routes().layer(turns).layer(SessionManagerLayer::new(store))
}

async fn one_at_a_time(State(turn): State<Turn>, request: Request, next: Next) -> Response {
    let _its_turn = turn.lock().await;
    next.run(request).await
}
