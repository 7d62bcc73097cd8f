//! The verdict on an exercise: cargo builds its test binary, the binary gives the report.
//!
//! Whoever drops the future of [`check`] ends what it started, with all its children.

use std::{env, ffi::OsString, io, path::Path, process::Stdio, time::Duration};

use checks::{CheckReport, Key, Report};
use process_wrap::tokio::{ChildWrapper, CommandWrap};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    time::timeout,
};

use crate::exercise::Exercise;

/// How many compiler errors are told; the next ones mostly follow from the first.
const TOLD: usize = 3;
/// So long may nothing be heard of the checks: they end themselves before.
const SILENCE: Duration = Duration::from_secs(120);

/// What is known of an answer.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was checked.
    Report(Report),
    /// The compiler refuses it.
    DoesNotCompile(CompileErrors),
}

impl Verdict {
    /// Whether every check passed.
    pub fn passed(&self) -> bool {
        matches!(self, Self::Report(report) if report.passed())
    }
}

/// What the compiler said about the learner's crate.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CompileErrors {
    /// The first errors, as the compiler prints them.
    pub first: Vec<String>,
    /// How many there are in all.
    pub count: usize,
}

/// What happens on the way to a verdict.
#[derive(Clone, Debug)]
pub enum Event {
    /// Cargo has begun.
    Compiling,
    /// A check has ended.
    Checked(CheckReport),
}

/// A line of the test binary's `--json`.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Played,
    Check(CheckReport),
    Report(Report),
}

/// Builds and checks the answer to `exercise` in the workbook at `root`; tells `on` how it goes. The same
/// `seed` makes the same names and tokens again.
///
/// # Errors
/// A sentence, if there is no verdict: no cargo, a broken manifest, a test binary that gives no report.
pub async fn check(
    root: &Path,
    exercise: &Exercise,
    seed: Option<u64>,
    mut on: impl FnMut(Event),
) -> Result<Verdict, String> {
    on(Event::Compiling);
    let binary = match build(root, exercise).await? {
        Ok(binary) => binary,
        Err(errors) => return Ok(Verdict::DoesNotCompile(errors)),
    };
    let seed = seed.map(|seed| format!("--seed={seed}"));
    let arguments: Vec<_> = ["--json", "--sealed"].into_iter().chain(seed.as_deref()).collect();
    let (mut child, key) = (Group::spawn(binary.as_ref(), &arguments, &exercise.folder)?, Key::new());
    let broke_off = |error: io::Error| format!("the checks broke off: {error}");
    child.stdin()?.write_all(format!("{key}\n").as_bytes()).await.map_err(broke_off)?;
    let mut lines = BufReader::new(child.stdout()?).lines();
    let silent = |_| format!("nothing was heard of the checks for {} s, and they were ended", SILENCE.as_secs());
    while let Some(line) = timeout(SILENCE, lines.next_line()).await.map_err(silent)?.map_err(broke_off)? {
        // What is not sealed is not the harness's: an answer may write to any stream.
        match key.open(&line).map(serde_json::from_str) {
            Some(Ok(Line::Check(report))) => on(Event::Checked(report)),
            Some(Ok(Line::Report(report))) => return Ok(Verdict::Report(report)),
            Some(Ok(Line::Played) | Err(_)) | None => {}
        }
    }
    Err(format!(
        "the checks of {} ended without a report; `cargo test -p {0}` shows what they print",
        exercise.package()
    ))
}

/// The test binary, or why there is none.
async fn build(root: &Path, exercise: &Exercise) -> Result<Result<String, CompileErrors>, String> {
    let package = exercise.package();
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let arguments = ["test", "-p", &package, "--example", "check", "--no-run", "--message-format=json"];
    let mut child = Group::spawn(&cargo, &arguments, root)?;
    drop(child.stdin()?); // cargo asks nobody
    let (mut said, mut complained) = (String::new(), String::new());
    let (mut out, mut err) = (child.stdout()?, child.stderr()?);
    let read = tokio::try_join!(out.read_to_string(&mut said), err.read_to_string(&mut complained));
    read.map_err(|error| format!("cargo broke off: {error}"))?;
    let messages: Vec<Value> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let errors: Vec<_> = messages.iter().filter_map(|message| error_in(message, &package)).collect();
    if !errors.is_empty() {
        let count = errors.len();
        return Ok(Err(CompileErrors { first: errors.into_iter().take(TOLD).collect(), count }));
    }
    let binary = messages.iter().find_map(|message| test_binary(message, &package));
    let restore = format!("git checkout -- {}", exercise.folder_in_workbook());
    binary.map(Ok).ok_or_else(|| {
        let complained = complained.trim();
        format!("cargo could not build {package}:\n{complained}\nIf a file of it is gone, `{restore}` brings it back.")
    })
}

/// The compiler's words on an error in this package; its closing "aborting" line is no error of its own.
fn error_in(message: &Value, package: &str) -> Option<String> {
    let inner = &message["message"];
    let counts = message["reason"] == "compiler-message" && is_of(message, package);
    let real = inner["level"] == "error" && !inner["spans"].as_array().is_none_or(Vec::is_empty);
    (counts && real).then(|| inner["rendered"].as_str().unwrap_or_default().trim_end().to_owned())
}

fn test_binary(message: &Value, package: &str) -> Option<String> {
    let found =
        message["reason"] == "compiler-artifact" && message["target"]["name"] == "check" && is_of(message, package);
    if found { message["executable"].as_str().map(str::to_owned) } else { None }
}

/// A package ID ends in `…/exercises/1-login#exercise-1@0.1.0`.
fn is_of(message: &Value, package: &str) -> bool {
    message["package_id"].as_str().is_some_and(|id| id.contains(&format!("#{package}@")))
}

/// A process and all it starts, ended together when this is dropped.
struct Group(Box<dyn ChildWrapper>);

impl Group {
    fn spawn(program: &std::ffi::OsStr, arguments: &[&str], folder: &Path) -> Result<Self, String> {
        let mut command = CommandWrap::with_new(program, |command| {
            command.args(arguments).current_dir(folder);
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        });
        #[cfg(unix)]
        command.wrap(process_wrap::tokio::ProcessGroup::leader());
        #[cfg(windows)]
        command.wrap(process_wrap::tokio::JobObject);
        let program = program.to_string_lossy();
        command.spawn().map(Self).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                format!("{program} was not found: install Rust from https://rustup.rs, or set CARGO to where cargo is")
            }
            _ => format!("{program} cannot be started: {error}"),
        })
    }

    fn stdin(&mut self) -> Result<tokio::process::ChildStdin, String> {
        self.0.stdin().take().ok_or_else(|| "its input was taken already".to_owned())
    }

    fn stdout(&mut self) -> Result<tokio::process::ChildStdout, String> {
        self.0.stdout().take().ok_or_else(|| "its output was taken already".to_owned())
    }

    fn stderr(&mut self) -> Result<tokio::process::ChildStderr, String> {
        self.0.stderr().take().ok_or_else(|| "its errors were taken already".to_owned())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = self.0.start_kill(); // one that has ended already needs no more
    }
}
