//! The work that a process of the harness gives the next one. It comes on the standard input, where no other process
//! can read it, and is read before any of the answer's code runs.

use std::{
    env,
    io::{self, Write},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{
    Key, Miss, Outcome, Suite,
    run::{self, Played},
    system,
    trial::Log,
};

/// The work of a process.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Order {
    pub(crate) work: Work,
    pub(crate) seed: u64,
    /// Seals what comes back.
    pub(crate) key: Key,
    /// Where players leave what they saw.
    pub(crate) folder: PathBuf,
    /// How long a check may take, whatever it does.
    pub(crate) outer: Duration,
}

#[derive(Clone, Deserialize, Serialize)]
pub(crate) enum Work {
    /// Has all checks at these places played.
    Supervise(Vec<usize>),
    /// Plays the check at this place, and then sees whether the program stays up, if it may still do something.
    Play { place: usize, stays: bool },
    /// Plays on where another process has ended its server: see [`restart`](crate::restart).
    Resume(PathBuf),
}

impl Order {
    /// Gives it to this program, started once more. The new process lives no longer than this one.
    pub(crate) fn give(&self, prepare: impl FnOnce(&mut Command)) -> io::Result<Child> {
        let mut command = Command::new(env::current_exe()?);
        command.arg("--order").stdin(Stdio::piped()).stdout(Stdio::piped());
        prepare(&mut command);
        let mut process = command.spawn()?;
        if let Some(input) = &mut process.stdin {
            // If the process has already ended, its missing work shows that.
            let _ = writeln!(input, "{}", serde_json::to_string(self)?);
        }
        Ok(process)
    }

    /// The one that this process was given.
    pub(crate) fn taken() -> io::Result<Self> {
        system::end_with_parent();
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        let order = serde_json::from_str(&line)?;
        thread::spawn(end_with_the_one_who_gave_it);
        Ok(order)
    }

    /// A check that began and did not finish.
    pub(crate) fn broken_off(&self, suite: &Suite, place: usize, miss: Miss) -> Played {
        let failure = run::failure(suite, place, &Log::read(&self.steps_of(place)), miss, self.seed);
        let report = run::report(suite, place, Outcome::Failed(Box::new(failure)));
        Played { report, noticed: Vec::new(), hung: false }
    }

    /// Whether the check at `place` has sent a request.
    pub(crate) fn has_begun(&self, place: usize) -> bool {
        !Log::read(&self.steps_of(place)).sent().is_empty()
    }

    /// Where the player of the check at `place` leaves its report.
    pub(crate) fn report_of(&self, place: usize) -> PathBuf {
        self.folder.join(format!("{place}.sealed"))
    }

    /// Where it writes down what it sends.
    pub(crate) fn steps_of(&self, place: usize) -> PathBuf {
        self.folder.join(format!("{place}.steps"))
    }
}

/// The standard input stays open as long as the process that gave the order lives.
pub(crate) fn end_with_the_one_who_gave_it() {
    let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
    system::end_group();
    std::process::exit(3);
}
