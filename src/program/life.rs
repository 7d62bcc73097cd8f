//! The life cycle of one program: absent, building, starting, running, failed, and again.

use std::{
    convert::Infallible,
    future::pending,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::{
    sync::{Notify, watch},
    time::sleep,
};
use verdict::answer;

use super::{
    GRACE, Program, State, Status, UNSEEN,
    build::{self, Built, Priority, Progress},
    gate::{Gate, Kind},
    running::Running,
};
use crate::watch::Changes;

/// The event that ends a state.
enum Next {
    /// Its files have changed, or the learner wants to start it again.
    Again,
    /// Nobody uses it any longer.
    Unseen,
    /// The studio ends.
    Over,
}

pub(super) struct Life {
    root: PathBuf,
    name: String,
    folder: PathBuf,
    framed_by: String,
    looks: watch::Receiver<usize>,
    again: Arc<Notify>,
    gate: Gate,
    status: watch::Sender<Status>,
    serial: u64,
    /// The last working build.
    running: Option<Running>,
}

impl Life {
    /// Creates a program that nobody has used yet. A separate task runs it until the [`Program`] is dropped.
    pub(super) fn begin(root: PathBuf, name: String, folder: PathBuf, framed_by: String, gate: Gate) -> Program {
        let ((looks, seen), status) = (watch::channel(0), watch::Sender::new(Status::default()));
        let (serial, running, again) = (0, None, Arc::<Notify>::default());
        let wanted = again.clone();
        let sender = status.clone();
        let life =
            Self { root, name, folder, framed_by, looks: seen, again: wanted, gate, status: sender, serial, running };
        tokio::spawn(life.live());
        Program { status, looks: Arc::new(looks), again }
    }

    async fn live(mut self) {
        while self.looks.wait_for(|looks| *looks > 0).await.is_ok() {
            loop {
                match self.up().await {
                    Next::Again => {}
                    Next::Unseen => break,
                    Next::Over => return,
                }
            }
            self.stop();
            self.tell(State::Absent);
        }
    }

    /// Builds and starts the program, if that is possible. Returns the next event.
    async fn up(&mut self) -> Next {
        let (mut changes, hash) = (Changes::below(&self.folder, false), self.hash());
        let begun = tokio::select! {
            begun = self.begun() => begun,
            () = changed(&self.folder, &hash, &mut changes) => return Next::Again,
        };
        match begun {
            Ok(running) => self.now(running),
            Err(words) => self.tell(State::Failed { words }),
        }
        let (mut looks, again) = (self.looks.clone(), self.again.clone());
        let folder = self.folder.clone();
        tokio::select! {
            () = again.notified() => Next::Again,
            () = changed(&folder, &hash, &mut changes) => Next::Again,
            is_over = unseen(&mut looks) => if is_over { Next::Over } else { Next::Unseen },
            never = self.until_it_ends() => match never {},
        }
    }

    /// Reports if a program has ended by itself. It never returns, so that the caller still waits for a save or a
    /// request.
    async fn until_it_ends(&mut self) -> Infallible {
        if let Some(running) = &mut self.running {
            let words = running.ended().await;
            self.stop();
            self.tell(State::Failed { words });
        }
        pending().await
    }

    fn now(&mut self, running: Running) {
        self.serial += 1;
        let (serial, ports) = (Some(self.serial), Some(running.ports));
        self.status.send_replace(Status { state: State::Running, serial, silent: false, ports });
        if let Some(earlier) = self.running.replace(running) {
            tokio::spawn(retired(earlier));
        }
    }

    /// Starts the program. Both ports are known when this returns.
    async fn begun(&self) -> Result<Running, String> {
        let arguments = ["build", "-p", &self.name, "--bin", &self.name];
        let report = |progress| {
            self.tell(match progress {
                Progress::Compiling(units) => State::Building { units, waits: false },
                Progress::Waiting => State::Building { units: None, waits: true },
            });
        };
        let build = || build::build(&self.root, &arguments, &self.name, &self.name, Priority::Normal, &report);
        match self.gate.build(Kind::Program, build).await? {
            Built::DoesNotCompile(errors) => Err(errors.join("\n\n")),
            Built::Program(path) => {
                self.tell(State::Starting);
                Running::start(&path, &self.root, &self.framed_by).await
            }
        }
    }

    fn stop(&mut self) {
        self.running = None;
        self.status.send_modify(|status| (status.serial, status.silent, status.ports) = (None, false, None));
    }

    fn tell(&self, state: State) {
        self.status.send_modify(|status| status.state = state);
    }

    fn hash(&self) -> String {
        answer::hash(&self.folder).unwrap_or_default()
    }
}

/// Ends a replaced program after the time to finish its answers.
async fn retired(earlier: Running) {
    sleep(GRACE).await;
    drop(earlier);
}

/// Returns when the hash of the files has changed.
async fn changed(folder: &Path, hash: &str, changes: &mut Changes) {
    loop {
        changes.next().await;
        if answer::hash(folder).is_ok_and(|now| now != hash) {
            return;
        }
    }
}

/// Returns `false` when nobody has used the program for a long time, or `true` when nobody can use it any longer.
async fn unseen(looks: &mut watch::Receiver<usize>) -> bool {
    loop {
        if looks.wait_for(|looks| *looks == 0).await.is_err() {
            return true;
        }
        tokio::select! {
            () = sleep(UNSEEN) => return false,
            look = looks.changed() => if look.is_err() { return true },
        }
    }
}
