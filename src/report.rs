//! Verdicts, as text for a terminal and as HTML for the studio.

use std::{fmt::Write, sync::LazyLock};

use anstyle::{AnsiColor, Style};
use checks::{CompileErrors, Telling, Verdict, progress::Reached};
use minijinja::{Environment, HtmlEscape, context, value::Serde};

use crate::{exercise::Exercise, markdown, solution::Solved};

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const SOFT: Style = Style::new().dimmed();

/// Why there is no verdict yet, where cargo waits.
pub const WAITING: &str = "another cargo is at work on the workbook; this goes on when it is done";

static TEMPLATES: LazyLock<Environment> = LazyLock::new(|| {
    let mut templates = Environment::new();
    templates.add_filter("inline", |text: String| minijinja::Value::from_safe_string(inline_code(&text)));
    let verdict = templates.add_template("verdict.html", include_str!("templates/verdict.html"));
    verdict.expect("the studio's own template parses");
    templates
});

/// The verdict for a person at a terminal of so many columns, with ANSI styles.
pub fn text(verdict: &Verdict, telling: Telling, columns: usize) -> String {
    match verdict {
        Verdict::Report(report) => checks::render_within(report, telling, columns),
        Verdict::DoesNotCompile(errors) => compile_errors(errors),
    }
}

fn compile_errors(CompileErrors { first, count }: &CompileErrors) -> String {
    let mut text = format!("\n{BAD}✘ it does not compile{BAD:#}\n\n{}\n", first.join("\n\n"));
    if *count > first.len() {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n{SOFT}and {} more, which may go with these{SOFT:#}\n", count - first.len());
    }
    text
}

/// What there is to say after a pass: the solution beside the answer, and the exercise that comes next.
pub type Passed<'e> = (Solved, Option<&'e Exercise>);

/// The verdict as a piece of HTML for the panel beside the book.
pub fn html(exercise: &Exercise, verdict: &Verdict, changed_since: bool, passed: Option<Passed>) -> String {
    let after = passed.map(|(Solved { diffs, reasons, learned }, next)| {
        context! {
            learned => markdown::html(&learned),
            reasons => markdown::html(&reasons),
            diffs,
            next => next.map(|next| context! { id => next.id.as_str(), name => next.name() }),
        }
    });
    let context = context! {
        exercise => exercise.number,
        folder => exercise.folder.file_name().map(|name| name.to_string_lossy().into_owned()),
        verdict => Serde(verdict),
        passed => verdict.passed(),
        changed_since,
        after,
    };
    let html = TEMPLATES.get_template("verdict.html").and_then(|template| template.render(context));
    html.unwrap_or_else(|error| format!("<p>The verdict cannot be shown: {error}</p>"))
}

/// Text with `code` in it as HTML, escaped.
fn inline_code(text: &str) -> String {
    let piece = |(place, piece): (usize, &str)| {
        let escaped = HtmlEscape(piece).to_string();
        if place % 2 == 1 { format!("<code>{escaped}</code>") } else { escaped }
    };
    text.split('`').enumerate().map(piece).collect()
}

/// How many of how many, as a bar.
pub fn bar(passed: usize, all: usize) -> String {
    const WIDTH: usize = 28;
    let full = (WIDTH * passed).checked_div(all).unwrap_or_default();
    let (done, open) = ("█".repeat(full), "░".repeat(WIDTH - full));
    format!("  {GOOD}{done}{GOOD:#}{SOFT}{open}{SOFT:#}  {passed} of {all} passed")
}

/// One line of the list: number, title, state by sign and word.
pub fn line(exercise: &Exercise, reached: &Reached, hash: Option<&str>) -> String {
    let state = match &reached.verdict {
        None => "·  not tried yet".to_owned(),
        Some((verdict, on)) if hash == Some(on) => state(verdict),
        Some((verdict, _)) => old(verdict),
    };
    let shown = if reached.shown { ", solution seen" } else { "" };
    format!("  {}  {:<16}{state}{shown}", exercise.number, exercise.title())
}

/// The same for a verdict that was given just now.
pub fn line_of(exercise: &Exercise, verdict: &Verdict) -> String {
    format!("  {}  {:<16}{}", exercise.number, exercise.title(), state(verdict))
}

/// A unified diff of this file, with ANSI styles.
pub fn diff(file: &str, diff: &str) -> String {
    let line = |line: &str| match line.as_bytes().first() {
        Some(b'+') => format!("  {GOOD}{line}{GOOD:#}\n"),
        Some(b'-') => format!("  {BAD}{line}{BAD:#}\n"),
        Some(b'@') => format!("  {SOFT}{line}{SOFT:#}\n"),
        _ => format!("  {line}\n"),
    };
    format!("  {file}\n{}", diff.lines().map(line).collect::<String>())
}

fn state(verdict: &Verdict) -> String {
    format!("{}  {}", if verdict.passed() { '✔' } else { '✘' }, words(verdict))
}

/// A verdict on files that were changed since: it says nothing of what is there now.
fn old(verdict: &Verdict) -> String {
    format!("·  changed since it was checked: {}", words(verdict))
}

fn words(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Report(report) if report.passed() => format!("passed, all {}", report.checks.len()),
        Verdict::Report(report) => {
            let passed = report.checks.iter().filter(|check| check.passed()).count();
            format!("not yet, {passed} of {}", report.checks.len())
        }
        Verdict::DoesNotCompile(_) => "did not compile".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_code_is_escaped() {
        assert_eq!(inline_code("a `<i>` & `b`"), "a <code>&lt;i&gt;</code> &amp; <code>b</code>");
    }
}
