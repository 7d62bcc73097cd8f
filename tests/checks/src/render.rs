//! The verdict as text. Styles are ANSI codes; whoever prints it takes them away for a pipe or `NO_COLOR`.

use std::fmt::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::{CheckReport, Failure, Outcome, Report};

const WIDTH: usize = 100;
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const SOFT: Style = Style::new().dimmed();

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// The first failure in full, the others a line each.
    First,
    /// Every failure in full.
    All,
}

/// The report for a person: what works, what does not and why, what to do next.
pub fn render(report: &Report, telling: Telling) -> String {
    let mut text = String::from("\n");
    // Writing to a String cannot fail.
    let _ = write(&mut text, report, telling);
    text
}

fn write(text: &mut String, report: &Report, telling: Telling) -> fmt::Result {
    for check in report.checks.iter().filter(|check| check.passed()) {
        line(text, GOOD, '✔', check)?;
    }
    let mut last_reason = None;
    for check in &report.checks {
        if let Outcome::Failed(failure) = &check.outcome {
            line(text, BAD, '✘', check)?;
            if last_reason.is_none() || telling == Telling::All {
                in_full(text, report, check, failure)?;
            } else if last_reason != Some(short(failure)) {
                wrapped(text, "", short(failure))?; // said once for all that follow from it
            }
            last_reason = Some(short(failure));
        }
    }
    let passed = report.checks.iter().filter(|check| check.passed()).count();
    let all = report.checks.len();
    let verdict = if passed == all { "passed" } else { "not yet" };
    writeln!(text, "\n  {passed} of {all} · exercise {} {verdict} · seed {}", report.exercise, report.seed)
}

fn line(text: &mut String, style: Style, sign: char, check: &CheckReport) -> fmt::Result {
    writeln!(text, "  {style}{sign} {:>2}{style:#}  {}", check.number, wrap(&check.requirement, 7))
}

fn in_full(text: &mut String, report: &Report, check: &CheckReport, failure: &Failure) -> fmt::Result {
    writeln!(text)?;
    for step in &failure.steps {
        let line = format!("       {:<9} {:<5}{:<32} {}", step.who, step.method, step.path, step.answer);
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
            wrapped(text, name, words)?;
        }
    }
    for (place, curl) in failure.again.iter().enumerate() {
        writeln!(text, "       {:<11}{curl}", if place == 0 { "again" } else { "" })?;
    }
    if !failure.again.is_empty() {
        writeln!(
            text,
            "       {:<11}{SOFT}(with `cargo run -p exercise-{}` started anew){SOFT:#}",
            "", report.exercise
        )?;
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

fn wrapped(text: &mut String, name: &str, words: &str) -> fmt::Result {
    writeln!(text, "       {name:<11}{}", wrap(words, 18))
}

/// Lines of [`WIDTH`], all but the first indented; paths and names are not torn apart.
fn wrap(words: &str, indent: usize) -> String {
    let indent = " ".repeat(indent);
    let options = textwrap::Options::new(WIDTH).word_splitter(textwrap::WordSplitter::NoHyphenation).break_words(false);
    let lines = textwrap::wrap(words, options.initial_indent(&indent).subsequent_indent(&indent));
    lines.join("\n").trim_start().to_owned()
}

/// What follows, or at least what came.
fn short(failure: &Failure) -> &str {
    if failure.so.is_empty() { &failure.actual } else { &failure.so }
}

/// Where two lines that begin alike part, in characters. One letter in common is chance.
fn first_difference(expected: &str, actual: &str) -> Option<usize> {
    let place = expected.chars().zip(actual.chars()).take_while(|(one, other)| one == other).count();
    (place > 2 && expected != actual).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_marked_where_two_lines_begin_alike() {
        assert_eq!(first_difference("303 → /protected", "303 → /login"), Some(7));
        assert_eq!(first_difference("200", "404"), None);
        assert_eq!(first_difference("same", "same"), None);
    }
}
