//! What an answer tells of the state the app is in, in a sentence.

use axum::http::{Method, StatusCode};
use serde_json::Value;
use session_inspector::{Operation, Outcome};

use crate::{Answer, Miss, run::Panic};

/// So much of a record is told, in characters.
const LONGEST_RECORD: usize = 300;

/// The beginning of a long text.
pub(crate) fn short(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The miss of a handler that panicked, if this one did.
pub(crate) fn panicked(answer: &Answer, panic: Option<Panic>) -> Option<Miss> {
    let message = answer.exchange.panic.as_ref()?;
    let place = panic.map(|panic| format!(", at {}", panic.place)).unwrap_or_default();
    let so = if message.starts_with("not yet implemented") || message.starts_with("not implemented") {
        format!("the handler of {} {} is still `todo!()`{place}", answer.method, answer.path)
    } else {
        format!("the handler of {} {} panicked{place}; return an error status instead", answer.method, answer.path)
    };
    Some(Miss::new("an answer", format!("a panic: {message}")).so(so))
}

/// What was sent of the session, and what the store made of it.
pub(crate) fn session(answer: &Answer) -> String {
    let exchange = &answer.exchange;
    let labels: Vec<_> = exchange.request.cookies.iter().map(|cookie| cookie.label.clone()).collect();
    let sent = match labels.as_slice() {
        [] => "no cookie was sent".to_owned(),
        labels => format!("cookie {} was sent", labels.join(", ")),
    };
    let mut said = vec![sent];
    said.extend(exchange.summary.iter().filter(|_| !exchange.calls.is_empty()).cloned());
    if let Some(data) = &exchange.session.after {
        said.push(format!(
            "the record holds {}",
            short(&serde_json::to_string(data).unwrap_or_default(), LONGEST_RECORD)
        ));
    }
    said.join(" · ")
}

/// What follows from the answer itself.
pub(crate) fn so(answer: &Answer) -> String {
    let Answer { method, path, .. } = answer;
    if let Some(reason) = &answer.refused {
        return format!("a browser refuses the cookie that was set: {reason}");
    }
    if let Some(held_back) = &answer.held_back {
        return format!("{held_back}, so the browser did not send it to {path}");
    }
    match answer.status {
        StatusCode::NOT_FOUND => format!("nothing is routed at {path}, or the handler says 404"),
        StatusCode::METHOD_NOT_ALLOWED => format!("{path} is routed, but not for {method}"),
        status if status.is_client_error() && extractor(answer).is_some() => {
            format!("axum refused the request before the handler ran: {}", answer.body.trim())
        }
        StatusCode::INTERNAL_SERVER_ERROR if extractor(answer).is_some() => {
            format!("the handler asks for something the app does not give: {}", answer.body.trim())
        }
        status if status.is_server_error() => format!("the handler failed: {}", first_line(&answer.body)),
        status if status.is_client_error() => format!("the handler refused the request with {}", status.as_u16()),
        _ => store_says(answer),
    }
}

fn store_says(answer: &Answer) -> String {
    let exchange = &answer.exchange;
    let outcome = |wanted: fn(&Outcome) -> bool| exchange.calls.iter().any(|call| wanted(&call.outcome));
    let sent = exchange.request.cookies.first().map(|cookie| cookie.label.as_str()).unwrap_or_default();
    if let Some(error) = exchange.calls.iter().find_map(|call| match &call.outcome {
        Outcome::Failed(error) => Some(error),
        _ => None,
    }) {
        format!("the session store failed: {error}")
    } else if outcome(|outcome| *outcome == Outcome::Missing) {
        format!("the browser sent cookie {sent}, and the store has no session under it")
    } else if outcome(|outcome| *outcome == Outcome::Expired) {
        format!("session {sent} had expired")
    } else if answer.method == Method::POST && !wrote(answer) {
        format!("POST {} was answered, and nothing was written to the session", answer.path)
    } else if answer.method == Method::POST {
        "the handler wrote to the session and answered".to_owned()
    } else if exchange.request.cookies.is_empty() {
        "the handler answered a visitor without a session".to_owned()
    } else if exchange.calls.is_empty() {
        format!("the browser sent cookie {sent}, but the handler did not look into the session")
    } else if answer.status.is_redirection() && exchange.session.after.as_ref().is_some_and(|data| !data.is_empty()) {
        "the session was found and is not empty, but the handler sends its visitor away: does it read what was written, under the same key?".to_owned()
    } else {
        "the handler looked into the session and answered".to_owned()
    }
}

/// Whether the store was asked to keep or to end anything.
fn wrote(answer: &Answer) -> bool {
    answer.exchange.calls.iter().any(|call| call.operation != Operation::Load)
}

/// The body of an answer that an axum extractor gave in the handler's place.
fn extractor(answer: &Answer) -> Option<&str> {
    let begins = [
        "Failed to",
        "Form requests must",
        "Expected request with",
        "Missing request extension",
        "length limit exceeded",
    ];
    begins.iter().any(|words| answer.body.starts_with(words)).then_some(answer.body.as_str())
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("its body is empty")
}

/// Whether this text stands anywhere in the value: as a string or within one, as a key, at any depth.
pub(crate) fn mentions(value: &Value, text: &str) -> bool {
    match value {
        Value::String(string) => string.contains(text),
        Value::Array(values) => values.iter().any(|value| mentions(value, text)),
        Value::Object(fields) => fields.iter().any(|(key, value)| key.contains(text) || mentions(value, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
