//! The test binary of an exercise. It speaks the libtest protocol, and starts itself again for whatever runs the
//! learner's code, so that there is a verdict whatever that code does: a check passes only if its own process says so.

use std::{
    env, fmt,
    io::{self, Write},
    process::ExitCode,
    thread,
};

use serde::Serialize;

use crate::{
    App, CheckReport, Key, Report, Suite, Telling,
    args::{Args, USAGE},
    guard,
    order::{self, Order, Work},
    player,
    record::Asked,
    render,
    restart::Place,
    run::Scene,
    supervisor, system,
};

/// A line of `--json`.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Line<'a> {
    /// One more check was played.
    Played,
    Check(&'a CheckReport),
    Report(&'a Report),
}

pub(crate) fn main(suite: &'static Suite, app: App) -> ExitCode {
    let args = match Args::read(env::args_os().skip(1)) {
        Ok(args) => args,
        Err(error) => {
            eprintln!("{error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    if args.help {
        say(format!("{USAGE}\n"));
        return ExitCode::SUCCESS;
    }
    if args.order {
        return obey(suite, &app);
    }
    let chosen: Vec<usize> = (0..suite.checks.len()).filter(|&place| args.choose(suite.checks[place].id)).collect();
    if args.list {
        chosen.iter().for_each(|&place| say(format!("{}: test\n", suite.checks[place].id)));
        return ExitCode::SUCCESS;
    }
    let is_whole = chosen.len() == suite.checks.len();
    let asked = Asked::here().filter(|_| is_whole && !args.no_record);
    system::close_to_others();
    let key = args.sealed.then(key_from_input);
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(0..100_000));
    let on = || {
        if args.json && key.is_some() {
            print_json(&Line::Played, key.as_ref())
        }
    };
    match guard::verdicts(suite, &chosen, seed, args.outer, on) {
        Ok(checks) => {
            let report = Report { exercise: suite.exercise, seed, checks };
            let note = asked.and_then(|asked| asked.keep(&report));
            let code = told(suite, report, &args, key.as_ref());
            note.iter().for_each(|note| eprintln!("\n{note}"));
            code
        }
        Err(reason) => {
            eprintln!("the checks cannot be run: {reason}");
            ExitCode::from(2)
        }
    }
}

/// Does the part of the work that the parent process left to this one.
fn obey(suite: &'static Suite, app: &App) -> ExitCode {
    system::close_to_others();
    let order = match Order::taken() {
        Ok(order) => order,
        Err(error) => {
            eprintln!("there is no order on standard input: {error}");
            return ExitCode::from(2);
        }
    };
    match &order.work {
        Work::Supervise(places) => supervisor::supervise(suite, places, &order),
        Work::Play { place, stays } => {
            let restarts = Place::Elsewhere { outer: order.outer };
            let scene = Scene { suite, place: *place, app, seed: order.seed, stays: *stays, restarts };
            player::play(scene, &order)
        }
        Work::Resume(file) => player::resume(suite, app, file, &order),
    }
    ExitCode::SUCCESS
}

/// The process that has started this one sends the key, and keeps the input open as long as it lives.
fn key_from_input() -> Key {
    let mut line = String::new();
    // Without the right key nobody believes the sealed lines: the process that should have sent the key notices.
    let _ = io::stdin().read_line(&mut line);
    thread::spawn(order::end_with_the_one_who_gave_it);
    Key::read(&line)
}

fn told(suite: &Suite, report: Report, args: &Args, key: Option<&Key>) -> ExitCode {
    if args.json {
        report.checks.iter().for_each(|check| print_json(&Line::Check(check), key));
        print_json(&Line::Report(&report), key);
    } else if report.checks.is_empty() {
        say(format!("no check of exercise {} has this in its name; `--list` shows the names\n", suite.exercise));
    } else {
        let telling = if args.full { Telling::All } else { Telling::First };
        say(render(&report, telling));
    }
    // If no check was chosen, none has failed: libtest answers a filter for another crate's tests in the same way.
    if report.passed() || report.checks.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print_json(line: &Line, key: Option<&Key>) {
    let line = serde_json::to_string(line).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"));
    let line = key.map_or(line.clone(), |key| key.seal(&line));
    say(format!("{line}\n"));
}

/// Prints it. A reader that closed the pipe, as `head` does, has read enough.
fn say(text: impl fmt::Display) {
    let _ = write!(anstream::stdout(), "{text}");
}
