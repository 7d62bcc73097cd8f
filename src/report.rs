//! Verdicts, as text for a terminal and as HTML for the studio.

use std::{fmt::Write, sync::LazyLock};

use anstyle::{AnsiColor, Style};
use minijinja::{Environment, HtmlEscape, context, value::Serde};
use serde::Serialize;
use verdict::{CompileErrors, Telling, Verdict, progress::Reached};

use crate::{
    exercise::{Exercise, how_to_restore},
    markdown,
    solution::Solved,
};

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const SOFT: Style = Style::new().dimmed();

/// The reason why there is no verdict yet, while cargo waits.
pub const WAITING: &str = "another cargo is building in the workbook; this continues when it is done";

static TEMPLATES: LazyLock<Environment> = LazyLock::new(|| {
    let mut templates = Environment::new();
    templates.add_filter("inline", |text: String| minijinja::Value::from_safe_string(inline_code(&text)));
    templates.add_filter("place", |text: String, folder: String| minijinja::Value::from(Serde(place(&text, &folder))));
    templates.add_filter("unplaced", |text: String, folder: String| unplaced(&text, &folder));
    templates.add_filter("rows", |diff: String| minijinja::Value::from(Serde(rows(&diff))));
    let verdict = templates.add_template("verdict.html", include_str!("templates/verdict.html"));
    verdict.expect("the studio's own template parses");
    templates
});

/// Formats the verdict as text for a terminal with `columns` columns, with ANSI styles.
pub fn text(verdict: &Verdict, telling: Telling, columns: usize) -> String {
    match verdict {
        Verdict::Report(report) => verdict::render_within(report, telling, columns),
        Verdict::DoesNotCompile(errors) => compile_errors(errors),
    }
}

fn compile_errors(CompileErrors { first, count }: &CompileErrors) -> String {
    let mut text = format!("\n{BAD}✘ it does not compile{BAD:#}\n\n{}\n", first.join("\n\n"));
    if *count > first.len() {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n{SOFT}and {} more, which may follow from these{SOFT:#}\n", count - first.len());
    }
    text
}

/// The content after a pass: the solution compared with the answer, and the next exercise.
pub type Passed<'e> = (Solved, Option<&'e Exercise>);

/// Formats the verdict as HTML for the panel beside the book.
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
        folder => exercise.folder_in_workbook(),
        hints => exercise.brief.hints.iter().map(|hint| hint.title.clone()).collect::<Vec<_>>(),
        verdict => Serde(verdict),
        passed => verdict.passed(),
        changed_since,
        after,
    };
    let html = TEMPLATES.get_template("verdict.html").and_then(|template| template.render(context));
    html.unwrap_or_else(|error| format!("<p>The verdict cannot be shown: {error}</p>"))
}

/// A line of the learner's files, with the compiler's message about it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Place {
    /// The path within the exercise's folder.
    pub file: String,
    /// The number of the line, from 1.
    pub line: usize,
    /// The compiler's message in one line, or an empty text if it does not come from the compiler.
    pub says: String,
}

/// Returns the lines of the answer with compiler errors that the verdict lists.
pub fn errors(exercise: &Exercise, verdict: &Verdict) -> Vec<Place> {
    let Verdict::DoesNotCompile(errors) = verdict else { return Vec::new() };
    let folder = exercise.folder_in_workbook();
    let place_of = |error: &String| {
        let says = error.lines().next().unwrap_or_default().to_owned();
        place(error, &folder).map(|place| Place { says, ..place })
    };
    errors.first.iter().filter_map(place_of).collect()
}

/// Returns the first line below this folder that the text names, such as `exercises/1-login/src/lib.rs:20`.
fn place(text: &str, folder: &str) -> Option<Place> {
    let text = text.replace('\\', "/"); // Windows uses backslashes
    // Another file may be named before the right line: "couldn't read `…/templates/login.html`".
    text.split(&format!("{folder}/")).skip(1).find_map(|named| {
        let (file, rest) = named.split_once(':')?;
        let digits = rest.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(rest.len());
        Some(Place { file: file.to_owned(), line: rest[..digits].parse().ok()?, says: String::new() })
    })
}

/// Returns the text without ", at" and the place, which is shown as a button.
fn unplaced(text: &str, folder: &str) -> String {
    let Some(Place { file, line, .. }) = place(text, folder) else { return text.to_owned() };
    let named = format!(", at {folder}/{file}:{line}");
    [named.clone(), named.replace('/', "\\")].iter().fold(text.to_owned(), |text, named| text.replacen(named, "", 1))
}

/// A line of the answer and one of the solution. `kind` says whether they differ.
#[derive(Debug, PartialEq, Serialize)]
struct Row {
    kind: &'static str,
    yours: Option<String>,
    ours: Option<String>,
}

/// Converts a unified diff to rows, with removed lines beside added ones.
fn rows(diff: &str) -> Vec<Row> {
    let (mut rows, mut yours, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    for line in diff.lines().skip_while(|line| !line.starts_with("@@")) {
        match line.as_bytes().first() {
            Some(b'-') => yours.push(line[1..].to_owned()),
            Some(b'+') => ours.push(line[1..].to_owned()),
            Some(b'\\') => {} // there is no newline at the end
            _ => {
                pair(&mut rows, &mut yours, &mut ours);
                rows.push(same(line));
            }
        }
    }
    pair(&mut rows, &mut yours, &mut ours);
    rows
}

fn same(line: &str) -> Row {
    if line.starts_with("@@") {
        return Row { kind: "gap", yours: None, ours: None };
    }
    let text = line.get(1..).unwrap_or_default().to_owned();
    Row { kind: "same", yours: Some(text.clone()), ours: Some(text) }
}

fn pair(rows: &mut Vec<Row>, yours: &mut Vec<String>, ours: &mut Vec<String>) {
    let count = yours.len().max(ours.len());
    let (mut yours, mut ours) = (yours.drain(..), ours.drain(..));
    rows.extend((0..count).map(|_| Row { kind: "other", yours: yours.next(), ours: ours.next() }));
}

/// Converts text with `code` in it to escaped HTML.
fn inline_code(text: &str) -> String {
    let piece = |(place, piece): (usize, &str)| {
        let escaped = HtmlEscape(piece).to_string();
        if place % 2 == 1 { format!("<code>{escaped}</code>") } else { escaped }
    };
    text.split('`').enumerate().map(piece).collect()
}

/// Draws a progress bar.
pub fn bar(passed: usize, all: usize) -> String {
    const WIDTH: usize = 28;
    let full = (WIDTH * passed).checked_div(all).unwrap_or_default();
    let (done, open) = ("█".repeat(full), "░".repeat(WIDTH - full));
    format!("  {GOOD}{done}{GOOD:#}{SOFT}{open}{SOFT:#}  {passed} of {all} passed")
}

/// Returns one line of the list: the number, the title, and the state as a sign and a word.
pub fn line(exercise: &Exercise, reached: &Reached, hash: Option<&str>) -> String {
    let state = match &reached.verdict {
        None => "·  not tried yet".to_owned(),
        Some((verdict, on)) if hash == Some(on) => state(verdict),
        Some((verdict, _)) => old(verdict),
    };
    let shown = if reached.shown { ", solution seen" } else { "" };
    format!("  {}  {:<16}{state}{shown}", exercise.number, exercise.title())
}

/// Like [`line()`], for an exercise with a missing part.
pub fn line_of_broken(exercise: &Exercise, broken: &str) -> String {
    let restore = how_to_restore(&exercise.number.to_string());
    format!("  {}  {:<16}✘  broken: {broken}; {restore}", exercise.number, exercise.title())
}

/// Like [`line()`], for a verdict that was just made.
pub fn line_of(exercise: &Exercise, verdict: &Verdict) -> String {
    format!("  {}  {:<16}{}", exercise.number, exercise.title(), state(verdict))
}

/// Formats a unified diff of this file, with ANSI styles.
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

/// Describes a verdict on files that have changed since. It says nothing about the current ones.
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
    fn a_place_is_read_where_the_compiler_a_panic_or_a_check_names_it() {
        let found = |text: &str| place(text, "exercises/1-login").map(|place| (place.file, place.line));
        let lib = |line| Some(("src/lib.rs".to_owned(), line));
        assert_eq!(found("error[E0425]: x\n  --> exercises/1-login/src/lib.rs:32:5\n   |"), lib(32));
        assert_eq!(found("exercises/1-login/src/lib.rs:20"), lib(20));
        assert_eq!(found("the handler panicked, at exercises\\1-login\\src\\lib.rs:7; return an error"), lib(7));
        for nowhere in ["", "exercises/2-cart/src/lib.rs:3", "exercises/1-login/src/lib.rs", "exercises/1-login/x:"] {
            assert_eq!(found(nowhere), None, "{nowhere}");
        }
    }

    #[test]
    fn a_line_is_found_behind_another_file_and_not_said_twice() {
        let text = "error: couldn't read `exercises/1-login/src/../templates/login.html`: No such file or directory\n  \
            --> exercises/1-login/src/lib.rs:95:24\n";
        let found = place(text, "exercises/1-login").map(|place| (place.file, place.line));
        assert_eq!(found, Some(("src/lib.rs".to_owned(), 95)));
        for (text, expected) in [
            ("it is still `todo!()`, at exercises/1-login/src/lib.rs:32", "it is still `todo!()`"),
            ("it panicked, at exercises\\1-login\\src\\lib.rs:7; return an error", "it panicked; return an error"),
            ("it panicked, at src/lib.rs:7", "it panicked, at src/lib.rs:7"),
        ] {
            assert_eq!(unplaced(text, "exercises/1-login"), expected);
        }
    }

    #[test]
    fn what_was_taken_out_stands_beside_what_was_put_in() {
        let row = |kind, yours: Option<&str>, ours: Option<&str>| Row {
            kind,
            yours: yours.map(str::to_owned),
            ours: ours.map(str::to_owned),
        };
        let diff =
            "--- your answer\n+++ the solution\n@@ -1,3 +1,4 @@\n a\n-b\n+B\n+C\n c\n\\ No newline at end of file\n";
        let expected = [
            row("gap", None, None),
            row("same", Some("a"), Some("a")),
            row("other", Some("b"), Some("B")),
            row("other", None, Some("C")),
            row("same", Some("c"), Some("c")),
        ];
        assert_eq!(rows(diff), expected);
    }

    #[test]
    fn inline_code_is_escaped() {
        assert_eq!(inline_code("a `<i>` & `b`"), "a <code>&lt;i&gt;</code> &amp; <code>b</code>");
    }

    fn exercise() -> Exercise {
        let brief = verdict::Brief::parse("# Exercise 1: login\n");
        Exercise { number: 1, id: "login".to_owned(), folder: "exercises/1-login".into(), brief }
    }

    fn verdict(passed: usize, failed: usize) -> Verdict {
        use verdict::{CheckReport, Outcome, Report};
        let check = |number| {
            let outcome = if number <= passed { Outcome::Passed } else { Outcome::Failed(Box::default()) };
            CheckReport { number, id: String::new(), requirement: String::new(), outcome, prints: String::new() }
        };
        Verdict::Report(Report { exercise: 1, seed: 1, checks: (1..=passed + failed).map(check).collect() })
    }

    fn uncompiled(count: usize) -> Verdict {
        Verdict::DoesNotCompile(CompileErrors { first: vec!["error: one".to_owned(), "error: two".to_owned()], count })
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn a_line_of_the_list_says_what_the_last_verdict_is_worth_now() {
        let line = |verdict: Option<Verdict>, shown| {
            let verdict = verdict.map(|verdict| (verdict, "now".to_owned()));
            let reached = Reached { verdict, shown, ..Reached::default() };
            [Some("now"), Some("later"), None].map(|hash| line(&exercise(), &reached, hash))
        };
        let of = |words: &str| format!("  1  login           {words}");
        let old = |words: &str| of(&format!("·  changed since it was checked: {words}"));
        let untried = of("·  not tried yet");
        assert_eq!(line(None, false), [untried.clone(), untried.clone(), untried]);
        let passed = "passed, all 2";
        assert_eq!(line(Some(verdict(2, 0)), false), [of("✔  passed, all 2"), old(passed), old(passed)]);
        let open = "not yet, 1 of 3, solution seen";
        assert_eq!(line(Some(verdict(1, 2)), true), [of("✘  not yet, 1 of 3, solution seen"), old(open), old(open)]);
        assert_eq!(line_of(&exercise(), &uncompiled(2)), of("✘  did not compile"));
        assert_eq!(line_of(&exercise(), &verdict(2, 0)), of("✔  passed, all 2"));
        let broken = line_of_broken(&exercise(), "src/lib.rs is missing");
        assert!(broken.starts_with(&of("✘  broken: src/lib.rs is missing; `")), "{broken}");
    }

    #[test]
    fn errors_that_are_left_out_are_counted() {
        let text = |count| plain(&text(&uncompiled(count), Telling::First, 80));
        let shown = "\n✘ it does not compile\n\nerror: one\n\nerror: two\n";
        assert_eq!(text(2), shown);
        assert_eq!(text(5), format!("{shown}\nand 3 more, which may follow from these\n"));
        assert!(plain(&super::text(&verdict(1, 0), Telling::First, 80)).contains("✔"));
    }

    #[test]
    fn a_bar_is_as_full_as_exercises_are_passed() {
        let bar = |passed, all| plain(&bar(passed, all));
        assert_eq!(bar(2, 8), format!("  {}{}  2 of 8 passed", "█".repeat(7), "░".repeat(21)));
        assert_eq!(bar(8, 8), format!("  {}  8 of 8 passed", "█".repeat(28)));
        assert_eq!(bar(0, 0), format!("  {}  0 of 0 passed", "░".repeat(28)));
    }

    #[test]
    fn a_diff_is_colored_by_the_signs_of_its_lines() {
        let text = diff("src/lib.rs", "@@ -1 +1 @@\n-a\n+b\n c\n");
        let gap = format!("  {SOFT}@@ -1 +1 @@{SOFT:#}\n");
        assert_eq!(text, format!("  src/lib.rs\n{gap}  {BAD}-a{BAD:#}\n  {GOOD}+b{GOOD:#}\n   c\n"));
    }
}
