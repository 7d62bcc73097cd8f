//! The inspector's own page: served whole, then kept up to date over server-sent events.

use std::{convert::Infallible, sync::LazyLock, time::Duration};

use axum::{
    Form, Router,
    extract::{Request, State},
    http::{
        HeaderMap, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
    },
    middleware::{self, Next},
    response::{Html, IntoResponse, Response, Sse, sse},
    routing::{get, post},
};
use futures_util::{Stream, stream};
use minijinja::{Environment, context, value::Serde};
use serde::Deserialize;

use crate::{Event, Inspector, What, words};

/// The longest skip, in seconds: ten years, more than any session should live.
const LONGEST_SKIP: u64 = 10 * 365 * 86_400;

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

pub(crate) fn routes(inspector: Inspector) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/events", get(events))
        .route("/skip", post(skip))
        .route("/clear", post(clear))
        .route("/inspector.css", get(|| asset("text/css", include_str!("../assets/inspector.css"))))
        .route("/inspector.js", get(|| asset("text/javascript", include_str!("../assets/inspector.js"))))
        .layer(middleware::from_fn(guard))
        .with_state(inspector)
}

async fn page(State(inspector): State<Inspector>) -> Response {
    render("inspector.html", context! { skipped => inspector.clock.skipped().as_secs() })
}

/// Every event as a piece of HTML, those on the timeline first, then each new one as it comes.
/// A browser that reconnects says which one it saw last.
async fn events(State(inspector): State<Inspector>, headers: HeaderMap) -> impl IntoResponse {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok()).unwrap_or(0);
    Sse::new(feed(inspector, last)).keep_alive(sse::KeepAlive::new().interval(Duration::from_secs(15)))
}

fn feed(inspector: Inspector, last: u64) -> impl Stream<Item = Result<sse::Event, Infallible>> {
    let newest = inspector.timeline.watch();
    let waiting = std::collections::VecDeque::<Event>::new();
    stream::unfold((inspector, newest, last, waiting), |(inspector, mut newest, mut last, mut waiting)| async move {
        while waiting.is_empty() {
            newest.mark_unchanged();
            waiting.extend(inspector.timeline.since(last));
            if waiting.is_empty() && newest.changed().await.is_err() {
                return None;
            }
        }
        let event = waiting.pop_front()?;
        last = event.number;
        let message = message(&inspector, &event);
        Some((Ok(message), (inspector, newest, last, waiting)))
    })
}

fn message(inspector: &Inspector, event: &Event) -> sse::Event {
    let name = match event.what {
        What::Skip { .. } => "skip",
        What::Exchange(_) | What::Call(_) => "exchange",
    };
    let context = context! { event => Serde(event), skipped => inspector.clock.skipped().as_secs() };
    let html = TEMPLATES.get_template("event.html").and_then(|template| template.render(context));
    let html = html.unwrap_or_else(|error| format!("event {} cannot be shown: {error}", event.number));
    sse::Event::default().id(event.number.to_string()).event(name).data(html)
}

#[derive(Deserialize)]
struct Skip {
    seconds: u64,
}

async fn skip(State(inspector): State<Inspector>, Form(Skip { seconds }): Form<Skip>) -> Response {
    if seconds > LONGEST_SKIP {
        return (StatusCode::UNPROCESSABLE_ENTITY, "a skip is at most ten years").into_response();
    }
    inspector.skip(Duration::from_secs(seconds));
    StatusCode::NO_CONTENT.into_response()
}

async fn clear(State(inspector): State<Inspector>) -> StatusCode {
    inspector.clear();
    StatusCode::NO_CONTENT
}

/// Lets nobody else's page work these buttons, and no script but ours run here: the page shows what
/// visitors sent.
async fn guard(request: Request, next: Next) -> Response {
    let site = request.headers().get("sec-fetch-site").map(|site| site.as_bytes().to_vec());
    let ours = matches!(site.as_deref(), None | Some(b"same-origin" | b"none"));
    if !request.method().is_safe() && !ours {
        return (StatusCode::FORBIDDEN, "only the inspector's own page may do this").into_response();
    }
    let mut response = next.run(request).await;
    let policy = "default-src 'none'; connect-src 'self'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'";
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, policy.parse().expect("a constant header value"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, "nosniff".parse().expect("a constant header value"));
    headers.insert(CACHE_CONTROL, "no-store".parse().expect("a constant header value"));
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
