//! What is known of an exercise: its last verdict, and the hints that were shown.

use std::{collections::BTreeSet, path};

use axum::{
    Json,
    extract::{Path, State},
};
use checks::{Verdict, progress::Progress};
use serde::Serialize;

use super::{Api, Refused};
use crate::{
    exercise::Exercise,
    report::{self, Place},
    solution::Solved,
};

/// An exercise as the panel shows it.
#[derive(Serialize)]
pub(super) struct Shown {
    number: u8,
    title: String,
    /// The verdict as a piece of HTML, if there is one.
    html: Option<String>,
    passed: bool,
    /// The hash of the files that the verdict was given on.
    judged: Option<String>,
    /// For each requirement whether it is met; empty if the answer was not checked.
    met: Vec<bool>,
    /// Where the compiler refuses it.
    errors: Vec<Place>,
    /// The hint that fits the first failure.
    fits: Option<usize>,
    /// The hints that were shown, counted from 1.
    hints: BTreeSet<usize>,
    /// What a person should know of how it is kept.
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

/// The latest verdict, if there is one, and what else is known.
pub(super) async fn latest(State(api): State<Api>, Path(which): Path<String>) -> Result<Json<Shown>, Refused> {
    Ok(Json(Shown::of(&api.root, &api.exercise(&which)?)))
}

/// The verdict as the panel shows it, after a pass with what there is to say then.
fn html(root: &path::Path, exercise: &Exercise, verdict: &Verdict, progress: &Progress, changed_since: bool) -> String {
    // Without the other exercises or the solution the verdict is as true.
    let all = Exercise::all(root).unwrap_or_default();
    let solved = Solved::of(root, exercise).ok().filter(|_| verdict.passed());
    let passed = solved.map(|solved| (solved, Exercise::next(&all, progress, exercise.number)));
    report::html(exercise, verdict, changed_since, passed)
}

fn met(verdict: &Verdict) -> Vec<bool> {
    match verdict {
        Verdict::Report(report) => report.checks.iter().map(checks::CheckReport::passed).collect(),
        Verdict::DoesNotCompile(_) => Vec::new(),
    }
}

fn fits(verdict: &Verdict) -> Option<usize> {
    match verdict {
        Verdict::Report(report) => report.first_failure().map(|(_, failure)| failure.hint),
        Verdict::DoesNotCompile(_) => None,
    }
}
