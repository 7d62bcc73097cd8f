//! `check`: the verdict on one answer, or on all.

use std::{path::Path, process::ExitCode};

use serde_json::{Value, json};
use verdict::{Telling, Verdict, progress::Progress};

use super::{columns, ended::until_ended, said, say};
use crate::{
    check::{self, Event},
    exercise::Exercise,
    markdown, report,
    solution::Solved,
};

#[derive(clap::Args)]
pub(super) struct Check {
    /// The exercise's number or name
    #[arg(conflicts_with = "all")]
    exercise: Option<String>,
    /// Check all exercises
    #[arg(long)]
    all: bool,
    /// Print the verdict as JSON
    #[arg(long)]
    json: bool,
    /// Show every failure in full, not only the first
    #[arg(long)]
    full: bool,
    /// Use the names and tokens of an earlier run again
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
}

pub(super) async fn check(root: &Path, arguments: Check) -> Result<ExitCode, String> {
    let all = Exercise::all(root)?;
    if arguments.all {
        return check_all(root, &all, &arguments).await;
    }
    let exercise = match &arguments.exercise {
        Some(which) => Some(Exercise::find(root, which)?),
        None => Exercise::next(&all, &Progress::load(root).0, 0).cloned(),
    };
    let Some(exercise) = exercise else {
        let text = format!("You have passed all {} exercises. cargo run -- check N checks one again.\n", all.len());
        say(if arguments.json { format!("{:#}\n", json!({ "passed": true })) } else { text });
        return Ok(ExitCode::SUCCESS);
    };
    let Some(verdict) = verdict(root, &exercise, arguments.seed).await? else { return Ok(interrupted()) };
    if arguments.json {
        say(format!("{:#}\n", as_json(&exercise, &verdict)));
    } else {
        let telling = if arguments.full { Telling::All } else { Telling::First };
        say(report::text(&verdict, telling, columns()));
        if verdict.passed() {
            say(learned(root, &all, &exercise, columns()));
        }
    }
    Ok(code(verdict.passed()))
}

async fn check_all(root: &Path, all: &[Exercise], arguments: &Check) -> Result<ExitCode, String> {
    let mut verdicts = Vec::new();
    for exercise in all {
        let Some(verdict) = verdict(root, exercise, arguments.seed).await? else { return Ok(interrupted()) };
        if !arguments.json {
            say(format!("{}\n", report::line_of(exercise, &verdict)));
        }
        verdicts.push((exercise, verdict));
    }
    let passed = verdicts.iter().filter(|(_, verdict)| verdict.passed()).count();
    if arguments.json {
        let verdicts: Vec<_> = verdicts.iter().map(|(exercise, verdict)| as_json(exercise, verdict)).collect();
        say(format!("{:#}\n", json!(verdicts)));
    } else {
        say(format!("\n{}\n", report::bar(passed, all.len())));
    }
    Ok(code(passed == all.len()))
}

/// Makes the verdict and stores it. Returns `None` if the user ended the program.
async fn verdict(root: &Path, exercise: &Exercise, seed: Option<u64>) -> Result<Option<Verdict>, String> {
    let hash = exercise.hash().unwrap_or_default(); // without a hash, the check reports what is missing
    let Some(verdict) = until_ended(check::check(root, exercise, seed, tell)).await.transpose()? else {
        return Ok(None);
    };
    said(Progress::change(root, &exercise.id, |reached| reached.judge(verdict.clone(), hash)));
    Ok(Some(verdict))
}

/// Tells the user why the program waits.
fn tell(event: Event) {
    if matches!(event, Event::Waiting) {
        eprintln!("{}", report::WAITING);
    }
}

/// Returns the text after a pass: what the learner has learned, and the next exercise.
pub(super) fn learned(root: &Path, all: &[Exercise], exercise: &Exercise, columns: usize) -> String {
    let learned = Solved::of(root, exercise).map(|solved| markdown::render_within(&solved.learned, columns));
    let learned = learned.map(|learned| format!("\n  What you learned\n\n{learned}\n")).unwrap_or_default();
    let next = match Exercise::next(all, &Progress::load(root).0, exercise.number) {
        Some(next) => format!("next: {}, in {}", next.name(), next.folder_in_workbook()),
        None => format!("That was the last one: you have passed all {} exercises.", all.len()),
    };
    format!("{learned}  cargo run -- solution {} shows another way, and why\n  {next}\n", exercise.number)
}

fn as_json(exercise: &Exercise, verdict: &Verdict) -> Value {
    json!({ "exercise": exercise.number, "id": exercise.id, "passed": verdict.passed(), "verdict": verdict })
}

fn code(passed: bool) -> ExitCode {
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The exit code of a program that Ctrl-C ended.
fn interrupted() -> ExitCode {
    ExitCode::from(130)
}
