//! A process group.

use std::{ffi::OsStr, io, path::Path, process::Stdio};

use process_wrap::tokio::{ChildWrapper, CommandWrap};
use tempfile::TempDir;
use tokio::{
    process::{ChildStderr, ChildStdin, ChildStdout},
    runtime::Handle,
};

/// The environment variables for the folder for temporary files, on all systems.
const TEMPORARY: [&str; 3] = ["TMPDIR", "TMP", "TEMP"];

/// A process and all processes that it starts. They are ended together when this value is dropped.
pub(crate) struct Group {
    /// `Some` until the group is dropped.
    child: Option<Box<dyn ChildWrapper>>,
    /// The folder of its temporary files, if they are deleted with the group.
    temporary: Option<TempDir>,
}

impl Group {
    /// Like [`Group::spawn`], but deletes the temporary files at the end, because a killed process leaves them behind.
    pub(crate) fn spawn_tidy(
        program: &OsStr,
        arguments: &[&str],
        folder: &Path,
        variables: &[(&str, &str)],
    ) -> Result<Self, String> {
        let temporary = tempfile::tempdir().ok(); // without a folder of its own, it uses the system's
        let place = temporary.as_ref().and_then(|temporary| temporary.path().to_str());
        let place = place.iter().flat_map(|place| TEMPORARY.map(|name| (name, *place)));
        let variables: Vec<_> = variables.iter().copied().chain(place).collect();
        let mut group = Self::spawn(program, arguments, folder, &variables)?;
        group.temporary = temporary;
        Ok(group)
    }

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
        let child = command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                format!("{program} was not found: install Rust from https://rustup.rs, or set CARGO to where cargo is")
            }
            _ => format!("{program} cannot be started: {error}"),
        })?;
        Ok(Self { child: Some(child), temporary: None })
    }

    fn child(&mut self) -> &mut dyn ChildWrapper {
        self.child.as_deref_mut().expect("it is there until this is dropped")
    }

    pub(crate) fn stdin(&mut self) -> Result<ChildStdin, String> {
        self.child().stdin().take().ok_or_else(|| "its input was taken already".to_owned())
    }

    pub(crate) fn stdout(&mut self) -> Result<ChildStdout, String> {
        self.child().stdout().take().ok_or_else(|| "its output was taken already".to_owned())
    }

    pub(crate) fn stderr(&mut self) -> Result<ChildStderr, String> {
        self.child().stderr().take().ok_or_else(|| "its errors were taken already".to_owned())
    }

    /// Gives the process, and those that it starts from now on, a lower priority. Systems other than Unix have no such
    /// call for a running process, so there it keeps its priority.
    pub(crate) fn lower_priority(&self) {
        #[cfg(unix)]
        if let Some(process) = self.process() {
            let _ = rustix::process::setpriority_process(Some(process), 10); // it has ended already
        }
    }

    /// Limits the memory of the process and of those that it starts from now on. A process that needs more ends with a
    /// message. Only Linux can limit a process from outside. macOS accepts the limit but does not enforce it, and
    /// Windows has none that safe code can set, so there a program has no limit.
    pub(crate) fn limit_memory(&self, bytes: u64) {
        #[cfg(target_os = "linux")]
        if let Some(process) = self.process() {
            use rustix::process::{Resource, Rlimit, prlimit};
            let limit = Rlimit { current: Some(bytes), maximum: Some(bytes) };
            let _ = prlimit(Some(process), Resource::Data, limit); // it has ended already
        }
        #[cfg(not(target_os = "linux"))]
        let _ = bytes;
    }

    #[cfg(unix)]
    fn process(&self) -> Option<rustix::process::Pid> {
        rustix::process::Pid::from_raw(i32::try_from(self.child.as_ref()?.id()?).ok()?)
    }

    /// Waits for the end of the process. Returns its exit status as text.
    pub(crate) async fn ended(&mut self) -> String {
        match self.child().wait().await {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let _ = child.start_kill(); // an error only means that it has ended already
        if let (Some(temporary), Ok(runtime)) = (self.temporary.take(), Handle::try_current()) {
            // Only after all processes have ended, because they could still write there.
            runtime.spawn(async move {
                let _ = child.wait().await;
                drop(temporary);
            });
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use tokio::io::{AsyncBufReadExt, BufReader};

    use super::*;

    #[tokio::test]
    async fn what_is_ended_leaves_no_temporary_files() {
        let script = "mkdir \"$TMPDIR/left\" && echo \"$TMPDIR\" && read -r _";
        let mut group = Group::spawn_tidy("sh".as_ref(), &["-c", script], Path::new("."), &[]).unwrap();
        let mut folder = String::new();
        BufReader::new(group.stdout().unwrap()).read_line(&mut folder).await.unwrap();
        let folder = Path::new(folder.trim_end());
        assert!(folder.join("left").is_dir());
        let _input = group.stdin().unwrap(); // keeps the process alive
        drop(group);
        while folder.exists() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn the_end_of_a_program_is_described_and_a_missing_one_is_named() {
        let group = |script| Group::spawn("sh".as_ref(), &["-c", script], Path::new("."), &[]).unwrap();
        assert_eq!(group("exit 3").ended().await, "exit status: 3");
        let missing = Group::spawn("no-such-program".as_ref(), &[], Path::new("."), &[]).err().unwrap();
        assert!(missing.starts_with("no-such-program was not found: install Rust"), "{missing}");
        let folder = Group::spawn("/".as_ref(), &[], Path::new("."), &[]).err().unwrap();
        assert!(folder.starts_with("/ cannot be started: "), "{folder}");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_program_has_the_memory_and_the_priority_that_it_was_given() {
        use tokio::io::AsyncWriteExt;
        let script = "read -r _; cat /proc/self/limits; nice";
        let mut group = Group::spawn("sh".as_ref(), &["-c", script], Path::new("."), &[]).unwrap();
        group.limit_memory(1 << 30);
        group.lower_priority();
        group.stdin().unwrap().write_all(b"\n").await.unwrap();
        let mut said = String::new();
        tokio::io::AsyncReadExt::read_to_string(&mut group.stdout().unwrap(), &mut said).await.unwrap();
        let limit = said.lines().find(|line| line.starts_with("Max data size")).unwrap();
        assert_eq!(limit.split_whitespace().filter(|word| *word == "1073741824").count(), 2, "{limit}");
        assert_eq!(said.lines().last(), Some("10"));
    }
}
