//! Exports the whole timeline to a file.

use std::fmt::Write;

use crate::{Event, Inspector, What, transcript};

/// Returns all events with all data, including session IDs.
pub(crate) fn json(inspector: &Inspector) -> String {
    serde_json::to_string_pretty(&inspector.events()).unwrap_or_default()
}

/// Returns the transcript with a heading for each event, and with letters in place of cookie values.
pub(crate) fn markdown(inspector: &Inspector) -> String {
    let mut text = "# What the session inspector saw\n".to_owned();
    for event in inspector.events() {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n{}", section(&event));
    }
    text
}

fn section(event: &Event) -> String {
    let transcript = transcript::of([event].into_iter());
    let fence = fence(&transcript);
    format!("## {}\n\n{fence}text\n{transcript}{fence}\n", heading(event))
}

fn heading(Event { number, what }: &Event) -> String {
    match what {
        What::Exchange(exchange) => by(*number, &exchange.visitor),
        What::Note { visitor, .. } => by(*number, visitor),
        What::Call(_) | What::Skip { .. } => by(*number, ""),
    }
}

fn by(number: u64, visitor: &str) -> String {
    if visitor.is_empty() { format!("{number}") } else { format!("{number}, {visitor}") }
}

/// Returns a fence that is longer than any row of backticks in the text.
fn fence(text: &str) -> String {
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or_default();
    "`".repeat(longest.max(2) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert_eq!(["", "a `b`", "``", "```", "a ````` b"].map(|text| fence(text).len()), [3, 3, 3, 4, 6]);
    }
}
