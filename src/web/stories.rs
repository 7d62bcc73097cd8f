//! What a failed check did, exchange by exchange, as the session inspector shows it.

use std::{path::PathBuf, sync::Arc};

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderValue, StatusCode},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use loopback_serve::guarded;
use minijinja::{Environment, context, value::Serde};
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
        Some(Outcome::Failed(failure)) => story(&format!("What check {number} did"), &failure.steps, &book),
        _ => {
            (StatusCode::NOT_FOUND, format!("Check {number} of {} has not failed.\n", exercise.name())).into_response()
        }
    }
}

fn check(verdict: Verdict, number: usize) -> Option<CheckReport> {
    let Verdict::Report(report) = verdict else { return None };
    report.checks.into_iter().find(|check| check.number == number)
}

/// A page that only shows: there is no app behind it, so nothing can be sent from it, and no script runs on it. A step of
/// an earlier workbook, or one without a request, is told in words.
fn story(title: &str, steps: &[Step], book: &str) -> Response {
    let style = include_str!("../../lessons/inspector/assets/inspector.css");
    let page = Environment::new().render_named_str(
        "story.html",
        include_str!("../templates/story.html"),
        context! { title, style, steps => Serde(steps) },
    );
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors {book}"
    );
    let policy = HeaderValue::try_from(policy).expect("an origin fits into a header");
    guarded(Html(page.unwrap_or_else(|error| error.to_string())).into_response(), policy)
}
