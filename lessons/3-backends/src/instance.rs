//! Copies of the app, each a process of its own, over one store.

use std::{env, process::Stdio, sync::Arc};

use serde::Serialize;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    sync::Mutex,
};

/// What the child processes are told: which store to open.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The address of the store.
    pub store: String,
    /// The address of a cache before it.
    pub cache: Option<String>,
}

/// The copies of the app. Clones are the same ones; when the last is dropped, the processes end.
#[derive(Clone)]
pub struct Instances {
    launch: Arc<Launch>,
    ports: Arc<[u16]>,
    processes: Arc<[Mutex<Option<Child>>]>,
}

/// One copy, for a page to tell of.
#[derive(Debug, Serialize)]
pub struct State {
    number: usize,
    port: u16,
    running: bool,
}

impl Instances {
    /// Starts this many copies, each on a free port, and comes back when all of them listen.
    ///
    /// # Errors
    /// One of them did not start, and why.
    pub async fn launch(launch: Launch, count: usize) -> Result<Self, String> {
        let mut ports = Vec::new();
        let mut processes = Vec::new();
        for number in 1..=count {
            let (port, process) = spawn(&launch, number, 0).await?;
            ports.push(port);
            processes.push(Mutex::new(Some(process)));
        }
        Ok(Self { launch: Arc::new(launch), ports: ports.into(), processes: processes.into() })
    }

    /// The port of each, whether it runs or not.
    pub fn ports(&self) -> &[u16] {
        &self.ports
    }

    /// All of them.
    pub async fn state(&self) -> Vec<State> {
        let mut all = Vec::new();
        for (place, (port, process)) in self.ports.iter().zip(self.processes.iter()).enumerate() {
            let running = process.lock().await.as_mut().is_some_and(|process| matches!(process.try_wait(), Ok(None)));
            all.push(State { number: place + 1, port: *port, running });
        }
        all
    }

    /// Ends one as a crash does. Nothing happens to one that has ended.
    ///
    /// # Errors
    /// There is none of this number.
    pub async fn kill(&self, number: usize) -> Result<(), String> {
        if let Some(mut process) = self.process(number)?.lock().await.take() {
            process.kill().await.map_err(|error| format!("instance {number} cannot be ended: {error}"))?;
        }
        Ok(())
    }

    /// Starts one again, on its port. Nothing happens to one that runs.
    ///
    /// # Errors
    /// There is none of this number, or it does not start.
    pub async fn start(&self, number: usize) -> Result<(), String> {
        let mut process = self.process(number)?.lock().await;
        if process.as_mut().is_none_or(|process| !matches!(process.try_wait(), Ok(None))) {
            *process = Some(spawn(&self.launch, number, self.ports[number - 1]).await?.1);
        }
        Ok(())
    }

    fn process(&self, number: usize) -> Result<&Mutex<Option<Child>>, String> {
        let found = number.checked_sub(1).and_then(|place| self.processes.get(place));
        found.ok_or_else(|| format!("there is no instance {number}; there are {}", self.processes.len()))
    }
}

/// Starts this program again as one instance. It prints its port once it listens, and ends with its standard input:
/// so no instance outlives the front, however that one ends.
async fn spawn(launch: &Launch, number: usize, port: u16) -> Result<(u16, Child), String> {
    let not_started = |reason: String| format!("instance {number} did not start: {reason}");
    let program = env::current_exe().map_err(|error| not_started(error.to_string()))?;
    let mut command = Command::new(program);
    command.args(["--store", &launch.store, "--port", &port.to_string(), "--instance", &number.to_string()]);
    if let Some(cache) = &launch.cache {
        command.args(["--cache", cache]);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut process = command.spawn().map_err(|error| not_started(error.to_string()))?;
    let said: Option<Lines<BufReader<ChildStdout>>> = process.stdout.take().map(|out| BufReader::new(out).lines());
    let line = match said {
        Some(mut lines) => lines.next_line().await.ok().flatten(),
        None => None,
    };
    match line.and_then(|line| line.parse().ok()) {
        Some(port) => Ok((port, process)),
        None => Err(not_started("it ended before it listened; what it printed stands above".to_owned())),
    }
}
