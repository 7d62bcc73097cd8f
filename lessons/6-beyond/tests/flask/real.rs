//! Runs a real Flask: `real_flask.py` asks it questions, and the demo's Flask app runs as a server.

use std::{io::Write, process::Stdio, sync::LazyLock};

use serde_json::{Value, json};

use crate::python::{self, Server, script};

/// Returns the reason if Flask is missing.
pub fn missing() -> Option<(&'static str, String)> {
    static MISSING: LazyLock<Option<String>> = LazyLock::new(|| {
        python::missing("Flask", "flask, flask_session, flask_sqlalchemy, itsdangerous, markupsafe, redis")
    });
    MISSING.clone().map(|reason| ("flask", reason))
}

/// Asks Flask these questions, and returns its answers.
pub fn ask(questions: &[Value]) -> Vec<Value> {
    let mut asked = script("tests/flask/real_flask.py");
    asked.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut asked = asked.spawn().expect("Python starts");
    let mut stdin = asked.stdin.take().expect("a pipe");
    stdin.write_all(json!(questions).to_string().as_bytes()).expect("Python reads");
    drop(stdin);
    let answered = asked.wait_with_output().expect("Python ends");
    assert!(answered.status.success(), "Flask has failed: {}", answered.status);
    let answers: Vec<_> = serde_json::from_slice(&answered.stdout).expect("Python writes JSON");
    assert_eq!(answers.len(), questions.len(), "answers");
    answers
}

/// Runs `flask/app.py` until the server is dropped.
pub fn flask_app(secret_key: &str) -> Server {
    Server::start(script("flask/app.py").args(["--port", "0"]).env("SECRET_KEY", secret_key))
}
