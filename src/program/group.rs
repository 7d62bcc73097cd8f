//! A process and all that it starts.

use std::{ffi::OsStr, io, path::Path, process::Stdio};

use process_wrap::tokio::{ChildWrapper, CommandWrap};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};

/// A process and all it starts, ended together when this is dropped.
pub(crate) struct Group(Box<dyn ChildWrapper>);

impl Group {
    /// Starts the program in this folder, with pipes to all its streams.
    pub(crate) fn spawn(
        program: &OsStr,
        arguments: &[&str],
        folder: &Path,
        variables: &[(&str, &str)],
    ) -> Result<Self, String> {
        let mut command = CommandWrap::with_new(program, |command| {
            command.args(arguments).current_dir(folder).envs(variables.iter().copied());
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        });
        #[cfg(unix)]
        command.wrap(process_wrap::tokio::ProcessGroup::leader());
        #[cfg(windows)]
        command.wrap(process_wrap::tokio::JobObject);
        let program = program.to_string_lossy();
        command.spawn().map(Self).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                format!("{program} was not found: install Rust from https://rustup.rs, or set CARGO to where cargo is")
            }
            _ => format!("{program} cannot be started: {error}"),
        })
    }

    pub(crate) fn stdin(&mut self) -> Result<ChildStdin, String> {
        self.0.stdin().take().ok_or_else(|| "its input was taken already".to_owned())
    }

    pub(crate) fn stdout(&mut self) -> Result<ChildStdout, String> {
        self.0.stdout().take().ok_or_else(|| "its output was taken already".to_owned())
    }

    pub(crate) fn stderr(&mut self) -> Result<ChildStderr, String> {
        self.0.stderr().take().ok_or_else(|| "its errors were taken already".to_owned())
    }

    /// What it starts from now on, and itself, run while nothing else wants to. Windows and others than Unix have no such
    /// call for a process that runs; there it keeps its priority.
    pub(crate) fn lower_priority(&self) {
        #[cfg(unix)]
        if let Some(process) = self.0.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?)) {
            let _ = rustix::process::setpriority_process(Some(process), 10); // it has ended already
        }
    }

    /// Returns when it has ended, with how.
    pub(crate) async fn ended(&mut self) -> String {
        match self.0.wait().await {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = self.0.start_kill(); // one that has ended already needs no more
    }
}
