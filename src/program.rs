//! A program of this workspace: a lesson or an exercise, which the studio builds, starts, shows, restarts when its
//! files are saved, and ends.
//!
//! The last working build keeps running while the next one is built, and if that does not compile. All programs end
//! with the studio, even if it is killed, because that closes their standard input ([`loopback_serve::Parent`]).

mod ahead;
pub(crate) mod build;
mod gate;
pub(crate) mod group;
mod life;
mod running;

use std::{collections::BTreeMap, fs, path::Path, sync::Arc, time::Duration};

use loopback_serve::Ports;
use serde::Serialize;
use tokio::sync::{Notify, watch};

use ahead::Ahead;
pub use build::Units;
pub use gate::BuildPause;
use gate::Gate;
use life::Life;

/// The time for which a program runs without a visitor. The next request starts it again.
const UNSEEN: Duration = Duration::from_secs(60 * 60);

/// The time that a replaced program has to finish its answers.
const GRACE: Duration = Duration::from_secs(2);

/// The status of a program.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Status {
    /// The state of the latest build.
    #[serde(flatten)]
    pub state: State,
    /// The number of the running process. Each start gets the next number.
    pub serial: Option<u64>,
    /// Whether a request to this process was not answered in time.
    pub silent: bool,
    /// The ports on which it listens.
    #[serde(skip)]
    pub ports: Option<Ports>,
}

/// The state of a program's latest build, whether or not an earlier one still answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// No visitor has used it yet, or not for a long time.
    #[default]
    Absent,
    /// Cargo is building it, or waits for another cargo.
    Building {
        /// The progress of the build.
        #[serde(flatten)]
        units: Option<Units>,
        /// Whether another cargo is using the build folder.
        waits: bool,
    },
    /// It was built, but does not listen yet.
    Starting,
    /// It listens.
    Running,
    /// It cannot be built, did not start, or ended by itself.
    Failed {
        /// The message of the compiler, cargo or the program.
        words: String,
    },
}

/// The programs of one workbook.
#[derive(Clone)]
pub struct Programs {
    all: Arc<BTreeMap<String, Program>>,
    gate: Gate,
    ahead: Ahead,
}

/// One of the programs. Clones share it.
#[derive(Clone)]
pub struct Program {
    status: watch::Sender<Status>,
    looks: Arc<watch::Sender<usize>>,
    /// Notified when the program must be started again.
    again: Arc<Notify>,
}

impl Programs {
    /// Creates the programs of the lessons and exercises in the workbook at `root`. `framed_by` are the pages that may
    /// show an inspector in a frame.
    ///
    /// A program is built when it is used first. Dropping the last clone ends all programs.
    pub fn of(root: &Path, framed_by: &str) -> Self {
        let gate = Gate::default();
        let start = |(name, folder): (String, _)| {
            let program = Life::begin(root.to_owned(), name.clone(), folder, framed_by.to_owned(), gate.clone());
            (name, program)
        };
        let all = folders(root).into_iter().map(start).collect();
        Self { all: Arc::new(all), ahead: Ahead::begin(root.to_owned(), gate.clone()), gate }
    }

    /// Returns the program of the package with this name, such as `lesson-1`.
    pub fn get(&self, name: &str) -> Option<&Program> {
        self.all.get(name)
    }

    /// Stops the builds of programs for a verdict until the result is dropped, because two builds would wait for each
    /// other. A build that is running is aborted, and started again later.
    pub fn give_way(&self) -> BuildPause {
        self.gate.for_a_verdict()
    }

    /// Builds the checks of this program and then the program itself, while no other build is needed, because the
    /// learner is about to use it.
    pub fn build_ahead(&self, name: &str) {
        if self.all.contains_key(name) {
            self.ahead.add(name);
        }
    }
}

impl Program {
    /// Returns its current status.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// Returns a receiver of each change of [`Program::status`].
    pub fn changes(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// Notes that the process with this number has not answered a request in time. It counts as silent until it is
    /// started again, because an endless loop continues.
    pub fn is_silent(&self, serial: Option<u64>) {
        self.status.send_if_modified(|status| {
            let is_news = status.serial == serial && !status.silent;
            status.silent |= is_news;
            is_news
        });
    }

    /// Builds the program and starts it again, if it is running or has failed. It may have ended by itself, or a
    /// missing file may exist now.
    pub fn start_again(&self) {
        self.again.notify_waiters();
    }

    /// Marks the program as in use until the result is dropped, and builds and starts it if needed.
    pub fn look(&self) -> Look {
        self.looks.send_modify(|looks| *looks += 1);
        Look(self.looks.clone())
    }
}

/// A use of a program. The program counts as unused when all of its uses are dropped.
pub struct Look(Arc<watch::Sender<usize>>);

impl Drop for Look {
    fn drop(&mut self) {
        self.0.send_modify(|looks| *looks -= 1);
    }
}

/// Returns the packages' names and folders: `lessons/1-basics` is `lesson-1`. An exercise whose folder is missing is
/// included, because it may be restored.
fn folders(root: &Path) -> BTreeMap<String, std::path::PathBuf> {
    let mut found = BTreeMap::new();
    for (parent, kind) in [("lessons", "lesson"), ("src/stubs", "exercise"), ("exercises", "exercise")] {
        for entry in fs::read_dir(root.join(parent)).into_iter().flatten().flatten() {
            let folder = entry.file_name().to_string_lossy().into_owned();
            let number = folder.split_once('-').and_then(|(number, _)| number.parse::<u8>().ok());
            let place = root.join(format!("{kind}s")).join(folder);
            found.extend(number.map(|number| (format!("{kind}-{number}"), place.clone())));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_process_that_was_asked_counts_as_silent_and_that_is_reported_once() {
        let status = watch::Sender::new(Status { serial: Some(2), ..Status::default() });
        let program = Program { status, looks: Arc::new(watch::Sender::new(0)), again: Arc::default() };
        let mut changes = program.changes();
        let mut silent_after = |serial| {
            program.is_silent(Some(serial));
            let is_news = changes.has_changed().unwrap();
            (changes.borrow_and_update().silent, is_news)
        };
        assert_eq!([1, 2, 2, 1].map(&mut silent_after), [(false, false), (true, true), (true, false), (true, false)]);
    }

    #[test]
    fn a_program_is_in_use_until_each_use_is_dropped() {
        let program = Program { status: <_>::default(), looks: Arc::new(watch::Sender::new(0)), again: Arc::default() };
        let looks = || *program.looks.borrow();
        let uses = [program.look(), program.look()];
        assert_eq!(looks(), 2);
        drop(uses);
        assert_eq!(looks(), 0);
    }
}
