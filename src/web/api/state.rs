//! The state of an exercise: its last verdict, and the hints that were shown.

use std::{collections::BTreeSet, fs, path};

use axum::{
    Json,
    extract::{Path, State},
};
use serde::Serialize;
use verdict::{Verdict, progress::Progress};

use super::{Api, Refused};
use crate::{
    exercise::Exercise,
    report::{self, Place},
    solution::Solved,
    stub,
};

/// An exercise as the panel shows it.
#[derive(Serialize)]
pub(super) struct Shown {
    number: u8,
    title: String,
    /// The number of requirements.
    requirements: usize,
    /// The first path of the app to open.
    start: String,
    /// The accounts, in the words that the program prints at its start.
    accounts: String,
    /// The verdict as a piece of HTML, if there is one.
    html: Option<String>,
    passed: bool,
    /// The hash of the files that the verdict was on.
    judged: Option<String>,
    /// For each requirement, whether it is met. It is empty if the answer was not checked.
    met: Vec<bool>,
    /// The compiler errors.
    errors: Vec<Place>,
    /// The number of the hint for the first failure.
    fits: Option<usize>,
    /// The hints that were shown, counted from 1.
    hints: BTreeSet<usize>,
    /// A note for the learner about how the state is stored.
    pub(super) note: Option<String>,
}

impl Shown {
    pub(super) fn of(root: &path::Path, exercise: &Exercise) -> Self {
        let (progress, note) = Progress::load(root);
        let reached = progress.of(&exercise.id);
        let (verdict, judged) = reached.verdict.unzip();
        let changed_since = judged.is_some() && exercise.hash().ok() != judged;
        Self {
            number: exercise.number,
            title: exercise.brief.title.clone(),
            requirements: exercise.brief.requirements.len(),
            start: start(exercise),
            accounts: accounts(root, exercise),
            html: verdict.as_ref().map(|verdict| html(root, exercise, verdict, &progress, changed_since)),
            passed: verdict.as_ref().is_some_and(Verdict::passed),
            judged,
            met: verdict.as_ref().map(met).unwrap_or_default(),
            errors: verdict.as_ref().map(|verdict| report::errors(exercise, verdict)).unwrap_or_default(),
            fits: verdict.as_ref().and_then(fits),
            hints: reached.hints,
            note,
        }
    }
}

/// Returns the page that the task tells the learner to open, or otherwise the first one that the requirements name.
fn start(exercise: &Exercise) -> String {
    if let Some(start) = &exercise.brief.start {
        return start.clone();
    }
    let page = |text: &String| {
        text.split_once("`GET ").and_then(|(_, rest)| rest.split_once('`')).map(|(path, _)| path.to_owned())
    };
    let mut pages = exercise.brief.requirements.iter().filter_map(page);
    pages.find(|path| !path.contains('{')).unwrap_or_else(|| "/".to_owned())
}

/// Returns the sentence that `main.rs` prints, unless it contains a value. It comes from the stub, which nobody
/// changes.
fn accounts(root: &path::Path, exercise: &Exercise) -> String {
    let source = fs::read_to_string(stub::folder(root, exercise).join("src/main.rs")).unwrap_or_default();
    let printed = source.split_once("println!(\"").and_then(|(_, rest)| rest.split_once("\")")).map(|(text, _)| text);
    printed.filter(|text| !text.contains('{')).unwrap_or_default().to_owned()
}

/// Returns the latest verdict, if there is one, with the rest of the state.
pub(super) async fn latest(State(api): State<Api>, Path(which): Path<String>) -> Result<Json<Shown>, Refused> {
    Ok(Json(Shown::of(&api.root, &api.exercise(&which)?)))
}

/// Returns the verdict as the panel shows it. After a pass it includes the solution.
fn html(root: &path::Path, exercise: &Exercise, verdict: &Verdict, progress: &Progress, changed_since: bool) -> String {
    // The verdict is shown even if the other exercises or the solution cannot be read.
    let all = Exercise::all(root).unwrap_or_default();
    let solved = Solved::of(root, exercise).ok().filter(|_| verdict.passed());
    let passed = solved.map(|solved| (solved, Exercise::next(&all, progress, exercise.number)));
    report::html(exercise, verdict, changed_since, passed)
}

fn met(verdict: &Verdict) -> Vec<bool> {
    match verdict {
        Verdict::Report(report) => report.checks.iter().map(verdict::CheckReport::passed).collect(),
        Verdict::DoesNotCompile(_) => Vec::new(),
    }
}

fn fits(verdict: &Verdict) -> Option<usize> {
    match verdict {
        Verdict::Report(report) => report.first_failure().map(|(_, failure)| failure.hint),
        Verdict::DoesNotCompile(_) => None,
    }
}
