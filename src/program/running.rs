//! A program that was started, and the end of it.

use std::{
    collections::VecDeque,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use session_inspector::{Parent, Ports};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::ChildStdin,
    time::timeout,
};

use super::group::Group;

/// No program takes longer to listen, however busy the machine is.
const START: Duration = Duration::from_secs(60);
/// So much memory may a program take, in bytes: as much as its checks allow an answer.
const MEMORY: u64 = 1 << 30;
/// So many lines are kept of what a program prints.
const LINES: usize = 200;

/// A program that listens. Dropping it ends it.
pub(super) struct Running {
    pub(super) ports: Ports,
    group: Group,
    /// It ends when this is closed, which the system does as well when the studio has been killed.
    _stdin: ChildStdin,
    printed: Printed,
}

/// The last lines of what it prints.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<VecDeque<String>>>);

impl Running {
    /// Starts the program in the workbook's folder, and comes back when it listens.
    ///
    /// # Errors
    /// It ended before, or does not listen in time: what it printed is told.
    pub(super) async fn start(program: &str, root: &Path, framed_by: &str) -> Result<Self, String> {
        let mut group = Group::spawn(program.as_ref(), &[], root, &[(Parent::VARIABLE, framed_by)])?;
        group.limit_memory(MEMORY);
        let stdin = group.stdin()?;
        let printed = Printed::default();
        tokio::spawn(printed.clone().keep(BufReader::new(group.stderr()?)));
        let mut stdout = BufReader::new(group.stdout()?);
        let listens = timeout(START, printed.until_ports(&mut stdout)).await;
        match listens {
            Ok(Some(ports)) => {
                tokio::spawn(printed.clone().keep(stdout));
                Ok(Self { ports, group, _stdin: stdin, printed })
            }
            Ok(None) => Err(format!("it ended before it listened ({}):\n{}", group.ended().await, printed.text())),
            Err(_) => Err(format!("it did not listen within {} seconds:\n{}", START.as_secs(), printed.text())),
        }
    }

    /// Returns when it has ended by itself, and says so.
    pub(super) async fn ended(&mut self) -> String {
        let how = self.group.ended().await;
        format!("it has ended ({how}):\n{}", self.printed.text())
    }
}

impl Printed {
    /// Reads up to the line that tells the ports.
    async fn until_ports(&self, stdout: &mut (impl AsyncBufReadExt + Unpin)) -> Option<Ports> {
        let mut line = Vec::new();
        while stdout.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            if let Some(ports) = Ports::from_line(&text) {
                return Some(ports);
            }
            self.add(text);
            line.clear();
        }
        None
    }

    async fn keep(self, mut stream: BufReader<impl AsyncRead + Unpin>) {
        let mut line = Vec::new();
        while stream.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
            self.add(String::from_utf8_lossy(&line).trim_end().to_owned());
            line.clear();
        }
    }

    fn add(&self, line: String) {
        let mut lines = self.0.lock().expect("nobody panics with it");
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    fn text(&self) -> String {
        let lines = self.0.lock().expect("nobody panics with it");
        lines.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}
