//! What a failed check did, exchange by exchange, as the session inspector shows it.

use std::{path::PathBuf, sync::Arc};

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use session_inspector::{StoryStep, story};
use verdict::{CheckReport, Outcome, Step, Verdict, progress::Progress};

use crate::exercise::Exercise;

#[derive(Clone)]
struct Stories {
    root: Arc<PathBuf>,
    /// The origin whose pages may show a story in a frame.
    book: String,
}

pub(super) fn routes(root: PathBuf, book: String) -> Router {
    Router::new().route("/{exercise}/{check}", get(told)).with_state(Stories { root: Arc::new(root), book })
}

/// The story of this check, if the last verdict on the exercise says that it has failed.
async fn told(State(Stories { root, book }): State<Stories>, Path((which, number)): Path<(String, usize)>) -> Response {
    let exercise = match Exercise::find(&root, &which) {
        Ok(exercise) => exercise,
        Err(reason) => return (StatusCode::NOT_FOUND, reason).into_response(),
    };
    let reached = Progress::load(&root).0.of(&exercise.id);
    let check = reached.verdict.and_then(|(verdict, _)| check(verdict, number));
    match check.as_ref().map(|check| &check.outcome) {
        Some(Outcome::Failed(failure)) => {
            let steps: Vec<_> = failure.steps.iter().map(step).collect();
            story(&format!("What check {number} did"), &steps, &book)
        }
        _ => {
            (StatusCode::NOT_FOUND, format!("Check {number} of {} has not failed.\n", exercise.name())).into_response()
        }
    }
}

fn check(verdict: Verdict, number: usize) -> Option<CheckReport> {
    let Verdict::Report(report) = verdict else { return None };
    report.checks.into_iter().find(|check| check.number == number)
}

/// A step as the inspector saw it. A step of an earlier workbook, or one without a request, is told in words.
fn step(step: &Step) -> StoryStep {
    let exchange = step.exchange.as_ref().and_then(|exchange| serde_json::from_str(exchange).ok());
    exchange.map_or_else(|| StoryStep::Words(words(step)), StoryStep::Exchange)
}

fn words(Step { who, method, path, answer, .. }: &Step) -> String {
    [who, method, path, answer].map(String::as_str).join(" ").trim().to_owned()
}
