//! Whatever a learner's program does, its check ends, says what is true, and does not pass.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

use checks::{Key, Outcome, Report};
use mutants::rogue::ROGUES;
use serde::Deserialize;

#[derive(Deserialize)]
struct Line {
    report: Option<Report>,
}

/// The first check, which asks for /login, on one rogue, whose exercise is in this folder.
fn checked(rogue: &str, folder: &Path) -> Command {
    let mut checks = Command::new(env!("CARGO_BIN_EXE_rogue"));
    checks.args(["--json", "--seed", "7", "--exact", "login_page_has_a_form"]);
    if rogue == "stops_its_parent" {
        checks.args(["--outer", "4"]); // only the outer limit ends that
    }
    checks.env("ROGUE", rogue).current_dir(folder);
    // One of them writes to every folder of a run that it finds.
    checks.envs(["TMPDIR", "TMP"].map(|name| (name, folder)));
    checks
}

/// A folder with what stands in an exercise's.
fn exercise() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("tests")).unwrap();
    fs::write(folder.path().join("tests/check.rs"), CHECK).unwrap();
    folder
}

const CHECK: &str = include_str!("../../../exercises/1-login/tests/check.rs");

/// What whoever holds the key believes.
fn sealed(mut checks: Command) -> (Output, Vec<Report>) {
    let key = Key::new();
    let checks = checks.arg("--sealed").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut checks = checks.spawn().unwrap();
    let mut input = checks.stdin.take().unwrap(); // the checks end when it is closed
    writeln!(input, "{key}").unwrap();
    let output = checks.wait_with_output().unwrap();
    drop(input);
    let lines = String::from_utf8(output.stdout.clone()).unwrap();
    let opened = lines.lines().filter_map(|line| key.open(line));
    let reports = opened.filter_map(|line| serde_json::from_str::<Line>(line).ok()?.report).collect();
    (output, reports)
}

fn told(rogue: &str) -> String {
    let folder = exercise();
    let (output, reports) = sealed(checked(rogue, folder.path()));
    assert_eq!(output.status.code(), Some(1), "{rogue}: {output:?}");
    let [report] = reports.as_slice() else { panic!("{rogue}: one report was asked for: {output:?}") };
    assert!(!report.passed());
    let [check] = report.checks.as_slice() else { panic!("one check was asked for: {report:?}") };
    let Outcome::Failed(failure) = &check.outcome else { panic!("{rogue} passed") };
    assert!(check.prints.len() <= 64 * 1024);
    assert_eq!(fs::read_to_string(folder.path().join("tests/check.rs")).unwrap(), CHECK, "{rogue}");
    // Where a rogue's own line stands in this crate, and how a system names the end of a process, differs.
    let so = failure.so.split(", at ").next().unwrap_or_default();
    let actual = failure.actual.split(" (").next().unwrap_or_default();
    format!("{rogue}: {actual}; {so}")
}

#[test]
#[cfg(target_os = "linux")] // two of them are not on every system
fn what_is_said_of_each_rogue_is_true() {
    let told: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = ROGUES.iter().map(|(rogue, _)| scope.spawn(|| told(rogue))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(told.join("\n")) });
}

#[test]
fn an_answer_that_does_none_of_it_passes() {
    let exercise = exercise();
    let (output, reports) = sealed(checked("solution", exercise.path()));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(reports.iter().all(Report::passed) && reports.len() == 1);
}

const ROUTES: &str = include_str!("../../../solutions/1-login/src/lib.rs");

/// Where the solution routes an address.
fn line_of(path: &str) -> usize {
    let is_route = |line: &str| line.contains(&format!(".route(\"{path}\""));
    ROUTES.lines().position(is_route).unwrap() + 1
}

/// The last request, to /protected, only shows what an earlier one has done.
#[test]
fn a_failure_names_the_route_of_the_request_at_fault() {
    let folder = exercise();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("src/lib.rs"), ROUTES).unwrap();
    for (mutant, check, at) in [
        ("leaves_the_old_one", "login_issues_a_new_session_id", "/login"),
        ("an_empty_name_logs_out", "wrong_credentials_are_refused_alike", "/login"),
        ("logout_in_the_browser_only", "logout_destroys_the_session", "/logout"),
        ("logout_clears", "logout_destroys_the_session", "/logout"),
        ("logout_ends_all", "logout_destroys_the_session", "/logout"),
        ("logout_by_get", "reading_changes_nothing", "/logout"),
        ("reads_another_key", "protected_page_names_the_user", "/protected"),
    ] {
        let mut checks = Command::new(env!("CARGO_BIN_EXE_rogue"));
        checks.args(["--json", "--seed", "7", "--exact", check]).env("ROGUE", mutant).current_dir(folder.path());
        let (output, reports) = sealed(checks);
        let (_, failure) = reports[0].first_failure().unwrap_or_else(|| panic!("{mutant} passed: {output:?}"));
        let place = format!("src/lib.rs:{}", line_of(at));
        assert!(failure.route.ends_with(&place), "{mutant}: {} is not {place}: {}", failure.route, failure.so);
    }
}

#[test]
fn what_is_kept_in_a_static_is_gone_after_a_restart() {
    let mut checks = Command::new(env!("CARGO_BIN_EXE_rogue"));
    checks.args(["--json", "--exact", "the_cart_is_in_the_session"]).env("ROGUE", "kept_in_a_static");
    let (output, reports) = sealed(checks);
    let (_, failure) = reports[0].first_failure().unwrap_or_else(|| panic!("it passed: {output:?}"));
    let so = "/view_cart is answered without loading the session, so what it showed before the restart was in the program's memory";
    assert_eq!(failure.so, so);
}

/// With this seed a story plants a session, logs in and starts the server anew.
#[test]
fn what_was_planted_before_a_restart_is_not_there_again_after_it() {
    let mut checks = Command::new(env!("CARGO_BIN_EXE_rogue"));
    checks.args(["--json", "--seed", "8"]).env("ROGUE", "solution_3");
    let (output, reports) = sealed(checks);
    assert!(reports[0].passed(), "{output:?}");
}

#[test]
fn every_check_of_an_answer_that_hangs_is_told_of() {
    let mut checks = Command::new(env!("CARGO_BIN_EXE_rogue"));
    checks.arg("--json").env("ROGUE", "waits");
    let (output, reports) = sealed(checks);
    let told: Vec<_> = reports[0].checks.iter().map(|check| check.id.as_str()).collect();
    let all: Vec<_> = checks::login::SUITE.checks.iter().map(|check| check.id).collect();
    assert_eq!(told, all, "{output:?}");
}

#[test]
#[cfg(unix)]
fn what_an_answer_has_started_ends_with_its_check() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let exercise = exercise();
    let mut checks = checked("leaves_children", exercise.path());
    let output = checks.env("CALLS", listener.local_addr().unwrap().to_string()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");

    listener.set_nonblocking(true).unwrap();
    let calls: Vec<_> = std::iter::from_fn(|| listener.accept().ok()).collect();
    let children = if cfg!(target_os = "linux") { 2 } else { 1 };
    assert!(calls.len() >= children, "{} of {children} have called", calls.len());
    for (mut call, _) in calls {
        call.set_nonblocking(false).unwrap();
        // Only so that this fails, and does not wait for ever, where one of them lives.
        call.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let ended = call.read(&mut [0]);
        assert!(matches!(&ended, Ok(0)), "one of them lives: {ended:?}");
    }
}

#[test]
fn a_flood_of_prints_changes_no_verdict() {
    let (folder, verdict) = (exercise(), |(_, reports): (Output, Vec<Report>)| reports[0].checks[0].outcome.clone());
    let [first, second] = [(); 2].map(|()| verdict(sealed(checked("floods", folder.path()))));
    assert_eq!(first, second);
}
