//! Finds Python on this machine, and runs servers with it.

use std::{
    env,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

/// Returns the Python that `WORKBOOK_PYTHON` names, or else the installed one. A relative path begins at the workspace.
pub fn python() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let named = env::var_os("WORKBOOK_PYTHON").map(PathBuf::from);
    named.map_or_else(|| "python3".into(), |path| if path.components().count() > 1 { root.join(path) } else { path })
}

/// Returns the reason if these modules cannot be imported. `name` is the name of the package that has them.
pub fn missing(name: &str, modules: &str) -> Option<String> {
    let python = python();
    match Command::new(&python).args(["-c", &format!("import {modules}")]).output() {
        Ok(run) if run.status.success() => None,
        Ok(run) => {
            let said = String::from_utf8_lossy(&run.stderr);
            let last = said.lines().last().unwrap_or_default().to_owned();
            Some(format!("{} has no {name}: {last}; see tests/flask/README.md", python.display()))
        }
        Err(error) => Some(format!("{} does not run: {error}; see tests/flask/README.md", python.display())),
    }
}

/// Makes the command that runs a script of this package.
pub fn script(path: &str) -> Command {
    let mut command = Command::new(python());
    command.arg("-B").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
    command
}

/// A server that ends when it is dropped.
pub struct Server {
    pub port: u16,
    process: Child,
    /// Stays open, because a server that prints more must not find a closed pipe.
    _said: BufReader<ChildStdout>,
}

impl Server {
    /// Starts the server, and returns when it has printed its port at the end of its first line. Then it listens.
    pub fn start(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the server starts");
        let (mut said, mut stdout) = (String::new(), BufReader::new(process.stdout.take().expect("a pipe")));
        stdout.read_line(&mut said).expect("it says its port");
        let port = said.trim().trim_end_matches('/').rsplit([' ', ':']).next().and_then(|port| port.parse().ok());
        Self { port: port.unwrap_or_else(|| panic!("it says no port: {said}")), process, _said: stdout }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
