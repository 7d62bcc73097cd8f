//! Tells when an exercise's files are written.

use std::{path::Path, time::Duration};

use notify::{Config, PollWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

/// How often files are looked at where the system does not tell.
const INTERVAL: Duration = Duration::from_secs(1);
/// An editor writes a file in several steps; they count as one while they follow each other as quickly as this.
const SETTLED: Duration = Duration::from_millis(80);

/// Changes below one folder.
pub struct Changes {
    /// How it is noticed.
    pub how: How,
    changed: UnboundedReceiver<()>,
    _watcher: Box<dyn Watcher + Send>,
}

/// How changes are noticed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum How {
    /// The system tells of each.
    Watching,
    /// The files are looked at again and again: on a network drive, say, where the system does not tell.
    Polling,
}

impl Changes {
    /// Watches the folder, or looks at it every second if `polls`, or if the system cannot watch it.
    ///
    /// # Errors
    /// A sentence, if neither works.
    pub fn below(folder: &Path, polls: bool) -> Result<Self, String> {
        let watched = if polls { None } else { Self::watched(folder).ok() };
        watched.map_or_else(|| Self::polled(folder), Ok).map_err(|error: notify::Error| {
            format!("{} can neither be watched nor looked at: {error}", folder.display())
        })
    }

    /// Returns when something was written, and nothing more has been for a moment.
    pub async fn next(&mut self) {
        if self.changed.recv().await.is_none() {
            std::future::pending().await // the watcher lives as long as this, and holds the other end
        }
        while let Ok(Some(())) = tokio::time::timeout(SETTLED, self.changed.recv()).await {}
    }

    fn watched(folder: &Path) -> notify::Result<Self> {
        let (sender, changed) = mpsc::unbounded_channel();
        let watcher = notify::recommended_watcher(told(sender))?;
        Self::begun(folder, How::Watching, changed, watcher)
    }

    fn polled(folder: &Path) -> notify::Result<Self> {
        let (sender, changed) = mpsc::unbounded_channel();
        // Contents too: the time of a file is too coarse on some drives.
        let config = Config::default().with_poll_interval(INTERVAL).with_compare_contents(true);
        let watcher = PollWatcher::new(told(sender), config)?;
        Self::begun(folder, How::Polling, changed, watcher)
    }

    fn begun(
        folder: &Path,
        how: How,
        changed: UnboundedReceiver<()>,
        mut watcher: impl Watcher + Send + 'static,
    ) -> notify::Result<Self> {
        watcher.watch(folder, RecursiveMode::Recursive)?;
        Ok(Self { how, changed, _watcher: Box::new(watcher) })
    }
}

/// Whoever is told looks at the files themselves, so it does not matter what happened to them.
fn told(sender: UnboundedSender<()>) -> impl FnMut(notify::Result<notify::Event>) + Send + 'static {
    move |event| {
        if event.is_ok_and(|event| !event.kind.is_access()) {
            let _ = sender.send(()); // nobody listens any more: it is about to end
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[tokio::test]
    async fn a_save_is_noticed_either_way() {
        for polls in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("lib.rs");
            fs::write(&file, "first").unwrap();
            let mut changes = Changes::below(folder.path(), polls).unwrap();
            assert!(!polls || changes.how == How::Polling);
            fs::write(&file, "second").unwrap();
            changes.next().await;
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let error = Changes::below(&folder.path().join("gone"), false).err();
        assert!(error.is_none_or(|error| error.contains("gone")));
    }
}
