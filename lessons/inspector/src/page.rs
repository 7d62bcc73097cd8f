//! The inspector's own page: served whole, then kept up to date over server-sent events.

use std::{
    future::ready,
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::{
    Form, Router,
    extract::{FromRef, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
    middleware,
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use minijinja::{Environment, context, value::Serde};
use serde::Deserialize;
use tokio::sync::Semaphore;

use crate::{Event, Inspector, LONGEST_AHEAD, What, feed, same_origin, words};

static TEMPLATES: LazyLock<Environment> = LazyLock::new(|| {
    let mut templates = Environment::new();
    templates.add_filter("span", words::span);
    // Plain text, which the template then escapes like any other.
    templates.add_filter("json", |value: minijinja::Value| serde_json::to_string(&value).unwrap_or_default());
    for (name, source) in [
        ("inspector.html", include_str!("../templates/inspector.html")),
        ("event.html", include_str!("../templates/event.html")),
    ] {
        templates.add_template(name, source).expect("the inspector's own templates parse");
    }
    templates
});

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
    Router::new()
        .route("/", get(page))
        .route("/events", get(events))
        .route("/skip", post(skip))
        .route("/clear", post(clear))
        .route("/inspector.css", get(|| asset("text/css", include_str!("../assets/inspector.css"))))
        .route("/inspector.js", get(|| asset("text/javascript", include_str!("../assets/inspector.js"))))
        .layer(middleware::from_fn(same_origin::same_origin_only))
        .layer(middleware::map_response(move |response: Response| ready(guarded(response, policy.clone()))))
        .with_state(Page { inspector, readers })
}

async fn page(State(inspector): State<Inspector>) -> Response {
    render("inspector.html", context! { clock => clock_words(inspector.clock.skipped().as_secs()) })
}

/// The stream of events. A script of another origin could not read it, but it could take the place of one that may.
async fn events(State(Page { inspector, readers }): State<Page>, headers: HeaderMap) -> Response {
    if same_origin::is_foreign(&headers) {
        return same_origin::refused();
    }
    feed::stream_of(&inspector, &readers, &headers)
}

/// How far the clock is ahead, in words.
pub(crate) fn clock_words(seconds: u64) -> String {
    match seconds {
        0 => "clock: now".to_owned(),
        ahead => format!("clock: {} ahead", words::span(ahead)),
    }
}

/// How the page's script tells events apart.
pub(crate) fn kind(event: &Event) -> &'static str {
    match event.what {
        What::Skip { .. } => "skip",
        What::Exchange(_) | What::Call(_) => "exchange",
    }
}

/// An event as HTML.
pub(crate) fn event(event: &Event) -> String {
    let ahead = match event.what {
        What::Skip { ahead, .. } => clock_words(ahead),
        What::Exchange(_) | What::Call(_) => String::new(),
    };
    let context = context! { event => Serde(event), ahead };
    let html = TEMPLATES.get_template("event.html").and_then(|template| template.render(context));
    html.unwrap_or_else(|error| format!("event {} cannot be shown: {error}", event.number))
}

#[derive(Deserialize)]
struct Skip {
    seconds: u64,
}

async fn skip(State(inspector): State<Inspector>, Form(Skip { seconds }): Form<Skip>) -> Response {
    let by = Duration::from_secs(seconds);
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

/// No script runs here but ours: the page shows what visitors sent. And no page of another origin gets anything of it,
/// neither in a frame nor as an image or a script.
fn guarded(mut response: Response, policy: HeaderValue) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, kind)], text)
}

fn render(name: &str, context: minijinja::Value) -> Response {
    match TEMPLATES.get_template(name).and_then(|template| template.render(context)) {
        Ok(html) => Html(html).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
