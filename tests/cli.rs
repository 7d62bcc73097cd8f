//! Tests the commands in the terminal: the output at each step, and the answers to bad input.

mod scratch;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::Path,
    process::{Command, Output, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
};

use checks::progress::Progress;
use scratch::Scratch;
use serde_json::Value;
use workbook::exercise::Exercise;

/// All tests of this file share one copy, so that it is built once. Only one test uses it at a time.
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
    assert_eq!(out(&scratch.workbook("hint login 6")), out(&scratch.workbook("hint 1 6")), "as often as asked for");

    scratch.answer(&scratch.solution());
    snapshot!("list_changed_since", out(&scratch.workbook("list")));
    let passed = scratch.workbook("check 1 --seed 7");
    assert_eq!(code(&passed), Some(0));
    snapshot!("check_passed", out(&passed));
    snapshot!("list_passed", out(&scratch.workbook("list")));
}

/// Runs `cargo test` as most people do.
fn cargo_test(scratch: &Scratch, arguments: &[&str]) -> Output {
    let mut cargo = scratch.command(env!("CARGO"));
    cargo.args(["test", "-q", "-p", "exercise-1", "--"]).args(arguments).output().unwrap()
}

#[test]
fn a_verdict_of_cargo_test_is_kept_and_is_old_when_the_answer_has_changed() {
    let (_alone, scratch) = scratch();
    let list = || out(&scratch.workbook("list"));
    scratch.answer(&scratch.solution());
    for no_verdict in [&["--no-record"][..], &["form"], &["--list"]] {
        assert!(cargo_test(&scratch, no_verdict).status.success());
        assert!(list().contains("not tried yet"), "{no_verdict:?}: {}", list());
    }
    assert!(cargo_test(&scratch, &["--seed", "7"]).status.success());
    assert!(list().contains("1 of 8 passed") && list().contains("✔  passed, all 13"), "{}", list());
    assert!(out(&scratch.workbook("solution 1")).contains("Your answer is identical to the solution."));

    scratch.answer(&scratch.solution().replace("session.cycle_id().await?;", ""));
    assert!(list().contains("0 of 8 passed"), "{}", list());
    assert!(list().contains("·  changed since it was checked: passed, all 13"), "{}", list());
    assert!(!cargo_test(&scratch, &["--json"]).status.success());
    assert!(list().contains("✘  not yet, 12 of 13\n"), "{}", list());
    assert!(out(&scratch.workbook("hint 1")).contains("Hint 6 of"), "the hint that fits what cargo test has found");
}

#[test]
fn many_hints_at_once_are_all_kept() {
    let (_alone, scratch) = scratch();
    let all = Exercise::all(scratch.root()).unwrap();
    let asked = all.iter().flat_map(|exercise| {
        (1..=exercise.brief.hints.len()).map(|hint| [exercise.number.to_string(), hint.to_string()])
    });
    let spawned: Vec<_> = asked
        .map(|which| {
            let mut workbook = scratch.command(env!("CARGO_BIN_EXE_workbook"));
            workbook.arg("hint").args(which).stdout(Stdio::null()).spawn().unwrap()
        })
        .collect();
    spawned.into_iter().for_each(|mut hint| assert!(hint.wait().unwrap().success()));
    for exercise in all {
        let shown = Progress::load(scratch.root()).0.of(&exercise.id).hints;
        assert_eq!(shown, (1..=exercise.brief.hints.len()).collect(), "{}", exercise.id);
    }
}

#[test]
fn an_error_of_the_build_that_is_not_in_the_answers_lines_is_shown() {
    let (_alone, scratch) = scratch();
    let check = |variable: &str, value: &std::ffi::OsStr| {
        let mut workbook = scratch.command(env!("CARGO_BIN_EXE_workbook"));
        workbook.args(["check", "1"]).env(variable, value).output().unwrap()
    };
    scratch.answer(&scratch.solution());
    let gone = scratch.root().join("gone");

    // With this PATH no program is found, not even a linker.
    let rustc = Path::new(env!("CARGO")).with_file_name("rustc");
    let mut workbook = scratch.command(env!("CARGO_BIN_EXE_workbook"));
    workbook.args(["check", "1"]).env("PATH", &gone).env("CARGO", env!("CARGO")).env("RUSTC", rustc);
    let output = workbook.output().unwrap();
    assert_eq!((code(&output), out(&output)), (Some(2), String::new()));
    assert!(err(&output).contains("error: linker `") && err(&output).contains("doctor` checks"), "{}", err(&output));

    let output = check("TMPDIR", gone.as_os_str());
    assert_eq!(code(&output), Some(2));
    assert!(err(&output).contains(&gone.display().to_string()), "{}", err(&output));

    let utf_16: Vec<u8> = scratch.solution().encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(scratch.root().join("exercises/1-login/src/lib.rs"), utf_16).unwrap();
    let output = scratch.workbook("check 1");
    assert_eq!(code(&output), Some(1));
    assert!(out(&output).contains("UTF-8"), "{output:?}");

    scratch.answer(&scratch.solution());
    let other = scratch.root().join("tests/unify/src/lib.rs");
    fs::write(other, "mod gone;").unwrap();
    let output = scratch.workbook("check 1");
    assert_eq!(code(&output), Some(2));
    assert!(err(&output).contains("error[E0583]") && err(&output).contains("tests/unify"), "{}", err(&output));

    fs::write(scratch.root().join("exercises/1-login/Cargo.toml"), "[pack").unwrap();
    let output = scratch.workbook("check 1");
    assert_eq!(code(&output), Some(2));
    let reset = format!("`{} reset 1`", env!("CARGO_BIN_EXE_workbook"));
    assert!(err(&output).contains("exercises/1-login/Cargo.toml") && err(&output).contains(&reset), "{}", err(&output));
}

#[test]
#[cfg(unix)]
fn where_no_file_can_be_opened_any_more_the_reason_is_shown() {
    let (_alone, scratch) = scratch();
    scratch.answer(&scratch.solution());
    assert_eq!(code(&scratch.workbook("check 1")), Some(0), "it is built");
    let limited = format!("ulimit -n 12; exec '{}' check 1", env!("CARGO_BIN_EXE_workbook"));
    let output = scratch.command("sh").args(["-c", &limited]).output().unwrap();
    assert_eq!(code(&output), Some(2), "{output:?}");
    assert!(err(&output).contains("Too many open files"), "{output:?}");
}

#[test]
#[cfg(unix)]
fn a_wait_for_another_cargo_is_shown() {
    let (_alone, scratch) = scratch();
    scratch.answer(&scratch.solution());
    let target = scratch.root().join("locked");
    fs::create_dir_all(target.join("debug")).unwrap();
    let held = fs::File::create(target.join("debug/.cargo-lock")).unwrap();
    held.lock().unwrap();
    let mut workbook = scratch.command(env!("CARGO_BIN_EXE_workbook"));
    workbook.args(["check", "1"]).env("CARGO_TARGET_DIR", &target).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut workbook = workbook.spawn().unwrap();
    let mut lines = BufReader::new(workbook.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(
        lines.next().as_deref(),
        Some("another cargo is building in the workbook; this continues when it is done")
    );
    // Ends the program together with its cargo, which would otherwise rebuild everything now.
    assert!(Command::new("kill").args(["-INT", &workbook.id().to_string()]).status().unwrap().success());
    assert_eq!(workbook.wait().unwrap().code(), Some(130));
}

#[test]
fn the_program_of_an_answer_refuses_what_it_does_not_know() {
    let (_alone, scratch) = scratch();
    let run = |arguments: &[&str]| {
        let mut cargo = scratch.command(env!("CARGO"));
        cargo.current_dir(scratch.root().join("exercises/1-login"));
        cargo.args(["run", "-q", "--"]).args(arguments).stdin(Stdio::null()).output().unwrap()
    };
    let refused = run(&["list"]);
    assert_eq!(code(&refused), Some(2));
    assert!(err(&refused).contains("unexpected argument \"list\""), "{refused:?}");
    assert!(err(&refused).contains("cargo run -p workbook -- list"), "{refused:?}");
    let helped = run(&["--help"]);
    assert_eq!(code(&helped), Some(0));
    assert!(out(&helped).contains("--port PORT"), "{helped:?}");
}

#[test]
fn the_test_binary_the_terminal_and_json_say_the_same() {
    let (_alone, scratch) = scratch();
    scratch.answer(&scratch.solution().replace("session.flush().await?;", "session.clear().await;"));
    let told = out(&scratch.workbook("check 1 --seed 7"));
    let tested = cargo_test(&scratch, &["--seed", "7"]);
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
    // The output shows the prints of the scene that fails, one for each login, and no later ones.
    let failed = told.lines().filter(|line| line.contains("│ my own print")).count();
    let posts = told.lines().filter(|line| line.contains("POST /login") && line.contains("303")).count();
    assert_eq!(failed, posts, "{told}");
}

#[test]
fn bad_calls_get_a_sentence_and_exit_code_2() {
    let (_alone, scratch) = scratch();
    let all = Exercise::all(scratch.root()).unwrap();
    let all: Vec<_> = all.iter().map(|exercise| format!("{} {}", exercise.number, exercise.id)).collect();
    for (arguments, which) in [("check 9", "9"), ("hint 0", "0"), ("solution tea", "tea"), ("reset 300", "300")] {
        let output = scratch.workbook(arguments);
        let sentence = format!("there is no exercise {which}; the exercises are {}\n", all.join(", "));
        assert_eq!((code(&output), err(&output).as_str(), out(&output).as_str()), (Some(2), sentence.as_str(), ""));
    }
    for arguments in ["check --all 2", "watch 9", "reset", "hint 1 99", "hint 1 0", "chekc 1", "--port x"] {
        assert_eq!(code(&scratch.workbook(arguments)), Some(2), "{arguments}");
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_workbook")).arg("list").current_dir(&elsewhere).output().unwrap();
    assert_eq!(code(&output), Some(2));
    assert!(err(&output).contains("is not inside the workbook: go to the folder you cloned it into"), "{output:?}");
}

#[test]
fn a_pipe_that_is_closed_early_causes_no_panic() {
    let (_alone, scratch) = scratch();
    for arguments in [&["list"][..], &["check", "1", "--json"], &["solution", "1", "--show-me"]] {
        let mut workbook = scratch.command(env!("CARGO_BIN_EXE_workbook"));
        let mut workbook = workbook.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(workbook.stdout.take());
        let ended = workbook.wait_with_output().unwrap();
        assert!(!err(&ended).contains("panicked"), "{arguments:?}: {ended:?}");
    }
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
    assert_eq!(err(&scratch.workbook("list")), "", "the sentence appears once");
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

/// The answer tries to write to the output of other processes. Linux allows that only to root.
#[test]
fn a_verdict_that_the_answer_writes_itself_does_not_count() {
    let (_alone, scratch) = scratch();
    scratch.answer(
        r##"//! Writes a verdict to the output of every process above.
use axum::Router;
use tower_sessions::SessionStore;

/// An app without routes.
pub fn app<S: SessionStore + Clone>(_store: S) -> Router {
    let passed = r#"{"number":1,"id":"login_page_has_a_form","requirement":"","outcome":"passed","prints":""}"#;
    let forged = format!("\n{{\"report\":{{\"exercise\":1,\"seed\":7,\"checks\":[{passed}]}}}}\n");
    for process in std::iter::successors(parent(std::process::id()), |process| parent(*process)).take(2) {
        let _ = std::fs::write(format!("/proc/{process}/fd/1"), &forged);
    }
    Router::new()
}

fn parent(process: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
"##,
    );
    let output = scratch.workbook("check 1");
    assert_eq!(code(&output), Some(1), "{output:?}");
    assert!(out(&output).contains("exercise 1 not yet"), "{output:?}");
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

#[test]
fn a_check_without_a_number_takes_the_first_that_is_not_passed() {
    let (_alone, scratch) = scratch();
    scratch.answer(&scratch.solution());
    assert!(out(&scratch.workbook("check")).contains("exercise 1 passed"));
    scratch.answer(&scratch.solution().replace("session.cycle_id().await?;", ""));
    let changed = scratch.workbook("check");
    assert!(
        out(&changed).contains("exercise 1 not yet"),
        "an answer that has changed since counts as open: {changed:?}"
    );
    scratch.answer(&scratch.solution());
    assert!(out(&scratch.workbook("check login")).contains("exercise 1 passed"));
    let second = scratch.workbook("check");
    assert_eq!(code(&second), Some(1));
    assert!(out(&second).contains("exercise 2 not yet"), "{second:?}");

    let all = scratch.workbook("check --all --json");
    assert_eq!(code(&all), Some(1));
    let verdicts: Vec<Value> = serde_json::from_slice(&all.stdout).unwrap();
    let passed: Vec<_> = verdicts.iter().map(|verdict| verdict["passed"] == true).collect();
    let expected: Vec<_> = checks::SUITES.iter().map(|suite| suite.exercise == 1).collect();
    assert_eq!(passed, expected);
    assert!(out(&scratch.workbook("list")).contains(&format!("1 of {} passed", checks::SUITES.len())));
}

#[test]
fn the_solution_is_shown_after_a_pass_or_when_asked_for_twice() {
    let (_alone, scratch) = scratch();
    let refused = scratch.workbook("solution 1");
    assert_eq!(code(&refused), Some(1));
    assert!(out(&refused).contains("--show-me"), "{refused:?}");
    assert!(!out(&scratch.workbook("list")).contains("solution seen"));

    let shown = scratch.workbook("solution 1 --show-me");
    assert_eq!(code(&shown), Some(0));
    let told = out(&shown);
    assert!(told.contains("-    todo!(") && told.contains("+    session.flush().await?;"), "{told}");
    assert!(told.contains("Why it is written this way"), "{told}");
    assert!(out(&scratch.workbook("list")).contains("not tried yet, solution seen"));

    scratch.answer(&scratch.solution());
    scratch.workbook("check 1");
    assert!(out(&scratch.workbook("solution 1")).contains("Your answer is identical to the solution."));
}

#[test]
fn a_reset_gives_the_stub_whatever_was_committed_and_keeps_the_answer_in_a_backup() {
    let (_alone, scratch) = scratch();
    let file = scratch.root().join("exercises/1-login/src/lib.rs");
    let stub = fs::read_to_string(&file).unwrap();
    let no_programs = tempfile::tempdir().unwrap();
    for number in 1..=2 {
        let answer = format!("// answer {number}");
        scratch.answer(&answer);
        fs::write(file.with_file_name("mine.rs"), "").unwrap();
        fs::write(scratch.root().join("exercises/1-login/Cargo.toml"), "[pack").unwrap();
        commit_all(&scratch);
        let mut workbook = scratch.command(env!("CARGO_BIN_EXE_workbook"));
        let output = workbook.args(["reset", "1"]).env("PATH", no_programs.path()).output().unwrap();
        assert_eq!(code(&output), Some(0), "{output:?}");
        let backup = scratch.root().join(format!(".workbook/backups/login-{number}"));
        assert!(out(&output).contains(&backup.display().to_string()), "{output:?}");
        assert_eq!(fs::read_to_string(backup.join("src/lib.rs")).unwrap(), answer);
        assert!(backup.join("src/mine.rs").exists() && !file.with_file_name("mine.rs").exists());
        assert_eq!(fs::read_to_string(&file).unwrap(), stub);
        let manifest = fs::read_to_string(scratch.root().join("exercises/1-login/Cargo.toml")).unwrap();
        assert!(manifest.contains("name = \"exercise-1\""), "{manifest}");
        assert!(scratch.root().join("exercises/1-login/README.md").exists());
    }
    assert_eq!(code(&scratch.workbook("reset")), Some(2), "which one has to be said");
}

/// Commits everything, as a learner does who has their answers in git.
fn commit_all(scratch: &Scratch) {
    let who = ["-c", "user.name=learner", "-c", "user.email=learner@localhost", "-c", "commit.gpgsign=false"];
    for arguments in [&["init", "-q"][..], &["add", "."], &["commit", "-q", "-m", "my answer"]] {
        let done = scratch.command("git").args(who).args(arguments).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    }
}

#[test]
fn an_exercise_that_is_missing_is_named_and_restored_and_the_others_are_left_alone() {
    let (_alone, scratch) = scratch();
    let folder = scratch.root().join("exercises/3-preferences");
    scratch.answer("// mine");
    for missing in ["", "src/lib.rs", "README.md"] {
        if missing.is_empty() { fs::remove_dir_all(&folder) } else { fs::remove_file(folder.join(missing)) }.unwrap();
        let name = format!("exercises/3-preferences/{missing}");
        let said = format!("{} is missing", name.trim_end_matches('/'));

        let output = scratch.workbook("check 3");
        assert_eq!(code(&output), Some(2));
        assert!(err(&output).contains(&said) && err(&output).contains(" reset 3`"), "{output:?}");
        let output = scratch.workbook("list");
        assert_eq!(out(&output).matches("not tried yet").count(), checks::SUITES.len() - 1, "{output:?}");
        assert!(out(&output).contains(&format!("broken: {said}")), "{output:?}");
        let output = scratch.workbook("doctor");
        assert_eq!(code(&output), Some(2), "{output:?}");
        assert!(out(&output).contains(&said) && out(&output).contains(" reset 3`"), "{output:?}");
        if missing != "README.md" {
            // Cargo fails at the missing file, not at the answer.
            let output = scratch.workbook("check 1");
            assert_eq!(code(&output), Some(2));
            assert!(err(&output).contains(" reset 3`") && !err(&output).contains(" reset 1`"), "{output:?}");
        }

        let output = scratch.workbook("reset 3");
        assert_eq!(code(&output), Some(0), "{output:?}");
        assert_eq!(out(&output).contains("there was no answer to keep"), missing.is_empty(), "{output:?}");
        assert!(
            ["README.md", "Cargo.toml", "src/lib.rs", "tests/check.rs"].iter().all(|file| folder.join(file).is_file())
        );
        let output = scratch.workbook("doctor");
        assert!(out(&output).contains("✔  exercises"), "{output:?}");
    }
    fs::write(folder.join("Cargo.toml"), "[pack").unwrap();
    let output = scratch.workbook("doctor");
    assert!(out(&output).contains("cargo cannot read the manifest of exercise 3"), "{output:?}");
    assert_eq!(fs::read_to_string(scratch.root().join("exercises/1-login/src/lib.rs")).unwrap(), "// mine");
}

#[test]
fn a_reset_without_a_stub_changes_nothing() {
    let (_alone, scratch) = scratch();
    fs::remove_dir_all(scratch.root().join("src/stubs")).unwrap();
    scratch.answer("// mine");
    let output = scratch.workbook("reset 1");
    assert_eq!(code(&output), Some(2));
    assert!(err(&output).contains("nothing was changed"), "{output:?}");
    assert_eq!(fs::read_to_string(scratch.root().join("exercises/1-login/src/lib.rs")).unwrap(), "// mine");
}

#[test]
fn a_save_during_a_run_ends_it_and_begins_another() {
    let (_alone, scratch) = scratch();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    scratch.answer_that_hangs(&listener);
    let mut watch = scratch.command(env!("CARGO_BIN_EXE_workbook"));
    watch.args(["watch", "1", "--poll"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut watch = watch.spawn().unwrap();
    let mut keys = watch.stdin.take().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut until = |words: &str| lines.by_ref().take_while(|line| !line.contains(words)).collect::<Vec<_>>();

    let (mut learner, _) = listener.accept().unwrap();
    scratch.answer(&scratch.solution());
    assert!(matches!(learner.read(&mut [0]), Ok(0) | Err(_)), "the run that hangs was ended");
    let told = until("polling exercises/1-login · h hint").join("\n");
    assert!(told.contains("13 of 13") && told.contains("What you learned"), "{told}");
    assert!(!told.contains("not yet"), "the run that was ended tells nothing: {told}");

    // A manifest that cargo cannot read, such as a half-written one, does not end `watch`.
    let manifest = scratch.root().join("exercises/1-login/Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, "[pack").unwrap();
    let told = until("polling exercises/1-login · h hint").join("\n");
    assert!(told.contains("cargo could not build exercise-1"), "{told}");
    fs::write(&manifest, text).unwrap();
    let told = until("polling exercises/1-login · h hint").join("\n");
    assert!(told.contains("13 of 13"), "{told}");

    // Another folder replaces this one. It contains an editor's lock file, a link whose target does not exist.
    let (folder, moved) = (scratch.root().join("exercises/1-login"), scratch.root().join("moved"));
    fs::rename(&folder, &moved).unwrap();
    fs::create_dir(&folder).unwrap();
    fs::rename(moved.join("README.md"), folder.join("README.md")).unwrap();
    scratch::copy(&scratch.root().join("src/stubs/1-login"), &folder);
    #[cfg(unix)]
    std::os::unix::fs::symlink("me@here.1:2", folder.join("src/.#lib.rs")).unwrap();
    scratch.answer(&scratch.solution().replace("session.cycle_id().await?;", ""));
    let told = until("12 of 13").join("\n");
    assert!(told.contains("✘  9"), "{told}");

    keys.write_all(b"h").unwrap();
    until("Hint 6 of");
    keys.write_all(b"n").unwrap();
    assert!(until("polling exercises/2-cart").join("\n").contains("exercise 2 not yet"));
    keys.write_all(b"p").unwrap();
    until("polling exercises/1-login");
    keys.write_all(b"q").unwrap();
    assert!(watch.wait().unwrap().success());
}

#[test]
fn the_doctor_works_outside_the_workbook_too() {
    let elsewhere = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_workbook")).arg("doctor").current_dir(&elsewhere).output().unwrap();
    assert_eq!(code(&output), Some(0), "{output:?}");
    assert!(out(&output).contains("✔  linker") && out(&output).contains("The workbook works here"), "{output:?}");

    let nothing = Command::new(env!("CARGO_BIN_EXE_workbook")).arg("doctor").env("PATH", elsewhere.path()).output();
    let nothing = nothing.unwrap();
    assert_eq!(code(&nothing), Some(2));
    assert!(out(&nothing).contains("install Rust from https://rustup.rs"), "{nothing:?}");
    assert!(out(&nothing).contains("2 things have to be fixed"), "{nothing:?}");
}
