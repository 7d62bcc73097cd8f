//! A real Flask, asked by `real_flask.py`, and the Flask half of the demo as a server.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::LazyLock,
};

use serde_json::{Value, json};

/// Why there is no Flask, if there is none.
pub fn missing() -> Option<(&'static str, String)> {
    static MISSING: LazyLock<Option<String>> = LazyLock::new(|| {
        let import = "import flask, flask_session, flask_sqlalchemy, itsdangerous, markupsafe, redis";
        match Command::new(python()).args(["-c", import]).output() {
            Ok(run) if run.status.success() => None,
            Ok(run) => {
                let said = String::from_utf8_lossy(&run.stderr);
                let last = said.lines().last().unwrap_or_default().to_owned();
                Some(format!("{} has no Flask: {last}; see tests/flask/README.md", python().display()))
            }
            Err(error) => Some(format!("{} does not run: {error}; see tests/flask/README.md", python().display())),
        }
    });
    MISSING.clone().map(|reason| ("flask", reason))
}

/// The Python that `WORKBOOK_PYTHON` names, or the one that is installed. A relative path is one of the workspace.
fn python() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let named = env::var_os("WORKBOOK_PYTHON").map(PathBuf::from);
    named.map_or_else(|| "python3".into(), |path| if path.components().count() > 1 { root.join(path) } else { path })
}

/// The answers to these questions.
pub fn ask(questions: &[Value]) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/flask/real_flask.py");
    let mut asked = Command::new(python());
    asked.arg("-B").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut asked = asked.spawn().expect("Python starts");
    let mut stdin = asked.stdin.take().expect("a pipe");
    stdin.write_all(json!(questions).to_string().as_bytes()).expect("Python reads");
    drop(stdin);
    let answered = asked.wait_with_output().expect("Python ends");
    assert!(answered.status.success(), "Flask was not asked: {}", answered.status);
    let answers: Vec<_> = serde_json::from_slice(&answered.stdout).expect("Python writes JSON");
    assert_eq!(answers.len(), questions.len(), "answers");
    answers
}

/// `flask/app.py`, ended with the test.
pub struct Half {
    pub port: u16,
    process: Child,
}

impl Half {
    pub fn start(secret_key: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("flask/app.py");
        let mut command = Command::new(python());
        command.arg("-B").arg(script).args(["--port", "0"]).env("SECRET_KEY", secret_key);
        let mut process =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the Flask half of the demo starts");
        let mut said = String::new();
        BufReader::new(process.stdout.take().expect("a pipe")).read_line(&mut said).expect("it says its port");
        let port = said.trim().rsplit(' ').next().and_then(|port| port.parse().ok());
        Self { port: port.unwrap_or_else(|| panic!("it says no port: {said}")), process }
    }
}

impl Drop for Half {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
