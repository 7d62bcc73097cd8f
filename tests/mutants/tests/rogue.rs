//! Whatever a learner's program does, its check ends, says what is true, and does not pass.

use std::process::Command;

use checks::{Outcome, Report};
use mutants::rogue::ROGUES;
use serde::Deserialize;

#[derive(Deserialize)]
struct Line {
    report: Option<Report>,
}

/// The first check, which asks for /login, on one rogue.
fn verdict(rogue: &str) -> Report {
    let mut checks = Command::new(env!("CARGO_BIN_EXE_rogue"));
    let output = checks
        .args(["--json", "--seed", "7", "--exact", "login_page_has_a_form"])
        .env("ROGUE", rogue)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{rogue}: {output:?}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let last: Line = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    last.report.unwrap()
}

fn told(rogue: &str) -> String {
    let report = verdict(rogue);
    assert!(!report.passed());
    let [check] = report.checks.as_slice() else { panic!("one check was asked for: {report:?}") };
    let Outcome::Failed(failure) = &check.outcome else { panic!("{rogue} passed") };
    assert!(check.prints.len() <= 64 * 1024);
    // Where a rogue's own line stands in this crate, and how a system names the end of a process, differs.
    let so = failure.so.split(", at ").next().unwrap_or_default();
    let actual = failure.actual.split(" (").next().unwrap_or_default();
    format!("{rogue}: {actual}; {so}")
}

#[test]
fn what_is_said_of_each_rogue_is_true() {
    let told: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = ROGUES.iter().map(|(rogue, _)| scope.spawn(|| told(rogue))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(told.join("\n")) });
}
