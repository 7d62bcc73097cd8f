//! A running program, and its end.

use std::{
    collections::VecDeque,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use loopback_serve::{Parent, Ports};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::ChildStdin,
    task::JoinSet,
    time::timeout,
};

use super::group::Group;

/// The maximum time until a program listens, even on a busy machine.
const START: Duration = Duration::from_secs(60);
/// The maximum memory of a program, in bytes. The checks allow an answer the same.
const MEMORY: u64 = 1 << 30;
/// The time to wait for a program's last lines after its end, if a process that it has started keeps the output open.
const LAST_LINES: Duration = Duration::from_secs(2);
/// The maximum number of lines of a program's output that are stored.
const LINES: usize = 200;

/// A program that listens. Dropping this value ends it.
pub(super) struct Running {
    pub(super) ports: Ports,
    group: Group,
    /// The program ends when this is closed. The system also closes it when the studio is killed.
    _stdin: ChildStdin,
    printed: Printed,
    readers: JoinSet<()>,
}

/// The last lines of the output.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<VecDeque<String>>>);

impl Running {
    /// Starts the program in the workbook's folder. Returns when it listens.
    ///
    /// # Errors
    /// The program ended before that, or did not listen in time. The error has its output.
    pub(super) async fn start(program: &str, root: &Path, framed_by: &str) -> Result<Self, String> {
        let mut group = Group::spawn(program.as_ref(), &[], root, &[(Parent::VARIABLE, framed_by)])?;
        group.limit_memory(MEMORY);
        let stdin = group.stdin()?;
        let printed = Printed::default();
        let mut readers = JoinSet::new();
        readers.spawn(printed.clone().keep(BufReader::new(group.stderr()?)));
        let mut stdout = BufReader::new(group.stdout()?);
        let listens = timeout(START, printed.until_ports(&mut stdout)).await;
        match listens {
            Ok(Some(ports)) => {
                readers.spawn(printed.clone().keep(stdout));
                Ok(Self { ports, group, _stdin: stdin, printed, readers })
            }
            Ok(None) => {
                let how = group.ended().await;
                Err(format!("it ended before it listened ({how}):\n{}", printed.at_the_end(&mut readers).await))
            }
            Err(_) => Err(format!("it did not listen within {} seconds:\n{}", START.as_secs(), printed.text())),
        }
    }

    /// Waits until the program ends by itself. Returns a sentence about that.
    pub(super) async fn ended(&mut self) -> String {
        let how = self.group.ended().await;
        format!("it has ended ({how}):\n{}", self.printed.at_the_end(&mut self.readers).await)
    }
}

impl Printed {
    /// Reads up to the line with the ports.
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

    /// Returns the whole output of a program that has ended. Its last lines may still be in the pipe.
    async fn at_the_end(&self, readers: &mut JoinSet<()>) -> String {
        let _ = timeout(LAST_LINES, async { while readers.join_next().await.is_some() {} }).await;
        self.text()
    }

    fn text(&self) -> String {
        let lines = self.0.lock().expect("nobody panics with it");
        lines.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_lines_of_a_program_are_shown_even_if_they_arrive_after_its_end() {
        let printed = Printed::default();
        let mut readers = JoinSet::new();
        let (reader, mut writer) = tokio::io::simplex(64);
        readers.spawn(printed.clone().keep(BufReader::new(reader)));
        let (printed_text, ()) = tokio::join!(printed.at_the_end(&mut readers), async move {
            tokio::task::yield_now().await;
            tokio::io::AsyncWriteExt::write_all(&mut writer, b"cannot be opened\n").await.unwrap();
        });
        assert_eq!(printed_text, "cannot be opened");
    }

    #[tokio::test]
    async fn a_program_listens_when_it_prints_its_ports_and_what_it_prints_before_is_stored() {
        let ports = Ports { app: 4001, inspector: 4002 };
        let printed = Printed::default();
        let line = "{\"session-inspector\":{\"app\":4001,\"inspector\":4002}}";
        let text = format!("one\ntwo\n{line}\nthree\n");
        assert_eq!(printed.until_ports(&mut text.as_bytes()).await, Some(ports));
        assert_eq!(printed.text(), "one\ntwo");
        assert_eq!(printed.until_ports(&mut b"no port\n".as_slice()).await, None);
        assert_eq!(printed.text(), "one\ntwo\nno port");
    }

    #[tokio::test]
    async fn only_the_last_lines_of_a_program_are_stored() {
        let printed = Printed::default();
        let text: String = (1..=LINES + 1).map(|line| format!("{line}\n")).collect();
        printed.clone().keep(BufReader::new(text.as_bytes())).await;
        let stored: Vec<String> = printed.text().lines().map(str::to_owned).collect();
        assert_eq!((stored.len(), stored[0].as_str()), (LINES, "2"));
    }
}
