//! How far the learner is, over the whole book.

use std::{fs, path};

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde_json::{Value, json};
use verdict::{Verdict, progress::Progress};

use super::{Api, Refused, failed};
use crate::exercise::Exercise;

/// What a page of the book has where its lab is named.
const LAB: &str = "data-lab=\"";

/// The pages that were read, those that have a lab, and each exercise with its requirements.
pub(super) async fn progress(State(api): State<Api>) -> Result<Json<Value>, Refused> {
    let (progress, note) = Progress::load(&api.root);
    let exercises = Exercise::all(&api.root).map_err(failed)?;
    let exercises: Vec<_> = exercises.iter().map(|exercise| state(exercise, &progress)).collect();
    let labs = labs(&api.root.join("book/src")).into_iter();
    let labs: Vec<_> = labs.map(|page| json!({ "tried": progress.labs.contains(&page), "page": page })).collect();
    Ok(Json(json!({ "pages": progress.pages, "labs": labs, "exercises": exercises, "note": note })))
}

/// The pages that have a lab, in the order of the book.
fn labs(book: &path::Path) -> Vec<String> {
    let summary = fs::read_to_string(book.join("SUMMARY.md")).unwrap_or_default();
    let pages = summary.split("](").filter_map(|rest| Some(rest.split_once(".md)")?.0));
    pages.filter(|page| has_a_lab(book, page)).map(str::to_owned).collect()
}

fn has_a_lab(book: &path::Path, page: &str) -> bool {
    fs::read_to_string(book.join(format!("{page}.md"))).is_ok_and(|text| text.contains(LAB))
}

fn state(exercise: &Exercise, progress: &Progress) -> Value {
    let reached = progress.of(&exercise.id);
    let is_current = |hash: &str| exercise.hash().is_ok_and(|now| now == hash);
    let current = reached.verdict.as_ref().is_some_and(|(_, hash)| is_current(hash));
    let met = |number: usize| match &reached.verdict {
        Some((Verdict::Report(report), _)) => {
            report.checks.iter().any(|check| check.number == number && check.passed())
        }
        _ => false,
    };
    let requirements = exercise.brief.requirements.iter().zip(1..);
    let requirements: Vec<_> = requirements.map(|(text, number)| json!({ "text": text, "met": met(number) })).collect();
    json!({
        "number": exercise.number, "id": exercise.id, "title": exercise.title(),
        "passed": reached.passed, "tried": reached.verdict.is_some(), "current": current,
        "requirements": requirements, "hints": reached.hints.len(), "solution_seen": reached.shown,
    })
}

/// Notes that a page of the book was read to its end.
pub(super) async fn read(State(api): State<Api>, Path(page): Path<String>) -> Result<StatusCode, Refused> {
    if !is_a_page(&api.root.join("book/src"), &page) {
        return Err((StatusCode::NOT_FOUND, format!("the book has no page {page:?}")));
    }
    if !Progress::load(&api.root).0.pages.contains(&page) {
        // A tick that is missing hurts nobody; the verdicts say it when progress cannot be kept.
        let _ = Progress::change_all(&api.root, |progress| progress.pages.extend([page]));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Notes that an attack was run in the lab of a page.
pub(super) async fn tried(State(api): State<Api>, Path(page): Path<String>) -> Result<StatusCode, Refused> {
    let book = api.root.join("book/src");
    if !is_a_page(&book, &page) || !has_a_lab(&book, &page) {
        return Err((StatusCode::NOT_FOUND, format!("the book has no lab on a page {page:?}")));
    }
    if !Progress::load(&api.root).0.labs.contains(&page) {
        let _ = Progress::change_all(&api.root, |progress| progress.labs.extend([page])); // as above
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Whether this is the path of a page, below `book/src` and without its ending, as the book spells it.
fn is_a_page(book: &path::Path, page: &str) -> bool {
    let plain =
        |part: &str| !part.is_empty() && part.chars().all(|sign| sign.is_ascii_alphanumeric() || "-_".contains(sign));
    page.split('/').all(plain) && book.join(format!("{page}.md")).is_file()
}
