//! The test binary of an exercise. It speaks the libtest protocol and starts itself again for each check,
//! so that whatever the learner's code does, the verdict is told: a check passes only when its own process
//! says so.

use std::{
    env, fmt, fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use serde::Serialize;

use crate::{
    App, CheckReport, Miss, Outcome, Report, Suite, Telling,
    args::{Args, USAGE},
    record::Asked,
    render,
    run::{self, LIMIT, Played},
    trial::{END_OF_PRINTS, Log},
};

/// How long after its own limit a process may live; then it is ended from outside.
const GRACE: Duration = Duration::from_secs(3);
/// How much of what a learner's code prints is kept, in bytes.
const PRINTS: u64 = 64 * 1024;
/// How often a waiting process is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// A line of `--json`.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Line<'a> {
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
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(0..100_000));
    if let (Some(place), Some(report)) = (args.child, &args.report) {
        return child(suite, place, &app, seed, report);
    }
    let chosen: Vec<usize> = (0..suite.checks.len()).filter(|&place| args.choose(suite.checks[place].id)).collect();
    if args.list {
        chosen.iter().for_each(|&place| say(format!("{}: test\n", suite.checks[place].id)));
        return ExitCode::SUCCESS;
    }
    let is_whole = chosen.len() == suite.checks.len();
    let asked = Asked::here().filter(|_| is_whole && !args.no_record);
    match supervise(suite, &chosen, seed, args.json) {
        Ok(checks) => {
            let report = Report { exercise: suite.exercise, seed, checks };
            let note = asked.and_then(|asked| asked.keep(&report));
            let code = told(suite, report, &args);
            note.iter().for_each(|note| eprintln!("\n{note}"));
            code
        }
        Err(reason) => {
            eprintln!("the checks cannot be run: {reason}");
            ExitCode::from(2)
        }
    }
}

fn told(suite: &Suite, report: Report, args: &Args) -> ExitCode {
    if args.json {
        print_json(&Line::Report(&report));
    } else if report.checks.is_empty() {
        say(format!("no check of exercise {} has this in its name; `--list` shows them\n", suite.exercise));
    } else {
        let telling = if args.full { Telling::All } else { Telling::First };
        say(render(&report, telling));
    }
    // Nothing chosen is nothing failed: how libtest answers a filter that fits another crate's tests.
    if report.passed() || report.checks.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print_json(line: &Line) {
    let line = serde_json::to_string(line).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"));
    say(format!("{line}\n"));
}

/// Prints it. Who closed the pipe, as `head` does, has read enough.
fn say(text: impl fmt::Display) {
    let _ = write!(anstream::stdout(), "{text}");
}

/// Runs the chosen checks, each in a process of its own, all at once: those that hang wait together.
fn supervise(suite: &'static Suite, chosen: &[usize], seed: u64, json: bool) -> io::Result<Vec<CheckReport>> {
    let folder = tempfile::tempdir()?;
    let run = |place: usize| one(suite, place, seed, &folder.path().join(format!("{place}.json")));
    let played: io::Result<Vec<_>> = thread::scope(|scope| {
        let threads: Vec<_> = chosen.iter().map(|&place| scope.spawn(move || run(place))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err(io::Error::other("a supervisor panicked"))))
            .collect()
    });
    // No verdict is said before all checks have been played: what one of them sees may fail another.
    let reports = run::verdicts(played?);
    if json {
        reports.iter().for_each(|report| print_json(&Line::Check(report)));
    }
    Ok(reports)
}

fn one(suite: &Suite, place: usize, seed: u64, file: &Path) -> io::Result<Played> {
    let mut process = Command::new(env::current_exe()?)
        .args(["--child", &place.to_string(), "--seed", &seed.to_string(), "--report"])
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let prints = Prints::of(&mut process);
    let ended = wait(&mut process)?;
    let written = fs::read(file).ok().and_then(|played| serde_json::from_slice(&played).ok());
    // A report is whole or not there; without one the check did not come to its end.
    let Played { report, noticed } = written.unwrap_or_else(|| {
        let log = Log::read(&steps(file));
        let failure = run::failure(suite, place, &log, cut_short(ended), seed);
        Played { report: run::report(suite, place, Outcome::Failed(Box::new(failure))), noticed: Vec::new() }
    });
    Ok(Played { report: CheckReport { prints: prints.taken(), ..report }, noticed })
}

/// Where a child writes down what it sends, beside its report.
fn steps(report: &Path) -> PathBuf {
    report.with_extension("steps")
}

fn child(suite: &'static Suite, place: usize, app: &App, seed: u64, file: &Path) -> ExitCode {
    let played = run::check(suite, place, app, seed, Log::kept_in(&steps(file)));
    let written = || {
        let unfinished = file.with_extension("part");
        fs::write(&unfinished, serde_json::to_vec(&played)?)?;
        fs::rename(unfinished, file)
    };
    match written() {
        // `exit`, not a return: a learner's thread may still be in a loop.
        Ok(()) => std::process::exit(0),
        Err(error) => {
            eprintln!("the report of check {} cannot be written: {error}", place + 1);
            std::process::exit(2)
        }
    }
}

/// The end of a process; nothing if it had to be ended.
fn wait(process: &mut Child) -> io::Result<Option<ExitStatus>> {
    let begun = Instant::now();
    while begun.elapsed() < LIMIT + GRACE {
        if let Some(status) = process.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(LOOK);
    }
    process.kill()?;
    process.wait()?;
    Ok(None)
}

fn cut_short(ended: Option<ExitStatus>) -> Miss {
    match ended {
        Some(status) => Miss::new("an answer to every request", format!("the program ended itself ({status})"))
            .so("something in it calls `exit` or `abort`, overflows the stack or takes all memory, at the last of these requests or in a thread beside it; a server goes on"),
        None => Miss::new("an answer", format!("none in {} s", (LIMIT + GRACE).as_secs()))
            .so("the program stood still and was ended"),
    }
}

/// What a process prints, both streams together, while it runs.
struct Prints {
    kept: Arc<Mutex<Vec<u8>>>,
    open: Receiver<()>,
}

impl Prints {
    fn of(process: &mut Child) -> Self {
        let (closed, open) = mpsc::channel();
        let kept = Arc::default();
        if let Some(stream) = process.stdout.take() {
            listen(stream, &kept, closed.clone());
        }
        if let Some(stream) = process.stderr.take() {
            listen(stream, &kept, closed);
        }
        Self { kept, open }
    }

    /// All of it. A process that the learner's code left behind may hold the streams open: that one is not waited for.
    fn taken(self) -> String {
        let until = Instant::now() + Duration::from_millis(200);
        while let Err(RecvTimeoutError::Timeout) =
            self.open.recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            if Instant::now() >= until {
                break;
            }
        }
        String::from_utf8_lossy(&self.kept.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

fn listen(mut stream: impl Read + Send + 'static, kept: &Arc<Mutex<Vec<u8>>>, closed: Sender<()>) {
    let kept = kept.clone();
    thread::spawn(move || {
        let _open_until_the_end = closed;
        let (mut piece, mut is_over) = ([0; 4096], false);
        while let Ok(read @ 1..) = stream.read(&mut piece) {
            let told = piece[..read].iter().take_while(|byte| **byte != END_OF_PRINTS).count();
            if !is_over {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                let room = usize::try_from(PRINTS).unwrap_or(usize::MAX).saturating_sub(kept.len());
                kept.extend_from_slice(&piece[..told.min(room)]);
            }
            is_over |= told < read;
        }
    });
}
