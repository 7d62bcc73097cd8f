//! Reports when an exercise's files may have changed.

use std::{path::Path, time::Duration};

use notify::{RecursiveMode, Watcher};
use tokio::{
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    time::{sleep, timeout},
};

/// The interval at which the files are checked, even if the system reports changes. A network drive reports none, and a
/// folder that replaces the watched one is a different folder.
const INTERVAL: Duration = Duration::from_secs(1);
/// The pause after which changes are complete, because an editor writes a file in several steps.
const SETTLED: Duration = Duration::from_millis(20);

/// Changes below one folder.
pub struct Changes {
    /// The way in which changes are noticed.
    pub how: How,
    changed: UnboundedReceiver<()>,
    _watcher: Option<notify::RecommendedWatcher>,
}

/// The way in which changes are noticed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum How {
    /// The system reports each change.
    Watching,
    /// The files are checked every second.
    Polling,
}

impl Changes {
    /// Watches the folder, or polls it if `polls` is set or the system cannot watch it.
    pub fn below(folder: &Path, polls: bool) -> Self {
        let (sender, changed) = mpsc::unbounded_channel();
        let watcher = if polls { None } else { watcher(folder, sender).ok() };
        let how = if watcher.is_some() { How::Watching } else { How::Polling };
        Self { how, changed, _watcher: watcher }
    }

    /// Returns when it is time to check the files: a write has settled, or the last check was a second ago. The caller
    /// compares the files' hash to find out whether they have changed.
    pub async fn next(&mut self) {
        tokio::select! {
            Some(()) = self.changed.recv() => {}
            () = sleep(INTERVAL) => return,
        }
        while let Ok(Some(())) = timeout(SETTLED, self.changed.recv()).await {}
    }
}

fn watcher(folder: &Path, sender: UnboundedSender<()>) -> notify::Result<notify::RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !event.kind.is_access()) {
            let _ = sender.send(()); // an error only means that the watch is about to end
        }
    })?;
    watcher.watch(folder, RecursiveMode::Recursive)?;
    Ok(watcher)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[tokio::test]
    async fn a_save_is_noticed_if_the_system_reports_changes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lib.rs");
        fs::write(&file, "first").unwrap();
        let mut changes = Changes::below(folder.path(), false);
        if changes.how == How::Watching {
            fs::write(&file, "second").unwrap();
            assert_eq!(changes.changed.recv().await, Some(()));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_files_are_looked_at_also_where_no_folder_can_be_watched() {
        let folder = tempfile::tempdir().unwrap();
        for (below, polls) in [(folder.path().join("gone"), false), (folder.path().to_owned(), true)] {
            let mut changes = Changes::below(&below, polls);
            assert_eq!(changes.how, How::Polling);
            let begun = tokio::time::Instant::now();
            changes.next().await;
            assert_eq!(begun.elapsed(), INTERVAL);
        }
    }
}
