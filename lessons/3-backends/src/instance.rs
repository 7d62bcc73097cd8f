//! Instances of the app, each in a process of its own, with one store.

mod refusal;

use std::{env, process::Stdio, sync::Arc, time::Duration};

use serde::Serialize;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    sync::Mutex,
    time::timeout,
};

pub use refusal::Refusal;

/// The maximum time for the start of an instance. A store that takes longer to open is unreachable.
const START: Duration = Duration::from_secs(30);

/// The options for the child processes, such as the store to open.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The address of the store.
    pub store: String,
    /// The address of a cache in front of the store.
    pub cache: Option<String>,
    /// Further arguments for each instance.
    pub more: Vec<String>,
}

/// The instances of the app. Clones share them. When the last clone is dropped, the processes end.
#[derive(Clone)]
pub struct Instances {
    launch: Arc<Launch>,
    ports: Arc<[u16]>,
    processes: Arc<[Mutex<Option<Child>>]>,
}

/// One instance, as the page shows it.
#[derive(Debug, Serialize)]
pub struct State {
    number: usize,
    port: u16,
    /// The process ID, while the instance runs.
    process: Option<u32>,
}

impl Instances {
    /// Starts `count` instances, each on a free port. Returns when all of them listen.
    ///
    /// # Errors
    /// One of them did not start. The error gives the reason.
    pub async fn launch(launch: Launch, count: usize) -> Result<Self, Refusal> {
        let mut ports = Vec::new();
        let mut processes = Vec::new();
        for number in 1..=count {
            let (port, process) = spawn(&launch, number, 0).await?;
            ports.push(port);
            processes.push(Mutex::new(Some(process)));
        }
        Ok(Self { launch: Arc::new(launch), ports: ports.into(), processes: processes.into() })
    }

    /// Returns the port of each instance, whether it runs or not.
    pub fn ports(&self) -> &[u16] {
        &self.ports
    }

    /// Returns the state of all instances.
    pub async fn state(&self) -> Vec<State> {
        let mut all = Vec::new();
        for (place, (port, process)) in self.ports.iter().zip(self.processes.iter()).enumerate() {
            let mut process = process.lock().await;
            all.push(State { number: place + 1, port: *port, process: process.as_mut().and_then(running) });
        }
        all
    }

    /// Kills an instance, as a crash would. Does nothing if it has already ended.
    ///
    /// # Errors
    /// There is no instance with this number, or its process cannot be ended.
    pub async fn kill(&self, number: usize) -> Result<(), Refusal> {
        if let Some(mut process) = self.process(number)?.lock().await.take() {
            process.kill().await.map_err(|error| Refusal::Failed {
                what: format!("instance {number} cannot be ended"),
                reason: error.to_string(),
            })?;
        }
        Ok(())
    }

    /// Starts an instance again, on its port. Does nothing if it runs.
    ///
    /// # Errors
    /// There is no instance with this number, its port is taken, or it does not start.
    pub async fn start(&self, number: usize) -> Result<(), Refusal> {
        let mut process = self.process(number)?.lock().await;
        if process.as_mut().and_then(running).is_none() {
            let port = self.ports[number - 1];
            let (listens_at, started) = spawn(&self.launch, number, port).await?;
            // It took the next free port, where the load balancer does not send requests. It ends here.
            if listens_at != port {
                return Err(Refusal::PortTaken { number, port });
            }
            *process = Some(started);
        }
        Ok(())
    }

    fn process(&self, number: usize) -> Result<&Mutex<Option<Child>>, Refusal> {
        let found = number.checked_sub(1).and_then(|place| self.processes.get(place));
        found.ok_or(Refusal::NoSuchInstance { number, count: self.processes.len() })
    }
}

/// Returns the process ID of a running instance, or `None` once `try_wait` has noticed its end.
fn running(process: &mut Child) -> Option<u32> {
    process.try_wait().ok()?;
    process.id()
}

/// Starts this program again as one instance. The instance prints its port once it listens, and ends when its standard
/// input is closed. So no instance outlives the load balancer, even after a crash.
async fn spawn(launch: &Launch, number: usize, port: u16) -> Result<(u16, Child), Refusal> {
    let program = env::current_exe().map_err(|error| Refusal::not_started(number, error))?;
    let mut command = Command::new(program);
    command.args(["--store", &launch.store, "--port", &port.to_string(), "--instance", &number.to_string()]);
    if let Some(cache) = &launch.cache {
        command.args(["--cache", cache]);
    }
    command.args(&launch.more);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut process = command.spawn().map_err(|error| Refusal::not_started(number, error))?;
    match timeout(START, printed_port(&mut process)).await {
        Ok(Some(port)) => Ok((port, process)),
        Ok(None) => Err(Refusal::not_started(number, "it ended before it listened; its output is above")),
        Err(_) => Err(Refusal::not_started(number, format!("it did not listen within {START:?}"))),
    }
}

async fn printed_port(process: &mut Child) -> Option<u16> {
    let mut lines = BufReader::new(process.stdout.take()?).lines();
    lines.next_line().await.ok().flatten()?.parse().ok()
}
