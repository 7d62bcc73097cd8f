//! The terminal: what a learner reads at each step, and what bad input gets.

mod scratch;

use std::{
    fs,
    io::Read,
    net::TcpListener,
    process::{Command, Output, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
};

use scratch::Scratch;
use serde_json::Value;

/// One copy for all tests of this file, so that it is built once; a test has it to itself.
fn scratch() -> (MutexGuard<'static, ()>, Scratch) {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    (alone, Scratch::new("cli"))
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

macro_rules! snapshot {
    ($name:expr, $text:expr) => {
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!($name, $text) });
    };
}

#[test]
fn from_the_first_look_to_a_pass() {
    let (_alone, scratch) = scratch();
    snapshot!("list_at_first", out(&scratch.workbook("list")));

    let wrong = scratch.solution().replace("session.cycle_id().await?;", "");
    scratch.answer(&wrong);
    let not_yet = scratch.workbook("check 1 --seed 7");
    assert_eq!(code(&not_yet), Some(1));
    snapshot!("check_not_yet", out(&not_yet));
    snapshot!("list_not_yet", out(&scratch.workbook("list")));
    snapshot!("hint_that_fits", out(&scratch.workbook("hint 1")));
    snapshot!("hint_next", out(&scratch.workbook("hint 1")));

    scratch.answer(&scratch.solution());
    snapshot!("list_changed_since", out(&scratch.workbook("list")));
    let passed = scratch.workbook("check 1 --seed 7");
    assert_eq!(code(&passed), Some(0));
    snapshot!("check_passed", out(&passed));
    snapshot!("list_passed", out(&scratch.workbook("list")));
}

#[test]
fn the_test_binary_the_terminal_and_json_say_the_same() {
    let (_alone, scratch) = scratch();
    scratch.answer(&scratch.solution().replace("session.flush().await?;", "session.clear().await;"));
    let told = out(&scratch.workbook("check 1 --seed 7"));
    let mut cargo = scratch.command(env!("CARGO"));
    let tested = cargo.args(["test", "-q", "-p", "exercise-1", "--", "--seed", "7"]).output().unwrap();
    assert!(!tested.status.success());
    assert_eq!(out(&tested), told);

    let json: Value = serde_json::from_slice(&scratch.workbook("check 1 --seed 7 --json").stdout).unwrap();
    assert_eq!((&json["exercise"], &json["id"], &json["passed"]), (&1.into(), &"login".into(), &false.into()));
    let report: checks::Report = serde_json::from_value(json["verdict"]["report"].clone()).unwrap();
    let rendered = checks::render(&report, checks::Telling::First);
    assert_eq!(anstream::adapter::strip_str(&rendered).to_string(), told);
}

#[test]
fn an_answer_that_does_not_compile_gets_its_own_errors_shortened_and_nothing_else() {
    let (_alone, scratch) = scratch();
    let stub = fs::read_to_string(scratch.root().join("exercises/1-login/src/lib.rs")).unwrap();
    let broken = format!(
        "{stub}\nfn a() -> u8 {{ \"1\" }}\nfn b() -> u8 {{ \"2\" }}\nfn c() -> u8 {{ \"3\" }}\nfn d() -> u8 {{ \"4\" }}\n"
    );
    scratch.answer(&broken);
    let output = scratch.workbook("check 1");
    assert_eq!(code(&output), Some(1));
    let told = out(&output);
    assert_eq!(told.matches("error[E0308]: mismatched types").count(), 3, "{told}");
    assert!(told.contains("exercises/1-login/src/lib.rs") && told.contains("and 1 more"), "{told}");
    assert!(!told.contains("warning") && !told.contains("could not compile"), "{told}");
    assert_eq!(err(&output), "");
    let list = out(&scratch.workbook("list"));
    assert!(list.contains("did not compile"), "{list}");
}

#[test]
fn an_answer_that_ends_the_process_with_0_has_not_passed() {
    let (_alone, scratch) = scratch();
    scratch.answer(
        &scratch.solution().replace(
            "    Router::new()",
            "    std::process::exit(0);\n    #[allow(unreachable_code)]\n    Router::new()",
        ),
    );
    let output = scratch.workbook("check 1 --json");
    assert_eq!(code(&output), Some(1), "{}", err(&output));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["passed"], false);
    let failed =
        json["verdict"]["report"]["checks"].as_array().unwrap().iter().filter(|check| check["outcome"] != "passed");
    assert_eq!(failed.count(), checks::login::SUITE.checks.len());
}

#[test]
fn what_a_learner_prints_is_kept_apart() {
    let (_alone, scratch) = scratch();
    let prints = "    println!(\"my own print\");\n    session.insert";
    scratch.answer(&scratch.solution().replace("session.cycle_id().await?;", "").replace("    session.insert", prints));
    let told = out(&scratch.workbook("check 1"));
    assert!(told.contains("what your code printed:") && told.contains("│ my own print"), "{told}");
}

#[test]
fn bad_calls_get_a_sentence_and_exit_code_2() {
    let (_alone, scratch) = scratch();
    let all = checks::SUITES.iter().map(|suite| suite.exercise.to_string()).collect::<Vec<_>>().join(", ");
    for (arguments, number) in [("check 9", 9), ("hint 0", 0)] {
        let output = scratch.workbook(arguments);
        let sentence = format!("there is no exercise {number}; there is {all}\n");
        assert_eq!((code(&output), err(&output).as_str(), out(&output).as_str()), (Some(2), sentence.as_str(), ""));
    }
    for arguments in ["check", "check one", "chekc 1", "--port x", "check 300"] {
        assert_eq!(code(&scratch.workbook(arguments)), Some(2), "{arguments}");
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_workbook")).arg("list").current_dir(&elsewhere).output().unwrap();
    assert_eq!(code(&output), Some(2));
    assert!(err(&output).contains("is not inside the workbook: go to the folder you cloned it into"), "{output:?}");
}

#[test]
fn without_cargo_the_sentence_says_how_to_get_it() {
    let (_alone, scratch) = scratch();
    let mut workbook = scratch.command(env!("CARGO_BIN_EXE_workbook"));
    let output = workbook.args(["check", "1"]).env("CARGO", "/no/such/cargo").output().unwrap();
    assert_eq!(code(&output), Some(2));
    assert_eq!(
        err(&output),
        "/no/such/cargo was not found: install Rust from https://rustup.rs, or set CARGO to where cargo is\n"
    );
}

#[test]
fn a_broken_progress_file_is_kept_aside_and_said() {
    let (_alone, scratch) = scratch();
    fs::create_dir(scratch.root().join(".workbook")).unwrap();
    fs::write(scratch.root().join(".workbook/progress.json"), "{ torn").unwrap();
    let output = scratch.workbook("list");
    assert_eq!(code(&output), Some(0));
    assert!(err(&output).contains("progress.broken-1.json, and you start afresh"), "{output:?}");
    assert_eq!(fs::read_to_string(scratch.root().join(".workbook/progress.broken-1.json")).unwrap(), "{ torn");
    assert_eq!(err(&scratch.workbook("list")), "", "it is said once");
}

#[test]
fn a_progress_file_that_cannot_be_written_costs_no_verdict() {
    let (_alone, scratch) = scratch();
    scratch.answer(&scratch.solution());
    fs::write(scratch.root().join(".workbook"), "in the way").unwrap();
    let output = scratch.workbook("check 1");
    assert_eq!(code(&output), Some(0), "{output:?}");
    assert!(err(&output).contains("your progress is not"), "{output:?}");
}

#[test]
#[cfg(unix)]
fn ctrl_c_ends_the_learners_program_too() {
    let (_alone, scratch) = scratch();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    scratch.answer_that_hangs(&listener);
    let mut workbook = scratch.command(env!("CARGO_BIN_EXE_workbook"));
    let mut workbook = workbook.args(["check", "1"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let (mut learner, _) = listener.accept().unwrap();
    assert!(Command::new("kill").args(["-INT", &workbook.id().to_string()]).status().unwrap().success());
    assert_eq!(workbook.wait().unwrap().code(), Some(130));
    assert!(matches!(learner.read(&mut [0]), Ok(0) | Err(_)), "the connection is closed");
}
