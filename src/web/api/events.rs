//! What has changed, told to each window that is looked at: one stream, whatever it shows.

use std::{collections::BTreeMap, convert::Infallible, path::Path, sync::Arc};

use axum::{
    extract::{Query, State},
    response::{
        IntoResponse,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use verdict::progress::Progress;

use super::Api;
use crate::{
    exercise::Exercise,
    program::{Program, Status},
    watch::Changes,
};

/// What a window shows.
#[derive(Deserialize)]
pub(super) struct About {
    program: Option<String>,
}

/// All that a window has to know, as hashes: it asks for what has changed. It is told whole each time, so that a window
/// that was away has missed nothing.
#[derive(Clone, Default, PartialEq, Serialize)]
struct Now {
    exercises: BTreeMap<u8, Known>,
    /// The program that the window shows, if it shows one.
    program: Option<Status>,
    /// What was read and reached, all of it.
    progress: String,
}

/// One exercise.
#[derive(Clone, PartialEq, Serialize)]
struct Known {
    /// The files as they are; nothing while they cannot be read.
    files: Option<String>,
    /// The files that the last verdict was given on.
    judged: Option<String>,
    /// The verdict and the hints.
    reached: String,
}

/// An event at once, and one whenever something has changed; it ends with the connection.
pub(super) async fn events(State(api): State<Api>, Query(about): Query<About>) -> impl IntoResponse {
    let program = about.program.and_then(|name| api.programs.get(&name).map(Program::changes));
    let told = stream::unfold(Listener::new(api.root, program), async |mut listener| {
        let now = listener.next().await;
        let event = Event::default().json_data(&now).unwrap_or_default();
        Some((Ok::<_, Infallible>(event), listener))
    });
    Sse::new(told).keep_alive(KeepAlive::default())
}

struct Listener {
    root: Arc<std::path::PathBuf>,
    answers: Changes,
    progress: Changes,
    program: Option<watch::Receiver<Status>>,
    told: Option<Now>,
}

impl Listener {
    fn new(root: Arc<std::path::PathBuf>, program: Option<watch::Receiver<Status>>) -> Self {
        let answers = Changes::below(&root.join("exercises"), false);
        let progress = Changes::below(&root.join(".workbook"), false);
        Self { root, answers, progress, program, told: None }
    }

    async fn next(&mut self) -> Now {
        loop {
            let program = self.program.as_mut().map(|program| program.borrow_and_update().clone());
            let now = Now { program, ..Now::of(&self.root) };
            if self.told.as_ref() != Some(&now) {
                self.told = Some(now.clone());
                return now;
            }
            tokio::select! {
                () = self.answers.next() => {}
                () = self.progress.next() => {}
                () = changed(&mut self.program) => {}
            }
        }
    }
}

/// Returns when there is another status; never, if no program is shown or the studio ends.
async fn changed(program: &mut Option<watch::Receiver<Status>>) {
    let is_other = match program {
        Some(program) => program.changed().await.is_ok(),
        None => false,
    };
    if !is_other {
        std::future::pending().await
    }
}

impl Now {
    fn of(root: &Path) -> Self {
        let progress = Progress::load(root).0;
        // A broken README is told where it is asked for.
        let all = Exercise::all(root).unwrap_or_default();
        let exercises = all.iter().map(|exercise| (exercise.number, Known::of(exercise, &progress))).collect();
        Self { exercises, program: None, progress: hash(&progress) }
    }
}

impl Known {
    fn of(exercise: &Exercise, progress: &Progress) -> Self {
        let reached = progress.of(&exercise.id);
        let hash = hash(&reached);
        Self { files: exercise.hash().ok(), judged: reached.verdict.map(|(_, hash)| hash), reached: hash }
    }
}

fn hash(what: &impl Serialize) -> String {
    let text = serde_json::to_vec(what).unwrap_or_default();
    Sha256::digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
