//! Runs cargo, and returns the program or the errors.

use std::{env, ffi::OsString, io, path::Path};

use serde::Serialize;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::group::Group;
use crate::exercise::how_to_restore;

/// The maximum number of errors that are shown if none names a line of the package.
const SHOWN: usize = 3;

/// The priority of a build.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Priority {
    /// The learner is waiting for the result.
    Normal,
    /// Nobody is waiting for the result.
    Low,
}

/// The progress of cargo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Progress {
    /// Cargo is compiling, with its progress.
    Compiling(Option<Units>),
    /// Another cargo is using the same build folder. This one starts when that is done.
    Waiting,
}

/// The progress in cargo's units. A unit is usually a crate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Units {
    /// The number of units that are built.
    pub done: u32,
    /// The number of all units.
    pub of: u32,
}

/// The result of a build.
pub(crate) enum Built {
    /// The path of the program.
    Program(String),
    /// The package's own lines do not compile. These are the errors, as the compiler formats them.
    DoesNotCompile(Vec<String>),
}

/// Builds a target of this package with these arguments for cargo. Dropping the future ends cargo.
///
/// # Errors
/// There is no program, and the package's own lines are not the reason. The error has all messages.
pub(crate) async fn build(
    root: &Path,
    arguments: &[&str],
    package: &str,
    target: &str,
    priority: Priority,
    mut on: impl FnMut(Progress),
) -> Result<Built, String> {
    on(Progress::Compiling(None));
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let arguments = [arguments, &["--message-format=json"]].concat();
    // Without these, cargo shows its progress only on a terminal.
    let progress = [("CARGO_TERM_PROGRESS_WHEN", "always"), ("CARGO_TERM_PROGRESS_WIDTH", "80")];
    let mut child = Group::spawn_tidy(&cargo, &arguments, root, &progress)?;
    if priority == Priority::Low {
        child.lower_priority();
    }
    drop(child.stdin()?); // cargo must not wait for input
    let said = tokio::spawn(all_of(child.stdout()?));
    let complaint =
        complaint(child.stderr()?, &mut on).await.map_err(|error| format!("cargo was interrupted: {error}"))?;
    let said = said.await.unwrap_or_default();
    let messages: Vec<Value> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let (own, others): (Vec<_>, Vec<_>) =
        messages.iter().filter_map(error_in).partition(|error| error.is_in_lines_of(package));
    if !own.is_empty() {
        return Ok(Built::DoesNotCompile(own.iter().map(CompilerError::rendered).collect()));
    }
    let program = messages.iter().find_map(|message| executable(message, package, target));
    program.map(Built::Program).ok_or_else(|| not_built(package, &others, &complaint))
}

/// Returns the lines that cargo prints besides its messages, without the progress bar.
async fn complaint(mut stderr: impl AsyncRead + Unpin, on: &mut impl FnMut(Progress)) -> io::Result<String> {
    let (mut all, mut rest, mut latest) = (String::new(), Vec::new(), Progress::Compiling(None));
    let mut buffer = [0; 4096];
    loop {
        let read = stderr.read(&mut buffer).await?;
        rest.extend_from_slice(&buffer[..read]);
        // A progress bar ends with a carriage return, and the next one replaces it.
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let line: Vec<u8> = rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line[..end]);
            let line = line.trim_start_matches("\u{1b}[K");
            let now = progress_in(line);
            if !is_bar(line) && !line.is_empty() {
                all.push_str(line);
                all.push('\n');
            }
            if now != latest && !line.is_empty() {
                on(now);
                latest = now;
            }
        }
        if read == 0 {
            all.push_str(&String::from_utf8_lossy(&rest));
            return Ok(all);
        }
    }
}

fn is_bar(line: &str) -> bool {
    line.trim_start().starts_with("Building [")
}

fn progress_in(line: &str) -> Progress {
    if line.trim_start().starts_with("Blocking waiting for file lock") {
        return Progress::Waiting;
    }
    Progress::Compiling(is_bar(line).then(|| units(line)).flatten())
}

/// Reads a progress bar: `Building [====>   ] 12/230: axum, tokio` is 12 of 230.
fn units(bar: &str) -> Option<Units> {
    let (_, counts) = bar.split_once(']')?;
    let (done, of) = counts.split(':').next()?.trim().split_once('/')?;
    Some(Units { done: done.parse().ok()?, of: of.parse().ok()? })
}

/// Reads everything up to the end, or up to an error.
pub(crate) async fn all_of(mut stream: impl AsyncRead + Unpin) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

fn not_built(package: &str, errors: &[CompilerError], complaint: &str) -> String {
    let this = env::args().next().unwrap_or_else(|| "cargo run --".to_owned());
    // The lines before cargo's first error do not help.
    let complaint = complaint.find("error").map_or(complaint, |start| &complaint[start..]).trim();
    let shown: Vec<_> = errors.iter().take(SHOWN).map(CompilerError::rendered).collect();
    let shown = shown.join("\n\n");
    let own = package.strip_prefix("exercise-");
    // If cargo cannot read one exercise, it cannot build any other.
    let reset = match named_in(&shown).or_else(|| named_in(complaint)) {
        Some(number) if Some(number.as_str()) != own => {
            let how = how_to_restore(&number);
            Some(format!("\n\nA file of exercise {number} is missing or broken, so cargo can build nothing: {how}."))
        }
        _ if errors.is_empty() => {
            own.map(|number| format!("\n\nIf one of its files is missing or broken, {}.", how_to_restore(number)))
        }
        _ => None,
    };
    let reset = reset.unwrap_or_default();
    if errors.is_empty() {
        return format!("cargo could not build {package}:\n{complaint}{reset}");
    }
    format!(
        "cargo could not build {package}, and no error names a line of it:\n\n{shown}\n\n{complaint}{reset}\n\n\
        `{this} doctor` checks whether this machine has what the workbook needs."
    )
}

/// Returns the number of the first exercise that a message names by a path, such as
/// `exercises/3-preferences/src/lib.rs`.
pub(crate) fn named_in(message: &str) -> Option<String> {
    let message = message.replace('\\', "/"); // Windows uses backslashes
    let mut named = message.split("exercises/").skip(1).filter_map(|rest| rest.split_once('-'));
    named.find_map(|(number, _)| number.parse::<u8>().ok()).map(|number| number.to_string())
}

/// An error in cargo's messages.
struct CompilerError<'m> {
    message: &'m Value,
}

/// Returns the error in a message, if there is one. The closing "aborting due to …" does not count.
fn error_in(message: &Value) -> Option<CompilerError<'_>> {
    let inner = &message["message"];
    let is_summary = inner["message"].as_str().is_some_and(|text| text.starts_with("aborting due to"));
    let is_error = message["reason"] == "compiler-message" && inner["level"] == "error" && !is_summary;
    is_error.then_some(CompilerError { message })
}

impl CompilerError<'_> {
    /// Whether the error names a line of this package, or says that one of its files is not UTF-8. An error of the
    /// linker or the machine names no line.
    fn is_in_lines_of(&self, package: &str) -> bool {
        let inner = &self.message["message"];
        let has_a_place = inner["spans"].as_array().is_some_and(|spans| !spans.is_empty());
        let is_no_text = inner["message"].as_str().is_some_and(|text| text.contains("did not contain valid UTF-8"));
        is_of(self.message, package) && (has_a_place || is_no_text)
    }

    /// Returns the error as the compiler prints it.
    fn rendered(&self) -> String {
        self.message["message"]["rendered"].as_str().unwrap_or_default().trim_end().to_owned()
    }
}

fn executable(message: &Value, package: &str, target: &str) -> Option<String> {
    let is_it = message["reason"] == "compiler-artifact" && message["target"]["name"] == target;
    let found = is_it && is_of(message, package);
    found.then(|| message["executable"].as_str().map(str::to_owned)).flatten()
}

/// Whether the message is about this package. A package ID ends in `…/exercises/1-login#exercise-1@0.1.0`.
fn is_of(message: &Value, package: &str) -> bool {
    message["package_id"].as_str().is_some_and(|id| id.contains(&format!("#{package}@")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exercise_that_cargo_cannot_read_is_the_one_to_restore() {
        let complaint = "error: failed to load manifest for workspace member `/book/exercises/3-preferences`\nCaused by:\n  \
            failed to read `/book/exercises/3-preferences/Cargo.toml`";
        let words = not_built("exercise-1", &[], complaint);
        assert!(words.contains("A file of exercise 3 is missing") && words.contains(" reset 3`"), "{words}");
        assert!(!words.contains(" reset 1`"), "{words}");
        let words = not_built("lesson-1", &[], complaint);
        assert!(words.contains(" reset 3`"), "{words}");
        let words = not_built("exercise-3", &[], complaint);
        assert!(
            words.contains("If one of its files is missing or broken, `") && words.contains(" reset 3`"),
            "{words}"
        );
        let words = not_built("exercise-1", &[], "error: no such command");
        assert!(words.contains(" reset 1`"), "{words}");
        let message = serde_json::json!({ "message": { "rendered":
            "error: couldn't read `tests/checks/src/../../../exercises/3-preferences/README.md`" } });
        let words = not_built("exercise-1", &[CompilerError { message: &message }], "error: could not compile");
        assert!(words.contains(" reset 3`") && words.contains(" doctor`"), "{words}");
        let message = serde_json::json!({ "message": { "rendered": "error: linker `cc` not found" } });
        let words = not_built("exercise-1", &[CompilerError { message: &message }], "error: could not compile");
        assert!(!words.contains(" reset "), "{words}");
    }

    /// Returns the progress that cargo reports, and the rest of its output.
    async fn progress_and_rest(stderr: &[u8]) -> (Vec<Progress>, String) {
        let mut progress = Vec::new();
        let all = complaint(stderr, &mut |now| progress.push(now)).await.unwrap();
        (progress, all)
    }

    #[tokio::test]
    async fn the_progress_of_cargo_is_reported() {
        let stderr = b"   Compiling axum\n    Building [=>      ] 3/10: axum, tokio\r\x1b[K    Building [===>] 4/10: axum\r\x1b[K    Finished\n";
        let (progress, all) = progress_and_rest(stderr).await;
        let units = |done| Progress::Compiling(Some(Units { done, of: 10 }));
        assert_eq!(progress, [units(3), units(4), Progress::Compiling(None)]);
        assert_eq!(all, "   Compiling axum\n    Finished\n");
    }

    #[tokio::test]
    async fn a_wait_for_another_cargo_is_reported() {
        let (progress, all) =
            progress_and_rest(b"    Blocking waiting for file lock on build directory\n   Compiling axum\n").await;
        assert_eq!(progress, [Progress::Waiting, Progress::Compiling(None)]);
        assert!(all.contains("Blocking"), "{all}");
    }
}
