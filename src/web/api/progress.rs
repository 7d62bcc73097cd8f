//! The learner's progress in the whole book.

use std::{collections::BTreeSet, fs, path};

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde_json::{Value, json};
use verdict::{Verdict, progress::Progress};

use super::{Api, Refused, failed};
use crate::exercise::Exercise;

/// The attribute that names the lab of a page.
const LAB: &str = "data-lab=\"";

/// Returns the pages that were read, the pages that have a lab, and each exercise with its requirements.
pub(super) async fn progress(State(api): State<Api>) -> Result<Json<Value>, Refused> {
    let (progress, note) = Progress::load(&api.root);
    let exercises = Exercise::all(&api.root).map_err(failed)?;
    let exercises: Vec<_> = exercises.iter().map(|exercise| state(exercise, &progress)).collect();
    let lab = |page| json!({ "tried": progress.labs.contains(page), "page": page });
    let labs: Vec<_> = labs(&api).iter().map(lab).collect();
    Ok(Json(json!({ "pages": progress.pages, "labs": labs, "exercises": exercises, "note": note })))
}

/// Returns the pages that have a lab, in the order of the book.
fn labs(api: &Api) -> &[String] {
    api.labs.get_or_init(|| {
        let book = api.root.join("book/src");
        let summary = fs::read_to_string(book.join("SUMMARY.md")).unwrap_or_default();
        let pages = summary.split("](").filter_map(|rest| Some(rest.split_once(".md)")?.0));
        let has_a_lab =
            |page: &&str| fs::read_to_string(book.join(format!("{page}.md"))).is_ok_and(|text| text.contains(LAB));
        pages.filter(has_a_lab).map(str::to_owned).collect()
    })
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
        "broken": exercise.broken(), "passed": reached.passed, "tried": reached.verdict.is_some(), "current": current,
        "requirements": requirements, "hints": reached.hints.len(), "solution_seen": reached.shown,
    })
}

/// Notes that a page of the book was read to its end.
pub(super) async fn read(State(api): State<Api>, Path(page): Path<String>) -> Result<StatusCode, Refused> {
    if !is_a_page(&api.root.join("book/src"), &page) {
        return Err((StatusCode::NOT_FOUND, format!("the book has no page {page:?}")));
    }
    note(&api.root, page, |progress| &mut progress.pages);
    Ok(StatusCode::NO_CONTENT)
}

/// Notes that an attack was run in the lab of a page.
pub(super) async fn tried(State(api): State<Api>, Path(page): Path<String>) -> Result<StatusCode, Refused> {
    if !labs(&api).contains(&page) {
        return Err((StatusCode::NOT_FOUND, format!("the book has no lab on a page {page:?}")));
    }
    note(&api.root, page, |progress| &mut progress.labs);
    Ok(StatusCode::NO_CONTENT)
}

/// Adds the page to a list, unless it is there. Errors are ignored, because a missing tick does no harm, and the
/// verdicts report it if progress cannot be stored.
fn note(root: &path::Path, page: String, among: fn(&mut Progress) -> &mut BTreeSet<String>) {
    if !among(&mut Progress::load(root).0).contains(&page) {
        let _ = Progress::change_all(root, |progress| among(progress).extend([page]));
    }
}

/// Whether this is the path of a page, below `book/src` and without its extension, in exactly this spelling.
fn is_a_page(book: &path::Path, page: &str) -> bool {
    let plain =
        |part: &str| !part.is_empty() && part.chars().all(|sign| sign.is_ascii_alphanumeric() || "-_".contains(sign));
    page.split('/').all(plain) && book.join(format!("{page}.md")).is_file()
}
