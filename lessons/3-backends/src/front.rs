//! Before several copies of the app: each request goes to the next copy, as a load balancer does it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    body::Body,
    extract::{Path, Request, State},
    http::{StatusCode, Uri, uri::PathAndQuery},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use http_body_util::BodyExt;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use lesson_page::Failure;
use minijinja::{context, value::Serde};

use crate::{instance::Instances, page::PAGES};

/// The copies, and whose turn it is.
#[derive(Clone)]
struct Front {
    instances: Instances,
    turn: Arc<AtomicUsize>,
    client: Client<HttpConnector, Body>,
}

/// The front of these instances: everything goes to one of them, but `/_front`, its own page.
pub fn front(instances: Instances) -> Router {
    let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
    let front = Front { instances, turn: Arc::default(), client };
    Router::new()
        .route("/_front", get(page))
        .route("/_front/{number}/kill", post(kill))
        .route("/_front/{number}/start", post(start))
        .fallback(pass_on)
        .with_state(front)
}

// ANCHOR: pass_on
/// Sends the request to the next instance that takes it.
async fn pass_on(State(front): State<Front>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    // Whole, to have it again for another instance. The app's own forms are a few bytes.
    let Ok(body) = axum::body::to_bytes(body, 64 * 1024).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "no form here is longer than 64 KiB").into_response();
    };
    let ports = front.instances.ports();
    for _ in 0..ports.len() {
        let port = ports[front.turn.fetch_add(1, Ordering::Relaxed) % ports.len()];
        let mut parts = parts.clone();
        parts.uri = at(port, parts.uri.path_and_query());
        match front.client.request(Request::from_parts(parts, Body::from(body.clone()))).await {
            Ok(response) => return response.map(|body| Body::new(body.map_err(axum::Error::new))),
            // Nobody listens: the instance is gone and has seen nothing of the request, so the next one may have it.
            Err(error) if error.is_connect() => {}
            // It may have done what was asked; a second instance would do it again.
            Err(error) => return (StatusCode::BAD_GATEWAY, format!("the instance broke off: {error}")).into_response(),
        }
    }
    (StatusCode::SERVICE_UNAVAILABLE, "no instance is running; start one at /_front").into_response()
}
// ANCHOR_END: pass_on

fn at(port: u16, path: Option<&PathAndQuery>) -> Uri {
    let path = path.map_or("/", PathAndQuery::as_str);
    format!("http://127.0.0.1:{port}{path}").parse().unwrap_or_default()
}

async fn page(State(front): State<Front>) -> Result<Html<String>, Failure> {
    PAGES.render("front.html", context! { instances => Serde(front.instances.state().await) })
}

async fn kill(State(front): State<Front>, Path(number): Path<usize>) -> Response {
    match front.instances.kill(number).await {
        Ok(()) => Redirect::to("/_front").into_response(),
        Err(reason) => (StatusCode::NOT_FOUND, reason).into_response(),
    }
}

async fn start(State(front): State<Front>, Path(number): Path<usize>) -> Response {
    match front.instances.start(number).await {
        Ok(()) => Redirect::to("/_front").into_response(),
        Err(reason) => (StatusCode::INTERNAL_SERVER_ERROR, reason).into_response(),
    }
}
