//! Examines which of the workbook's requirements this machine meets, and how to meet the rest.

use std::{
    env,
    fmt::Write as _,
    io::Write as _,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::{Command, Stdio},
};

use anstyle::{AnsiColor, Style};

use crate::{
    exercise::{Exercise, how_to_restore},
    program::build::named_in,
    watch::{Changes, How},
};

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const SOFT: Style = Style::new().dimmed();

/// One requirement, and whether this machine meets it.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The name of the requirement.
    pub name: &'static str,
    /// The result.
    pub state: State,
}

/// The result of an examination.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// The requirement is met. The text has the name and the version.
    Fine(String),
    /// It is missing, and the workbook works without it.
    Missing(&'static str),
    /// The workbook cannot work. The sentence has the problem and its solution.
    Broken(String),
}

impl Finding {
    /// Whether the workbook works with this finding.
    pub fn is_fine(&self) -> bool {
        !matches!(self.state, State::Broken(_))
    }
}

/// Examines all requirements, in the order in which they are needed. If there is a workbook at `root`, this includes
/// its exercises.
pub fn examine(root: Option<&Path>, port: u16) -> Vec<Finding> {
    let mut findings = examine_machine(port);
    findings.extend(root.map(|root| Finding { name: "exercises", state: exercises(root) }));
    findings
}

fn examine_machine(port: u16) -> Vec<Finding> {
    vec![
        Finding { name: "Rust", state: rust() },
        Finding { name: "linker", state: linker() },
        Finding { name: "port", state: free(port) },
        Finding { name: "watcher", state: watcher() },
        Finding {
            name: "browser",
            state: optional(
                &["chromium", "chromium-browser", "google-chrome", "chrome", "microsoft-edge", "msedge", "firefox"],
                "none was found under its usual name; any Chromium, Chrome, Edge or Firefox can show the studio",
            ),
        },
        Finding {
            name: "chromedriver",
            state: optional(
                &["chromedriver"],
                "tests in a real browser are left out; install chromium-driver to run them",
            ),
        },
        Finding {
            name: "mdBook",
            state: optional(
                &["mdbook"],
                "the studio shows the book without it; install it with cargo install --locked mdbook",
            ),
        },
        Finding { name: "Redis", state: optional(&["redis-server"], "lesson 3 tests it if it is installed") },
        Finding { name: "Memcached", state: optional(&["memcached"], "lesson 3 tests it if it is installed") },
        Finding { name: "PostgreSQL", state: optional(&["postgres", "psql"], "lesson 3 tests it if it is installed") },
    ]
}

/// Returns the findings as text for a terminal, with ANSI styles.
pub fn report(findings: &[Finding]) -> String {
    let mut text = "\n".to_owned();
    for Finding { name, state } in findings {
        let (style, sign, words) = match state {
            State::Fine(words) => (GOOD, '✔', words.as_str()),
            State::Missing(words) => (SOFT, '·', *words),
            State::Broken(words) => (BAD, '✘', words.as_str()),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {style}{sign}{style:#}  {name:<14}{words}");
    }
    let broken = findings.iter().filter(|finding| !finding.is_fine()).count();
    let _ = match broken {
        0 => writeln!(text, "\n  The workbook works here. A line with a dot is optional."),
        1 => writeln!(text, "\n  One thing has to be fixed."),
        broken => writeln!(text, "\n  {broken} things have to be fixed."),
    };
    text
}

fn rust() -> State {
    let needed = env!("CARGO_PKG_RUST_VERSION");
    let Some(found) = says("rustc", "--version") else {
        return State::Broken("rustc was not found: install Rust from https://rustup.rs".to_owned());
    };
    let numbers = |version: &str| -> Vec<u32> { version.split('.').filter_map(|part| part.parse().ok()).collect() };
    let version = found.split_whitespace().nth(1).unwrap_or_default();
    if numbers(version.split('-').next().unwrap_or_default()) >= numbers(needed) {
        State::Fine(found)
    } else {
        State::Broken(format!("{found} is too old, the workbook needs {needed}: run rustup update"))
    }
}

/// Tests the linker by letting rustc link the smallest possible program.
fn linker() -> State {
    let linked = || -> Result<(), String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mut rustc = Command::new("rustc")
            .args(["--crate-name", "linked", "-o"])
            .arg(folder.path().join("linked"))
            .arg("-")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("rustc cannot be started: {error}"))?;
        if let Some(mut source) = rustc.stdin.take() {
            source.write_all(b"fn main() {}").map_err(|error| error.to_string())?;
        }
        let output = rustc.wait_with_output().map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.success() { Ok(()) } else { Err(said.lines().next().unwrap_or_default().to_owned()) }
    };
    match linked() {
        Ok(()) => State::Fine("links a program".to_owned()),
        Err(error) => State::Broken(format!(
            "{error}: install a C toolchain (build-essential, Xcode's command line tools, or Visual Studio's build tools)"
        )),
    }
}

/// Finds the first exercise that cargo cannot read, because then cargo cannot build anything.
fn exercises(root: &Path) -> State {
    let all = match Exercise::all(root) {
        Ok(all) => all,
        Err(error) => return State::Broken(error),
    };
    let broken = all.iter().find_map(|exercise| Some((exercise.number.to_string(), exercise.broken()?)));
    match broken.or_else(|| unreadable(root)) {
        Some((number, why)) => State::Broken(format!("{why}: {}", how_to_restore(&number))),
        None => State::Fine(format!("all {} are complete", all.len())),
    }
}

/// Returns the number of the exercise whose manifest cargo cannot read, and a sentence about it.
fn unreadable(root: &Path) -> Option<(String, String)> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root)
        .stdin(Stdio::null())
        .output()
        .ok()?; // without cargo, another line reports that
    let said = String::from_utf8_lossy(&output.stderr);
    let number = if output.status.success() { None } else { named_in(&said) }?;
    Some((number.clone(), format!("cargo cannot read the manifest of exercise {number}")))
}

fn free(port: u16) -> State {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => State::Fine(format!("{port} is free")),
        Err(_) => {
            State::Missing("4000 is in use; the studio takes the next free port, or the one that you name with --port")
        }
    }
}

fn watcher() -> State {
    let watching = tempfile::tempdir().is_ok_and(|folder| Changes::below(folder.path(), false).how == How::Watching);
    match watching {
        true => State::Fine("the system reports saves".to_owned()),
        false => State::Missing("the system does not report saves; `watch` looks at the files every second"),
    }
}

fn optional(programs: &[&str], without: &'static str) -> State {
    let found = programs.iter().find_map(|program| which::which(program).ok());
    found.map_or(State::Missing(without), |path| State::Fine(path.display().to_string()))
}

fn says(program: &str, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_thing_is_counted_and_a_missing_one_is_not() {
        let finding = |state| Finding { name: "thing", state };
        let all = [
            finding(State::Fine("here".to_owned())),
            finding(State::Missing("not needed")),
            finding(State::Broken("gone: get it".to_owned())),
        ];
        assert!(report(&all).contains("One thing has to be fixed"));
        assert!(report(&all[..2]).contains("The workbook works here"));
    }

    #[test]
    fn a_port_in_use_is_reported_and_stops_nothing() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let state = free(taken.local_addr().unwrap().port());
        assert!(matches!(state, State::Missing(_)), "{state:?}");
    }

    #[test]
    fn this_machine_builds_programs() {
        let findings = examine(None, 0);
        assert!(findings.iter().all(Finding::is_fine), "{}", report(&findings));
    }
}
