//! What the panel beside the book asks for. Only the book's own pages may do more than read.

use std::{convert::Infallible, path::PathBuf, sync::Arc};

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, State},
    http::{StatusCode, header::CONTENT_TYPE},
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use checks::{CheckReport, Verdict, progress::Progress};
use futures_util::stream;
use serde::Serialize;
use session_inspector::same_origin_only;
use tokio::{
    sync::{Mutex, mpsc},
    task::AbortHandle,
};

use crate::{
    check::{self, Event},
    exercise::Exercise,
    program::{Programs, Units},
    report,
    solution::Solved,
};

#[derive(Clone)]
struct Api {
    root: Arc<PathBuf>,
    programs: Programs,
    /// The run under way. A new one ends it: two at once would wait for the same build folder.
    running: Arc<Mutex<Option<AbortHandle>>>,
}

/// A line of a run, in the order it happens.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line {
    Compiling {
        #[serde(flatten)]
        units: Option<Units>,
    },
    Waiting {
        reason: &'static str,
    },
    Checked {
        number: usize,
        requirement: String,
        passed: bool,
    },
    Verdict {
        passed: bool,
        html: String,
        note: Option<String>,
    },
    Failed {
        reason: String,
    },
}

pub(crate) fn routes(root: PathBuf, programs: Programs) -> Router {
    let api = Api { root: Arc::new(root), programs, running: Arc::default() };
    Router::new()
        .route("/exercises/{number}", get(latest))
        .route("/exercises/{number}/check", post(run))
        .route("/programs/{name}", get(status).post(start_again))
        .fallback(async || (StatusCode::NOT_FOUND, "The API has no such address.\n"))
        .layer(middleware::from_fn(same_origin_only))
        .with_state(api)
}

/// The latest verdict, if there is one.
async fn latest(State(api): State<Api>, Path(which): Path<String>) -> Response {
    let exercise = match Exercise::find(&api.root, &which) {
        Ok(exercise) => exercise,
        Err(reason) => return (StatusCode::NOT_FOUND, reason).into_response(),
    };
    let (progress, note) = Progress::load(&api.root);
    let html = progress.of(&exercise.id).verdict.map(|(verdict, on)| {
        let changed_since = exercise.hash().ok() != Some(on);
        shown(&api.root, &exercise, &verdict, changed_since)
    });
    Json(serde_json::json!({ "title": exercise.brief.title, "html": html, "note": note })).into_response()
}

/// Runs the checks; each line of the answer is a JSON object, sent as it happens. Who hangs up ends the run.
async fn run(State(api): State<Api>, Path(which): Path<String>) -> Response {
    let exercise = match Exercise::find(&api.root, &which) {
        Ok(exercise) => exercise,
        Err(reason) => return (StatusCode::NOT_FOUND, reason).into_response(),
    };
    let (sender, receiver) = mpsc::unbounded_channel();
    let root = api.root.clone();
    let given_way = api.programs.give_way();
    let task = tokio::spawn(async move {
        checked(&root, &exercise, &sender).await;
        drop(given_way);
    });
    let handle = task.abort_handle();
    if let Some(earlier) = api.running.lock().await.replace(handle.clone()) {
        earlier.abort();
    }
    let lines = stream::unfold((receiver, EndWith(handle)), |(mut receiver, end)| async move {
        let line: Line = receiver.recv().await?;
        let text = serde_json::to_string(&line).unwrap_or_default();
        Some((Ok::<_, Infallible>(format!("{text}\n")), (receiver, end)))
    });
    ([(CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response()
}

/// What is known of a program. Nobody looks at it by asking this.
async fn status(State(api): State<Api>, Path(name): Path<String>) -> Response {
    match api.programs.get(&name) {
        Some(program) => Json(program.status()).into_response(),
        None => no_such_program(&name),
    }
}

async fn start_again(State(api): State<Api>, Path(name): Path<String>) -> Response {
    let Some(program) = api.programs.get(&name) else { return no_such_program(&name) };
    program.start_again();
    StatusCode::NO_CONTENT.into_response()
}

fn no_such_program(name: &str) -> Response {
    (StatusCode::NOT_FOUND, format!("there is no program {name}\n")).into_response()
}

/// A run that nobody listens to any more ends.
struct EndWith(AbortHandle);

impl Drop for EndWith {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn checked(root: &std::path::Path, exercise: &Exercise, lines: &mpsc::UnboundedSender<Line>) {
    // A send fails only when nobody listens, and then this task ends.
    let tell = |line| drop(lines.send(line));
    // Taken before, so that a save meanwhile counts as a change.
    let hash = exercise.hash().unwrap_or_default();
    let outcome = check::check(root, exercise, None, |event| {
        tell(match event {
            Event::Compiling(units) => Line::Compiling { units },
            Event::Waiting => Line::Waiting { reason: report::WAITING },
            Event::Checked(report) => line(report),
        });
    });
    match outcome.await {
        Ok(verdict) => tell(kept(root, exercise, verdict, hash)),
        Err(reason) => tell(Line::Failed { reason }),
    }
}

fn line(report: CheckReport) -> Line {
    let passed = report.passed();
    Line::Checked { number: report.number, requirement: report.requirement, passed }
}

fn kept(root: &std::path::Path, exercise: &Exercise, verdict: Verdict, hash: String) -> Line {
    let passed = verdict.passed();
    let note = Progress::change(root, &exercise.id, |reached| reached.judge(verdict.clone(), hash));
    Line::Verdict { passed, html: shown(root, exercise, &verdict, false), note }
}

/// The verdict as the panel shows it, after a pass with what there is to say then.
fn shown(root: &std::path::Path, exercise: &Exercise, verdict: &Verdict, changed_since: bool) -> String {
    // Without the other exercises or the solution the verdict is as true.
    let all = Exercise::all(root).unwrap_or_default();
    let solved = Solved::of(root, exercise).ok().filter(|_| verdict.passed());
    let passed = solved.map(|solved| (solved, Exercise::next(&all, &Progress::load(root).0, exercise.number)));
    report::html(exercise, verdict, changed_since, passed)
}
