//! The verdict on an exercise: cargo builds its test binary, and the binary prints the report.
//!
//! Dropping the future of [`check`] ends the processes that it started, with all their children.

use std::{io, path::Path, time::Duration};

use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::ChildStdout,
    time::timeout,
};
use verdict::{CheckReport, CompileErrors, Key, Report, Verdict};

use crate::{
    exercise::{Exercise, how_to_restore},
    program::{
        Units,
        build::{Built, Priority, Progress, all_of, build},
        group::Group,
    },
};

/// The maximum number of compiler errors that are shown, because later ones mostly follow from the first.
const TOLD: usize = 3;
/// The time that the checks may be silent. They should end themselves before that.
const SILENCE: Duration = Duration::from_secs(120);

/// The progress of a run.
#[derive(Clone, Debug)]
pub enum Event {
    /// Cargo is compiling, with its progress.
    Compiling(Option<Units>),
    /// Another cargo is using the same build folder. This one starts when that is done.
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

/// Builds and checks the answer to `exercise` in the workbook at `root`, and reports progress to `on`. The same `seed`
/// gives the same names and tokens. The caller stores the verdict.
///
/// # Errors
/// A sentence with the reason why there is no verdict: no cargo, no linker, a broken manifest, an error in another
/// package, or a test binary that gives no report. It includes the message of cargo, the compiler or the binary.
pub async fn check(
    root: &Path,
    exercise: &Exercise,
    seed: Option<u64>,
    mut on: impl FnMut(Event),
) -> Result<Verdict, String> {
    if let Some(broken) = exercise.broken() {
        return Err(format!("{broken}: {}", how_to_restore(&exercise.number.to_string())));
    }
    let binary = match binary(root, exercise, &mut on).await? {
        Ok(binary) => binary,
        Err(errors) => return Ok(Verdict::DoesNotCompile(errors)),
    };
    let seed = seed.map(|seed| format!("--seed={seed}"));
    let arguments: Vec<_> = ["--json", "--sealed", "--no-record"].into_iter().chain(seed.as_deref()).collect();
    let (mut child, key) = (Group::spawn_tidy(binary.as_ref(), &arguments, &exercise.folder, &[])?, Key::new());
    let broke_off = |error: io::Error| format!("the checks were interrupted: {error}");
    // Open until the end. When it is closed, which also happens when this process is killed, the checks end.
    let mut input = child.stdin()?;
    input.write_all(format!("{key}\n").as_bytes()).await.map_err(broke_off)?;
    let complaint = tokio::spawn(all_of(child.stderr()?));
    let mut lines = BufReader::new(child.stdout()?).lines();
    let silent = |_| format!("the checks sent nothing for {} s, so the workbook ended them", SILENCE.as_secs());
    while let Some(line) = timeout(SILENCE, next_sealed(&mut lines, &key)).await.map_err(silent)?.map_err(broke_off)? {
        match line {
            Line::Played => {}
            Line::Check(report) => on(Event::Checked(report)),
            Line::Report(report) => return Ok(Verdict::Report(report)),
        }
    }
    let complaint = complaint.await.unwrap_or_default();
    Err(format!("the checks of {} ended without a report:\n{}", exercise.package(), complaint.trim()))
}

/// Returns the next sealed line. A line without the seal does not come from the harness, because an answer may write to
/// any stream of its user.
async fn next_sealed(lines: &mut Lines<BufReader<ChildStdout>>, key: &Key) -> io::Result<Option<Line>> {
    while let Some(line) = lines.next_line().await? {
        if let Some(Ok(line)) = key.open(&line).map(serde_json::from_str) {
            return Ok(Some(line));
        }
    }
    Ok(None)
}

/// Builds the test binary, or returns the compiler errors in the answer.
async fn binary(
    root: &Path,
    exercise: &Exercise,
    on: &mut impl FnMut(Event),
) -> Result<Result<String, CompileErrors>, String> {
    let package = exercise.package();
    let arguments = ["test", "-p", &package, "--example", "check", "--no-run"];
    let tell = |progress| {
        on(match progress {
            Progress::Compiling(units) => Event::Compiling(units),
            Progress::Waiting => Event::Waiting,
        });
    };
    Ok(match build(root, &arguments, &package, "check", Priority::Normal, tell).await? {
        Built::Program(path) => Ok(path),
        Built::DoesNotCompile(mut errors) => {
            let count = errors.len();
            errors.truncate(TOLD);
            Err(CompileErrors { first: errors, count })
        }
    })
}
