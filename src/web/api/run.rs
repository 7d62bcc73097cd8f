//! A run of the checks, reported as it happens.

use std::{collections::BTreeMap, convert::Infallible, path, sync::Arc};

use axum::{
    body::Body,
    extract::{Path, State},
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use futures_util::stream;
use serde::Serialize;
use tokio::{
    sync::{Mutex, mpsc},
    task::AbortHandle,
};
use verdict::{CheckReport, Verdict, progress::Progress};

use super::{Api, Refused, state::Shown};
use crate::{
    check::{self, Event},
    exercise::Exercise,
    program::Units,
    report,
};

/// The reason why a run has not started.
const TURN: &str = "the checks of another exercise are running; yours begin when they end";

/// The current runs. A new run of the same exercise ends the earlier one, which is on an older answer. A run of another
/// exercise waits for its turn, because two at once would wait for the same build folder.
#[derive(Clone, Default)]
pub(super) struct Running {
    of: Arc<Mutex<BTreeMap<u8, AbortHandle>>>,
    turn: Arc<Mutex<()>>,
}

/// A line of a run, in the order of the events. A run that ends without a verdict or a reason was ended by another run
/// of the same exercise.
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
    Verdict(Box<Shown>),
    Failed {
        reason: String,
    },
}

/// Runs the checks. Each line of the answer is a JSON object, which is sent at once. Closing the connection ends the
/// run.
pub(super) async fn run(State(api): State<Api>, Path(which): Path<String>) -> Result<Response, Refused> {
    let exercise = api.exercise(&which)?;
    let (sender, receiver) = mpsc::unbounded_channel();
    let root = api.root.clone();
    let (number, given_way, turn) = (exercise.number, api.programs.give_way(), api.running.turn.clone());
    let mut running = api.running.of.lock().await;
    if let Some(earlier) = running.remove(&number) {
        earlier.abort();
    }
    let waits = running.values().any(|other| !other.is_finished());
    let task = tokio::spawn(async move {
        if waits {
            drop(sender.send(Line::Waiting { reason: TURN }));
        }
        let _turn = turn.lock().await;
        checked(&root, &exercise, &sender).await;
        drop(given_way);
    });
    let handle = task.abort_handle();
    running.insert(number, handle.clone());
    drop(running);
    let lines = stream::unfold((receiver, EndWith(handle)), |(mut receiver, end)| async move {
        let line: Line = receiver.recv().await?;
        let text = serde_json::to_string(&line).unwrap_or_default();
        Some((Ok::<_, Infallible>(format!("{text}\n")), (receiver, end)))
    });
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response())
}

/// Ends a run when it is dropped, because its connection is closed.
struct EndWith(AbortHandle);

impl Drop for EndWith {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn checked(root: &path::Path, exercise: &Exercise, lines: &mpsc::UnboundedSender<Line>) {
    // A send fails only after the connection has closed, and then this task ends.
    let tell = |line| drop(lines.send(line));
    // Computed before the run, so that a save in the meantime counts as a change.
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

fn kept(root: &path::Path, exercise: &Exercise, verdict: Verdict, hash: String) -> Line {
    let note = Progress::change(root, &exercise.id, |reached| reached.judge(verdict, hash));
    let mut shown = Shown::of(root, exercise);
    shown.note = note.or(shown.note);
    Line::Verdict(Box::new(shown))
}
