//! The verdict as text. Styles are ANSI codes, which the code that prints it removes for a pipe or `NO_COLOR`.

use std::fmt::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::{CheckReport, Failure, Outcome, Report};

const WIDTH: usize = 100;
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const SOFT: Style = Style::new().dimmed();

/// The level of detail of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// The first failure in full, and the numbers of the others, to fit on a screen.
    Next,
    /// The first failure in full, and a line for each of the others.
    First,
    /// Every failure in full.
    All,
}

/// Formats the report as text: the passed checks, the failures with reasons, and the next step.
pub fn render(report: &Report, telling: Telling) -> String {
    render_within(report, telling, usize::MAX)
}

/// Like [`render`], in lines of at most `columns` columns, except for lines that the learner copies.
pub fn render_within(report: &Report, telling: Telling, columns: usize) -> String {
    let mut text = String::from("\n");
    let width = columns.saturating_sub(1).min(WIDTH); // the first line of a requirement has one column more
    // Writing to a String cannot fail.
    let _ = match telling {
        Telling::Next => write_next(&mut text, report, width),
        Telling::First | Telling::All => write(&mut text, report, telling, width),
    };
    text
}

fn write(text: &mut String, report: &Report, telling: Telling, width: usize) -> fmt::Result {
    for check in report.checks.iter().filter(|check| check.passed()) {
        line(text, GOOD, '✔', check, width)?;
    }
    let mut last_reason = None;
    for check in &report.checks {
        if let Outcome::Failed(failure) = &check.outcome {
            line(text, BAD, '✘', check, width)?;
            if last_reason.is_none() || telling == Telling::All {
                in_full(text, report, check, failure, width)?;
            } else if last_reason != Some(short(failure)) {
                wrapped(text, "", short(failure), width)?; // printed once for all failures that follow from it
            }
            last_reason = Some(short(failure));
        }
    }
    total(text, report)
}

fn write_next(text: &mut String, report: &Report, width: usize) -> fmt::Result {
    let (passed, failed): (Vec<_>, Vec<_>) = report.checks.iter().partition(|check| check.passed());
    numbers(text, GOOD, '✔', &passed)?;
    if let (Some((check, failure)), [_, others @ ..]) = (report.first_failure(), failed.as_slice()) {
        line(text, BAD, '✘', check, width)?;
        let again = format!("cargo run -- check {} --seed {}", report.exercise, report.seed);
        let on_demand = Failure { again: Vec::new(), ..failure.clone() };
        in_full(text, report, check, &on_demand, width)?;
        numbers(text, BAD, '✘', others)?;
        wrapped(text, "again", &format!("{again} prints the whole verdict"), width)?;
    }
    total(text, report)
}

fn numbers(text: &mut String, style: Style, sign: char, checks: &[&CheckReport]) -> fmt::Result {
    let numbers: Vec<_> = checks.iter().map(|check| check.number.to_string()).collect();
    if numbers.is_empty() { Ok(()) } else { writeln!(text, "  {style}{sign}{style:#}  {}", numbers.join(", ")) }
}

fn total(text: &mut String, report: &Report) -> fmt::Result {
    let passed = report.checks.iter().filter(|check| check.passed()).count();
    let all = report.checks.len();
    let verdict = if passed == all { "passed" } else { "not yet" };
    writeln!(text, "\n  {passed} of {all} · exercise {} {verdict} · seed {}", report.exercise, report.seed)
}

fn line(text: &mut String, style: Style, sign: char, check: &CheckReport, width: usize) -> fmt::Result {
    writeln!(text, "  {style}{sign} {:>2}{style:#}  {}", check.number, wrap(&check.requirement, 7, width))
}

fn in_full(text: &mut String, report: &Report, check: &CheckReport, failure: &Failure, width: usize) -> fmt::Result {
    writeln!(text)?;
    for step in &failure.steps {
        let line = format!("       {:<9} {:<4} {:<32} {}", step.who, step.method, step.path, step.answer);
        writeln!(text, "{}", line.trim_end())?;
    }
    let [expected, actual] = [&failure.expected, &failure.actual];
    writeln!(text, "           expected  {expected}")?;
    writeln!(text, "           actual    {BAD}{actual}{BAD:#}")?;
    if let Some(place) = first_difference(expected, actual) {
        writeln!(text, "                     {SOFT}{}^ differs from here{SOFT:#}", " ".repeat(place))?;
    }
    for (name, words) in
        [("session", &failure.session), ("so", &failure.so), ("route", &failure.route), ("why", &failure.why)]
    {
        if !words.is_empty() {
            wrapped(text, name, words, width)?;
        }
    }
    for (place, curl) in failure.again.iter().enumerate() {
        writeln!(text, "       {:<11}{curl}", if place == 0 { "again" } else { "" })?;
    }
    if !failure.again.is_empty() {
        writeln!(text, "       {:<11}{SOFT}(with a fresh `cargo run -p exercise-{}`){SOFT:#}", "", report.exercise)?;
    }
    writeln!(
        text,
        "       {:<11}cargo run -- hint {} {}        read  book/src/{}",
        "hint", report.exercise, failure.hint, failure.read
    )?;
    if !check.prints.trim().is_empty() {
        writeln!(text, "       {:<11}{SOFT}what your code printed:{SOFT:#}", "prints")?;
        check.prints.trim_end().lines().take(20).try_for_each(|print| writeln!(text, "           │ {print}"))?;
    }
    writeln!(text)
}

fn wrapped(text: &mut String, name: &str, words: &str, width: usize) -> fmt::Result {
    writeln!(text, "       {name:<11}{}", wrap(words, 18, width))
}

/// Wraps the text at this width. All lines but the first are indented. Paths and names are not split.
fn wrap(words: &str, indent: usize, width: usize) -> String {
    let indent = " ".repeat(indent);
    let options = textwrap::Options::new(width).word_splitter(textwrap::WordSplitter::NoHyphenation).break_words(false);
    let lines = textwrap::wrap(words, options.initial_indent(&indent).subsequent_indent(&indent));
    lines.join("\n").trim_start().to_owned()
}

/// Returns the conclusion, or the actual result if there is none.
fn short(failure: &Failure) -> &str {
    if failure.so.is_empty() { &failure.actual } else { &failure.so }
}

/// The number of equal characters from which the first difference of two lines is hard to see.
const LONG: usize = 32;

/// Returns the index of the first different character, if two lines begin with so many equal ones that it is hard to
/// see.
fn first_difference(expected: &str, actual: &str) -> Option<usize> {
    let place = expected.chars().zip(actual.chars()).take_while(|(one, other)| one == other).count();
    (place >= LONG && expected != actual).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_marked_where_it_is_hard_to_see() {
        let record = |item| format!(r#"`load` returns the record with {{"item":"{item}"}}"#);
        assert_eq!(first_difference(&record("pear"), &record("plum")), Some(41));
        assert_eq!(first_difference(&record("pear"), &record("pear")), None);
        assert_eq!(first_difference("303 → /protected", "303 → /login"), None);
        assert_eq!(first_difference("the password nowhere", "the password in the session"), None);
    }
}
