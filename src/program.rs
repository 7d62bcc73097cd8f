//! A program of this workspace: a lesson or an exercise, which the studio builds, starts, shows, restarts when its
//! files are saved, and ends.
//!
//! The last good one stays up while the next is built, and when that does not compile. All of them end with the studio,
//! however it ends: their standard input is closed then ([`loopback_serve::Parent`]).

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
use gate::Gate;
pub use gate::GivenWay;
use life::Life;

/// A program that nobody has looked at for this long is ended. The next look starts it again.
const UNSEEN: Duration = Duration::from_secs(60 * 60);

/// How long a program that is replaced may take to finish its answers.
const GRACE: Duration = Duration::from_secs(2);

/// What is known about a program.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Status {
    /// What is happening.
    #[serde(flatten)]
    pub state: State,
    /// The number of the one that answers now: each start gives the next.
    pub serial: Option<u64>,
    /// Where it listens.
    #[serde(skip)]
    pub ports: Option<Ports>,
}

/// What is happening with a program, whether or not an earlier build of it still answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// Nobody has looked at it yet, or not for long.
    #[default]
    Absent,
    /// Cargo is at work, or waits for another cargo.
    Building {
        /// How far it is.
        #[serde(flatten)]
        units: Option<Units>,
        /// Another cargo has the build folder.
        waits: bool,
    },
    /// It was built, and does not listen yet.
    Starting,
    /// It listens.
    Running,
    /// It cannot be built, did not start, or ended by itself.
    Failed {
        /// What the compiler, cargo or the program said.
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

/// One of them. Clones are the same one.
#[derive(Clone)]
pub struct Program {
    status: watch::Receiver<Status>,
    looks: Arc<watch::Sender<usize>>,
    /// Told when it is to be started again.
    again: Arc<Notify>,
}

impl Programs {
    /// The lessons and exercises that lie in the workbook at `root`. `framed_by` are the pages that may show an inspector
    /// in a frame.
    ///
    /// Nothing is built before somebody looks. Dropping the last clone ends them all.
    pub fn of(root: &Path, framed_by: &str) -> Self {
        let gate = Gate::default();
        let start = |(name, folder): (String, _)| {
            let program = Life::begin(root.to_owned(), name.clone(), folder, framed_by.to_owned(), gate.clone());
            (name, program)
        };
        let all = folders(root).into_iter().map(start).collect();
        Self { all: Arc::new(all), ahead: Ahead::begin(root.to_owned(), gate.clone()), gate }
    }

    /// The program of this package name, such as `lesson-1`.
    pub fn get(&self, name: &str) -> Option<&Program> {
        self.all.get(name)
    }

    /// A verdict is asked for: no program is built as long as what this returns is kept, since two builds would wait for
    /// each other. What is being built is broken off, and built later.
    pub fn give_way(&self) -> GivenWay {
        self.gate.for_a_verdict()
    }

    /// The learner is about to look at this one: builds its checks and then it, while nobody waits for another build.
    pub fn build_ahead(&self, name: &str) {
        if self.all.contains_key(name) {
            self.ahead.add(name);
        }
    }
}

impl Program {
    /// What is known about it now.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// Tells each change of [`Program::status`].
    pub fn changes(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Builds it and starts it again, if it is running or has failed: it may have ended by itself, or for want of something
    /// that is there now.
    pub fn start_again(&self) {
        self.again.notify_waiters();
    }

    /// Counts as a look at the program as long as what this returns is kept: builds and starts it if needed.
    pub fn look(&self) -> Look {
        self.looks.send_modify(|looks| *looks += 1);
        Look(self.looks.clone())
    }
}

/// A look at a program.
pub struct Look(Arc<watch::Sender<usize>>);

impl Drop for Look {
    fn drop(&mut self) {
        self.0.send_modify(|looks| *looks -= 1);
    }
}

/// The packages' names and folders: `lessons/1-basics` is `lesson-1`.
fn folders(root: &Path) -> Vec<(String, std::path::PathBuf)> {
    let mut found = Vec::new();
    for (parent, kind) in [("lessons", "lesson"), ("exercises", "exercise")] {
        for entry in fs::read_dir(root.join(parent)).into_iter().flatten().flatten() {
            let folder = entry.file_name().to_string_lossy().into_owned();
            let number = folder.split_once('-').and_then(|(number, _)| number.parse::<u8>().ok());
            found.extend(number.map(|number| (format!("{kind}-{number}"), entry.path())));
        }
    }
    found
}
