//! Changes on disk that all windows need, checked once for all of them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use verdict::progress::Progress;

use crate::{exercise::Exercise, watch::Changes};

/// The state as hashes. A window then requests the parts that have changed.
#[derive(Clone, Default, PartialEq, Serialize)]
pub(super) struct Now {
    exercises: BTreeMap<u8, Known>,
    /// A hash of the reader's progress.
    progress: String,
}

/// One exercise.
#[derive(Clone, PartialEq, Serialize)]
struct Known {
    /// The hash of the current files, or `None` while they cannot be read.
    files: Option<String>,
    /// A sentence that names a missing part, if there is one. Cargo builds nothing then.
    broken: Option<String>,
    /// The hash of the files that the last verdict was on.
    judged: Option<String>,
    /// A hash of the verdict and the hints.
    reached: String,
}

/// The source of changes, to which windows subscribe. Clones share it. While nobody subscribes, nothing is checked.
#[derive(Clone)]
pub(super) struct News {
    root: Arc<PathBuf>,
    sender: Arc<Mutex<Option<watch::Sender<Now>>>>,
}

impl News {
    pub(super) fn of(root: Arc<PathBuf>) -> Self {
        Self { root, sender: Arc::default() }
    }

    /// Subscribes to the current state, and to each change of it.
    pub(super) fn listen(&self) -> watch::Receiver<Now> {
        let mut current = self.sender();
        if let Some(sender) = &*current {
            return sender.subscribe();
        }
        // The watch starts before the read, so that no change is missed between the two.
        let changes = ["exercises", ".workbook"].map(|part| Changes::below(&self.root.join(part), false));
        let (sender, receiver) = watch::channel(Now::of(&self.root));
        *current = Some(sender.clone());
        tokio::spawn(self.clone().look(changes, sender));
        receiver
    }

    /// Checks the files when they may have changed, until nobody subscribes.
    async fn look(self, [mut exercises, mut progress]: [Changes; 2], sender: watch::Sender<Now>) {
        while !self.is_over(&sender) {
            tokio::select! {
                () = exercises.next() => {}
                () = progress.next() => {}
                () = sender.closed() => continue,
            }
            let now = Now::of(&self.root);
            sender.send_if_modified(|last| std::mem::replace(last, now.clone()) != now);
        }
    }

    /// Whether the last subscriber has left. The next one starts a new check.
    fn is_over(&self, sender: &watch::Sender<Now>) -> bool {
        let mut current = self.sender();
        let is_over = sender.receiver_count() == 0;
        if is_over {
            *current = None;
        }
        is_over
    }

    fn sender(&self) -> MutexGuard<'_, Option<watch::Sender<Now>>> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Now {
    fn of(root: &Path) -> Self {
        let progress = Progress::load(root).0;
        // A broken README is reported by the requests that need it.
        let all = Exercise::all(root).unwrap_or_default();
        let exercises = all.iter().map(|exercise| (exercise.number, Known::of(exercise, &progress))).collect();
        Self { exercises, progress: hash(&progress) }
    }
}

impl Known {
    fn of(exercise: &Exercise, progress: &Progress) -> Self {
        let reached = progress.of(&exercise.id);
        let hash = hash(&reached);
        let judged = reached.verdict.map(|(_, hash)| hash);
        Self { files: exercise.hash().ok(), broken: exercise.broken(), judged, reached: hash }
    }
}

fn hash(what: &impl Serialize) -> String {
    let text = serde_json::to_vec(what).unwrap_or_default();
    Sha256::digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_look_at_the_files_serves_all_listeners_and_without_them_there_is_none() {
        let root = tempfile::tempdir().unwrap();
        let news = News::of(Arc::new(root.path().to_owned()));
        let mut windows = [news.listen(), news.listen()];
        assert_eq!(news.sender().as_ref().unwrap().receiver_count(), 2);
        Progress::change_all(root.path(), |progress| progress.pages.extend(["introduction".to_owned()]));
        for window in &mut windows {
            window.changed().await.unwrap();
            assert!(*window.borrow_and_update() == Now::of(root.path()));
        }
        drop(windows);
        while news.sender().is_some() {
            tokio::task::yield_now().await;
        }
        assert!(*news.listen().borrow() == Now::of(root.path()), "the next subscriber starts a new check");
    }
}
