//! The routes of the inspector's own page, which server-sent events keep up to date.

use std::{future::ready, sync::Arc, time::Duration};

use axum::{
    Form, Json, Router,
    extract::{FromRef, Path, Query, State},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use loopback_serve::{guarded, no_foreign_reader, same_origin_only};
use serde::Deserialize;
use tokio::sync::Semaphore;

use crate::{
    Inspector, LONGEST_AHEAD,
    again::{self, Refused, Shown, Wanted},
    export, feed, html,
};

#[derive(Clone)]
struct Page {
    inspector: Inspector,
    readers: Arc<Semaphore>,
}

impl FromRef<Page> for Inspector {
    fn from_ref(page: &Page) -> Self {
        page.inspector.clone()
    }
}

pub(crate) fn routes(inspector: Inspector, frame_ancestors: &str) -> Router {
    let policy = format!(
        "default-src 'none'; connect-src 'self'; script-src 'self'; style-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors {frame_ancestors}"
    );
    let policy = HeaderValue::try_from(policy).expect("the sources of `frame-ancestors` fit into a header");
    let readers = Arc::new(Semaphore::new(feed::READERS));
    let data = Router::new()
        .route("/events", get(events))
        .route("/requests/{number}", get(request))
        .route("/jars", get(jars))
        .route("/timeline.json", get(json))
        .route("/timeline.md", get(markdown))
        .layer(middleware::from_fn(no_foreign_reader));
    Router::new()
        .route("/", get(page))
        .merge(data)
        .route("/skip", post(skip))
        .route("/clear", post(clear))
        .route("/send", post(send))
        .merge(assets())
        .layer(middleware::from_fn(same_origin_only))
        .layer(middleware::map_response(move |response: Response| ready(guarded(response, policy.clone()))))
        .with_state(Page { inspector, readers })
}

fn assets() -> Router<Page> {
    const SCRIPTS: [(&str, &str); 5] = [
        ("/inspector.js", include_str!("../assets/inspector.js")),
        ("/life.js", include_str!("../assets/life.js")),
        ("/post.js", include_str!("../assets/post.js")),
        ("/send.js", include_str!("../assets/send.js")),
        ("/visitors.js", include_str!("../assets/visitors.js")),
    ];
    let style = get(|| asset("text/css", include_str!("../assets/inspector.css")));
    SCRIPTS.into_iter().fold(Router::new().route("/inspector.css", style), |router, (path, text)| {
        router.route(path, get(move || asset("text/javascript", text)))
    })
}

async fn page(State(inspector): State<Inspector>) -> Response {
    html::page(inspector.clock.skipped().as_secs())
}

#[derive(Deserialize)]
struct After {
    after: Option<String>,
}

async fn events(
    State(Page { inspector, readers }): State<Page>,
    Query(After { after }): Query<After>,
    headers: HeaderMap,
) -> Response {
    feed::stream_of(&inspector, &readers, &headers, after.as_deref())
}

/// Returns a past request, to be edited or copied.
async fn request(State(inspector): State<Inspector>, Path(number): Path<u64>) -> Response {
    let shown = inspector.timeline.get(number).and_then(|noted| noted.sent.as_ref().map(Shown::of));
    let gone = || (StatusCode::NOT_FOUND, format!("Request {number} was too long to be kept, or is gone.\n"));
    shown.map(Json).ok_or_else(gone).into_response()
}

async fn jars(State(inspector): State<Inspector>) -> impl IntoResponse {
    Json(again::jars(&inspector))
}

async fn json(State(inspector): State<Inspector>) -> impl IntoResponse {
    file("timeline.json", "application/json", export::json(&inspector))
}

async fn markdown(State(inspector): State<Inspector>) -> impl IntoResponse {
    file("timeline.md", "text/markdown; charset=utf-8", export::markdown(&inspector))
}

fn file(name: &str, kind: &'static str, text: String) -> impl IntoResponse {
    ([(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))], text)
}

async fn send(State(inspector): State<Inspector>, Form(wanted): Form<Wanted>) -> Response {
    match again::send(&inspector, wanted).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(Refused::Gone(why)) => (StatusCode::NOT_FOUND, why).into_response(),
        Err(Refused::Wrong(why)) => (StatusCode::UNPROCESSABLE_ENTITY, why).into_response(),
        Err(Refused::Silence) => {
            (StatusCode::GATEWAY_TIMEOUT, "The app did not answer within 10 seconds.").into_response()
        }
    }
}

/// The target of a skip: an amount of time, or a moment.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
struct Skip {
    seconds: Option<u64>,
    /// In milliseconds of Unix time on the inspector's clock.
    to: Option<i64>,
}

async fn skip(State(inspector): State<Inspector>, Form(Skip { seconds, to }): Form<Skip>) -> Response {
    let until =
        |to: i64| u64::try_from(to.saturating_sub(inspector.clock.now_milliseconds())).ok().map(Duration::from_millis);
    let Some(by) = seconds.map(Duration::from_secs).or_else(|| to.and_then(until)) else {
        return (StatusCode::UNPROCESSABLE_ENTITY, "The clock does not go back.\n").into_response();
    };
    if by > LONGEST_AHEAD.saturating_sub(inspector.clock.skipped()) {
        return (StatusCode::UNPROCESSABLE_ENTITY, "The clock can be at most 100 years ahead.\n").into_response();
    }
    inspector.skip(by);
    StatusCode::NO_CONTENT.into_response()
}

async fn clear(State(inspector): State<Inspector>) -> StatusCode {
    inspector.clear();
    StatusCode::NO_CONTENT
}

async fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, kind)], text)
}
