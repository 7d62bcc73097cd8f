//! What has changed, told to each window that is looked at: one stream, whatever it shows.

use std::{collections::BTreeMap, convert::Infallible, path::Path, sync::Arc};

use axum::{
    extract::State,
    response::{
        IntoResponse,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;
use serde::Serialize;
use sha2::{Digest, Sha256};
use verdict::progress::Progress;

use super::Api;
use crate::{exercise::Exercise, watch::Changes};

/// All that a window has to know, as hashes: it asks for what has changed. It is told whole each time, so that a window
/// that was away has missed nothing.
#[derive(Clone, Default, PartialEq, Serialize)]
struct Now {
    exercises: BTreeMap<u8, Status>,
    /// What was read and reached, all of it.
    progress: String,
}

/// One exercise.
#[derive(Clone, PartialEq, Serialize)]
struct Status {
    /// The files as they are; nothing while they cannot be read.
    files: Option<String>,
    /// The files that the last verdict was given on.
    judged: Option<String>,
    /// The verdict and the hints.
    reached: String,
}

/// An event at once, and one whenever something has changed; it ends with the connection.
pub(super) async fn events(State(api): State<Api>) -> impl IntoResponse {
    let told = stream::unfold(Listener::new(api.root), async |mut listener| {
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
    told: Option<Now>,
}

impl Listener {
    fn new(root: Arc<std::path::PathBuf>) -> Self {
        let answers = Changes::below(&root.join("exercises"), false);
        let progress = Changes::below(&root.join(".workbook"), false);
        Self { root, answers, progress, told: None }
    }

    async fn next(&mut self) -> Now {
        loop {
            let now = Now::of(&self.root);
            if self.told.as_ref() != Some(&now) {
                self.told = Some(now.clone());
                return now;
            }
            tokio::select! {
                () = self.answers.next() => {}
                () = self.progress.next() => {}
            }
        }
    }
}

impl Now {
    fn of(root: &Path) -> Self {
        let progress = Progress::load(root).0;
        // A broken README is told where it is asked for.
        let all = Exercise::all(root).unwrap_or_default();
        let exercises = all.iter().map(|exercise| (exercise.number, Status::of(exercise, &progress))).collect();
        Self { exercises, progress: hash(&progress) }
    }
}

impl Status {
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
