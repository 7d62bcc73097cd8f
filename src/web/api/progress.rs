//! How far the learner is, over the whole book.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde_json::{Value, json};
use verdict::{Verdict, progress::Progress};

use super::{Api, Refused, failed};
use crate::exercise::Exercise;

/// The pages that were read, and each exercise with its requirements.
pub(super) async fn progress(State(api): State<Api>) -> Result<Json<Value>, Refused> {
    let (progress, note) = Progress::load(&api.root);
    let exercises = Exercise::all(&api.root).map_err(failed)?;
    let exercises: Vec<_> = exercises.iter().map(|exercise| state(exercise, &progress)).collect();
    Ok(Json(json!({ "pages": progress.pages, "exercises": exercises, "note": note })))
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

/// Whether this is the path of a page, below `book/src` and without its ending, as the book spells it.
fn is_a_page(book: &std::path::Path, page: &str) -> bool {
    let plain =
        |part: &str| !part.is_empty() && part.chars().all(|sign| sign.is_ascii_alphanumeric() || "-_".contains(sign));
    page.split('/').all(plain) && book.join(format!("{page}.md")).is_file()
}
