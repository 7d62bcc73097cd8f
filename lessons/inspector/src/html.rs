//! The HTML of the inspector's page and of its events.

use std::sync::LazyLock;

use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use minijinja::{Environment, context};

use crate::{Event, What, view, words};

static TEMPLATES: LazyLock<Environment> = LazyLock::new(|| {
    let mut templates = Environment::new();
    templates.add_filter("span", words::span);
    // The full text is elsewhere in the event. The cut keeps the HTML of an event in proportion to its data.
    templates.add_filter("short", |text: String| match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    });
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

/// Renders the page, without its events. The clock is this many seconds ahead.
pub(crate) fn page(ahead: u64) -> Response {
    let context = context! { clock => words::clock_words(ahead) };
    match TEMPLATES.get_template("inspector.html").and_then(|template| template.render(context)) {
        Ok(html) => Html(html).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// Returns the kind of an event for the page's script.
pub(crate) fn kind(event: &Event) -> &'static str {
    match event.what {
        What::Skip { .. } => "skip",
        What::Exchange(_) | What::Call(_) | What::Note { .. } => "exchange",
    }
}

/// Renders an event as HTML.
pub(crate) fn event(event: &Event) -> String {
    render_event(event, context! { is_live => true, ..view::of(event) })
}

/// Renders a past event as HTML, without buttons. `is_open` unfolds it; otherwise it is unfolded only if it changed
/// something.
pub(crate) fn past_event(event: &Event, is_open: bool) -> String {
    render_event(event, context! { is_open, ..view::of(event) })
}

fn render_event(event: &Event, context: minijinja::Value) -> String {
    let html = TEMPLATES.get_template("event.html").and_then(|template| template.render(context));
    html.unwrap_or_else(|error| format!("event {} cannot be shown: {error}", event.number))
}
