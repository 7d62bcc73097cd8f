//! The timeline as text, for snapshots and books.

use std::fmt::{self, Write};

use crate::{Cookie, Event, Exchange, Operation, Outcome, SetCookie, StoreCall, What, words};

/// Writes all events, one after the other, with letters in place of cookie values.
pub(crate) fn of<'a>(events: impl Iterator<Item = &'a Event>) -> String {
    let mut text = String::new();
    for (place, event) in events.enumerate() {
        if place > 0 {
            text.push('\n');
        }
        // Writing to a String cannot fail.
        let _ = write_event(&mut text, event);
    }
    text
}

fn write_event(text: &mut String, event: &Event) -> fmt::Result {
    match &event.what {
        What::Exchange(exchange) => write_exchange(text, exchange),
        What::Call(call) => writeln!(text, "(no request)\n    store       {}", call_words(call)),
        What::Note { visitor, words } => writeln!(text, "({})", format!("{visitor} {words}").trim_start()),
        What::Skip { seconds, .. } => writeln!(text, "({} later)", words::span(*seconds)),
    }
}

fn write_exchange(text: &mut String, exchange: &Exchange) -> fmt::Result {
    let Exchange { request, response, .. } = exchange;
    let head = format!("{} {}", request.method, request.target);
    let to = response.location.as_ref().map(|location| format!(" → {location}")).unwrap_or_default();
    writeln!(text, "{head:<52}{}{to}", response.status)?;
    let mut line = |name: &str, words: String| writeln!(text, "    {name:<12}{words}");
    if !request.cookies.is_empty() {
        line("cookie", request.cookies.iter().map(cookie_words).collect::<Vec<_>>().join("; "))?;
    }
    if !request.body.text.is_empty() {
        line("body", request.body.text.clone())?;
    }
    for call in &exchange.calls {
        line("store", call_words(call))?;
    }
    for cookie in &response.set_cookies {
        line("set-cookie", set_cookie_words(cookie))?;
    }
    if let Some(says) = &response.body.says {
        line("page", says.clone())?;
    }
    exchange.summary.iter().try_for_each(|said| line("so", said.clone()))
}

fn cookie_words(cookie: &Cookie) -> String {
    format!("{}={}", cookie.name, cookie.label)
}

fn set_cookie_words(cookie: &SetCookie) -> String {
    // An `Expires` date is different in every run. Only its presence is shown.
    let stable = |attribute: &str| {
        attribute
            .split_once('=')
            .filter(|(name, _)| *name == "Expires")
            .map_or(attribute.to_owned(), |_| "Expires=…".to_owned())
    };
    let attributes: Vec<_> = cookie.sent.split(';').map(|attribute| stable(attribute.trim())).collect();
    format!("{}={}; {}", cookie.name, cookie.label, attributes.join("; "))
}

fn call_words(call: &StoreCall) -> String {
    let operation = match call.operation {
        Operation::Create => "create",
        Operation::Save => "save",
        Operation::Load => "load",
        Operation::Delete => "delete",
    };
    let outcome = match &call.outcome {
        Outcome::Data(data) => format!(" {}", serde_json::to_string(data).unwrap_or_default()),
        Outcome::Missing => " nothing".to_owned(),
        Outcome::Expired => " expired".to_owned(),
        Outcome::Done => String::new(),
        Outcome::Moved => " leads to the renewed session".to_owned(),
        Outcome::Failed(error) => format!(" failed: {error}"),
    };
    let label = if call.label.is_empty() { "an id that was never stored" } else { &call.label };
    format!("{operation} {label}{outcome}")
}
