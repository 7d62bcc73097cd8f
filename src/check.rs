//! The verdict on an exercise: cargo builds its test binary, the binary gives the report.
//!
//! Whoever drops the future of [`check`] ends what it started, with all its children.

use std::{
    env,
    ffi::{OsStr, OsString},
    io,
    path::Path,
    process::Stdio,
    time::Duration,
};

use checks::{CheckReport, CompileErrors, Key, Report, Verdict};
use process_wrap::tokio::{ChildWrapper, CommandWrap};
use serde::Deserialize;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    process::ChildStdout,
    time::timeout,
};

use crate::exercise::Exercise;

/// How many compiler errors are told; the next ones mostly follow from the first.
const TOLD: usize = 3;
/// So long may nothing be heard of the checks: they end themselves before.
const SILENCE: Duration = Duration::from_secs(120);

/// What happens on the way to a verdict.
#[derive(Clone, Debug)]
pub enum Event {
    /// Cargo is at work.
    Compiling,
    /// Another cargo is, in the same build folder; this one begins when it is done.
    Waiting,
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
/// `seed` makes the same names and tokens again. Whoever asks keeps the verdict.
///
/// # Errors
/// A sentence, if there is no verdict: no cargo, no linker, a broken manifest, an error in another package, a test
/// binary that gives no report. What cargo, the compiler or the binary says of it is in it.
pub async fn check(
    root: &Path,
    exercise: &Exercise,
    seed: Option<u64>,
    mut on: impl FnMut(Event),
) -> Result<Verdict, String> {
    on(Event::Compiling);
    let binary = match build(root, exercise, &mut on).await? {
        Ok(binary) => binary,
        Err(errors) => return Ok(Verdict::DoesNotCompile(errors)),
    };
    let seed = seed.map(|seed| format!("--seed={seed}"));
    let arguments: Vec<_> = ["--json", "--sealed", "--no-record"].into_iter().chain(seed.as_deref()).collect();
    let (mut child, key) = (Group::spawn(binary.as_ref(), &arguments, &exercise.folder)?, Key::new());
    let broke_off = |error: io::Error| format!("the checks broke off: {error}");
    child.stdin()?.write_all(format!("{key}\n").as_bytes()).await.map_err(broke_off)?;
    let complaint = tokio::spawn(all_of(child.stderr()?));
    let mut lines = BufReader::new(child.stdout()?).lines();
    let silent = |_| format!("nothing was heard of the checks for {} s, and they were ended", SILENCE.as_secs());
    while let Some(line) = timeout(SILENCE, told(&mut lines, &key)).await.map_err(silent)?.map_err(broke_off)? {
        match line {
            Line::Played => {}
            Line::Check(report) => on(Event::Checked(report)),
            Line::Report(report) => return Ok(Verdict::Report(report)),
        }
    }
    let complaint = complaint.await.unwrap_or_default();
    Err(format!("the checks of {} ended without a report:\n{}", exercise.package(), complaint.trim()))
}

/// The next line of the harness. What is not sealed is not its: an answer may write to any stream of its user.
async fn told(lines: &mut Lines<BufReader<ChildStdout>>, key: &Key) -> io::Result<Option<Line>> {
    while let Some(line) = lines.next_line().await? {
        if let Some(Ok(line)) = key.open(&line).map(serde_json::from_str) {
            return Ok(Some(line));
        }
    }
    Ok(None)
}

/// The test binary, or why there is none.
async fn build(
    root: &Path,
    exercise: &Exercise,
    on: &mut impl FnMut(Event),
) -> Result<Result<String, CompileErrors>, String> {
    let package = exercise.package();
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let arguments = ["test", "-p", &package, "--example", "check", "--no-run", "--message-format=json"];
    let mut child = Group::spawn(&cargo, &arguments, root)?;
    drop(child.stdin()?); // cargo asks nobody
    let said = tokio::spawn(all_of(child.stdout()?));
    let complaint = complaint(child.stderr()?, on).await.map_err(|error| format!("cargo broke off: {error}"))?;
    let said = said.await.unwrap_or_default();
    let messages: Vec<Value> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let (own, others): (Vec<_>, Vec<_>) =
        messages.iter().filter_map(error_in).partition(|error| error.is_in_the_answer(&package));
    if !own.is_empty() {
        let count = own.len();
        let first = own.into_iter().take(TOLD).map(|error| error.rendered().to_owned()).collect();
        return Ok(Err(CompileErrors { first, count }));
    }
    let binary = messages.iter().find_map(|message| test_binary(message, &package));
    binary.map(Ok).ok_or_else(|| not_built(exercise, &others, &complaint))
}

/// What cargo prints beside its messages.
async fn complaint(stderr: impl AsyncRead + Unpin, on: &mut impl FnMut(Event)) -> io::Result<String> {
    let (mut all, mut waits) = (String::new(), false);
    let mut lines = BufReader::new(stderr).split(b'\n');
    while let Some(line) = lines.next_segment().await? {
        let line = String::from_utf8_lossy(&line);
        let waited = waits;
        waits = line.trim_start().starts_with("Blocking waiting for file lock");
        if waits != waited {
            on(if waits { Event::Waiting } else { Event::Compiling });
        }
        all.push_str(&line);
        all.push('\n');
    }
    Ok(all)
}

/// Everything up to the end, or up to where it breaks off.
async fn all_of(mut stream: impl AsyncRead + Unpin) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// There is no test binary, and the answer's own lines are not the reason: all that is known of it.
fn not_built(exercise: &Exercise, errors: &[CompilerError], complaint: &str) -> String {
    let package = exercise.package();
    let this = env::args().next().unwrap_or_else(|| "cargo run --".to_owned());
    // What cargo does before it fails tells nothing.
    let complaint = complaint.find("error").map_or(complaint, |start| &complaint[start..]).trim();
    if errors.is_empty() {
        let reset = format!("{this} reset {}", exercise.number);
        return format!(
            "cargo could not build {package}:\n{complaint}\n\n\
            If a file of it is gone or broken: `{reset}` gives you the stub, and keeps what is there in a backup."
        );
    }
    let told: Vec<_> = errors.iter().take(TOLD).map(CompilerError::rendered).collect();
    format!(
        "cargo could not build {package}, and no line of your answer is named as the reason:\n\n{}\n\n{complaint}\n\n\
        `{this} doctor` looks whether this machine has what it needs.",
        told.join("\n\n")
    )
}

/// An error in cargo's messages.
struct CompilerError<'m> {
    message: &'m Value,
}

/// The message, if it tells an error; the closing "aborting due to …" is none of its own.
fn error_in(message: &Value) -> Option<CompilerError<'_>> {
    let inner = &message["message"];
    let is_summary = inner["message"].as_str().is_some_and(|text| text.starts_with("aborting due to"));
    let is_error = message["reason"] == "compiler-message" && inner["level"] == "error" && !is_summary;
    is_error.then_some(CompilerError { message })
}

impl CompilerError<'_> {
    /// Whether it names a line of this package, or says that a file of it is no UTF-8. A linker or a machine that fails
    /// names none.
    fn is_in_the_answer(&self, package: &str) -> bool {
        let inner = &self.message["message"];
        let has_a_place = inner["spans"].as_array().is_some_and(|spans| !spans.is_empty());
        let is_no_text = inner["message"].as_str().is_some_and(|text| text.contains("did not contain valid UTF-8"));
        is_of(self.message, package) && (has_a_place || is_no_text)
    }

    /// As the compiler prints it.
    fn rendered(&self) -> &str {
        self.message["message"]["rendered"].as_str().unwrap_or_default().trim_end()
    }
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
    fn spawn(program: &OsStr, arguments: &[&str], folder: &Path) -> Result<Self, String> {
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
            io::ErrorKind::NotFound => {
                format!("{program} was not found: install Rust from https://rustup.rs, or set CARGO to where cargo is")
            }
            _ => format!("{program} cannot be started: {error}"),
        })
    }

    fn stdin(&mut self) -> Result<tokio::process::ChildStdin, String> {
        self.0.stdin().take().ok_or_else(|| "its input was taken already".to_owned())
    }

    fn stdout(&mut self) -> Result<ChildStdout, String> {
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
