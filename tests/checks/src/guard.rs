//! What separates an answer from its verdict: the process that was started for the checks runs none of the answer's
//! code. It believes only sealed lines, counts what it asked for, and ends every process that was started below it.
//!
//! # What it guarantees
//!
//! - Only the answer's own time counts (`limit`), so that a busy machine refuses no right answer. No more checks are
//!   played at once than there are cores, until one hangs. This process keeps the outer limit, so stopping a process
//!   below it does not stop the clock.
//! - A report is sealed with a [`Key`] that a process reads from its standard input before any of the answer's code runs.
//!   A line without the seal is ignored, and a check that does not report has failed.
//! - Processes that an answer has started end with the run. If it changes `tests/check.rs`, the file is restored and
//!   the answer fails.
//! - An answer that has threads or tasks left when a check is over is watched for two seconds more: it might end itself.
//! - Memory is limited to 1 GiB for each check.
//!
//! Linux has all of these guarantees. On macOS a program that an answer starts in a session of its own survives, memory
//! is not limited, and threads that are left are not seen. On Windows no program that an answer has started is ended,
//! memory is not limited, and because the system does not tell how long a process has computed, an idle answer is
//! waited for six times as long.
//!
//! # What it does not guarantee
//!
//! An answer shares its process with the check that looks at it, and its user with the whole workbook. An answer can
//! search its own memory for the key, stop every process above it, rewrite the checks, or end itself after it has been
//! watched.

use std::{
    fs,
    io::{self, BufRead, BufReader},
    path::Path,
    process::Child,
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use crate::{
    CheckReport, Failure, Key, Miss, Outcome, Suite,
    model::SHARES,
    order::{Order, Work},
    run::{self, Played},
    system,
};

/// The three lines that run the checks on an answer; relative to its package's folder, where cargo starts them.
const CHECK: &str = "tests/check.rs";

/// Has these checks played, and calls `on` after each.
pub(crate) fn verdicts(
    suite: &'static Suite,
    places: &[usize],
    seed: u64,
    outer: Duration,
    on: impl FnMut(),
) -> io::Result<Vec<CheckReport>> {
    let check = fs::read(CHECK).ok();
    system::adopt_orphans();
    // No verdict is given before all checks have been played, because one check may see a mistake that fails another.
    let mut reports = run::verdicts(played(suite, places, seed, outer, on)?);
    if suite.model.is_some() && reports.iter().all(CheckReport::passed) {
        let shares: Vec<_> = (suite.checks.len()..).take(SHARES).collect();
        let model = played(suite, &shares, seed, outer, || ())?;
        let found = model.into_iter().map(Played::findings).find(|found| !found.is_empty());
        run::merge(&mut reports, found.unwrap_or_default());
    }
    if let (Some(check), Some(report)) = (check, reports.first_mut()) {
        holds_still(Path::new(CHECK), &check, report)?;
    }
    Ok(reports)
}

/// The results of these checks, played in processes of their own.
fn played(
    suite: &'static Suite,
    places: &[usize],
    seed: u64,
    outer: Duration,
    on: impl FnMut(),
) -> io::Result<Vec<Played>> {
    let folder = tempfile::tempdir()?;
    let work = Work::Supervise(places.to_vec());
    let order = Order { work, seed, key: Key::new(), folder: folder.path().to_owned(), outer };
    let mut supervisor = order.give(system::lead_a_group)?;
    let played = heard(&mut supervisor, places.len(), &order, on);
    system::end(&mut supervisor);
    Ok(all(played, suite, places, &order))
}

/// Reads what the supervisor reports until it has reported every check, ends, or is silent for longer than a check may
/// take.
fn heard(supervisor: &mut Child, checks: usize, order: &Order, mut on: impl FnMut()) -> Vec<Played> {
    let lines = lines(supervisor);
    let next = || Instant::now() + order.outer + order.outer / 4;
    let (mut played, mut until) = (Vec::new(), next());
    while played.len() < checks
        && let Ok(line) = lines.recv_timeout(until.saturating_duration_since(Instant::now()))
    {
        if let Some(told) = order.key.open(&line).and_then(|line| serde_json::from_str(line).ok()) {
            played.push(told);
            until = next(); // a line without the seal does not extend the limit
            on();
        }
    }
    played
}

fn lines(process: &mut Child) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    if let Some(stream) = process.stdout.take() {
        thread::spawn(move || {
            let told = BufReader::new(stream).lines().map_while(Result::ok);
            told.for_each(|line| drop(sender.send(line)));
        });
    }
    lines
}

/// One for each check that was asked for.
fn all(mut played: Vec<Played>, suite: &'static Suite, places: &[usize], order: &Order) -> Vec<Played> {
    let mut take = |place: usize| {
        let found = played.iter().position(|played| played.report.number == place + 1);
        found.map_or_else(|| order.broken_off(suite, place, silent()), |found| played.swap_remove(found))
    };
    places.iter().map(|&place| take(place)).collect()
}

fn silent() -> Miss {
    Miss::new("the check to end", "no end: the process above it was stopped or ended")
        .so("something in the program stops or ends processes that it did not start; a server must leave them alone")
}

/// Fails an answer that changed its checks: it would pass the next `cargo test`, because nothing would check it.
fn holds_still(file: &Path, as_it_was: &[u8], report: &mut CheckReport) -> io::Result<()> {
    if fs::read(file).is_ok_and(|now| now == as_it_was) {
        return Ok(());
    }
    let _ = fs::remove_file(file); // which may be a link to another one by now
    fs::write(file, as_it_was)?;
    report.outcome = Outcome::Failed(Box::new(Failure {
        expected: format!("{CHECK} as it was"),
        actual: "a different file, written while the answer was checked".to_owned(),
        so: format!("something in the program wrote to {CHECK}; the file has been restored"),
        ..Failure::default()
    }));
    Ok(())
}
