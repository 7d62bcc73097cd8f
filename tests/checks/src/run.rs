//! One check, run in this process: on a thread of its own, against the clock, with panics caught.

use std::{
    cell::{Cell, RefCell},
    panic::{self, AssertUnwindSafe, PanicHookInfo},
    sync::{
        Arc, Once,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use crate::{
    App, CheckReport, Failure, Miss, Outcome, Suite, Trial, Users,
    canary::Canary,
    recipe, routes,
    trial::{Log, Sent, UNANSWERED, UNFINISHED},
    users,
};

/// How long a check may take, its compile time not counted. All of a check's requests together take
/// milliseconds when the app answers at all.
pub(crate) const LIMIT: Duration = Duration::from_secs(5);
/// How many requests a failure spells out: the first of a scene, and the last ones.
const TOLD: usize = 6;

/// A check that was played.
#[derive(Deserialize, Serialize)]
pub(crate) struct Played {
    pub(crate) report: CheckReport,
    /// What was seen meanwhile that breaks other requirements: the number of each, and its failure.
    pub(crate) noticed: Vec<(usize, Failure)>,
}

/// The reports on these checks, where a rule that was broken in any of them fails the check of its own requirement.
pub(crate) fn verdicts(played: impl IntoIterator<Item = Played>) -> Vec<CheckReport> {
    let (mut reports, mut noticed) = (Vec::new(), Vec::new());
    for Played { report, noticed: seen } in played {
        noticed.extend(seen.into_iter().map(|(number, failure)| (number != report.number, number, failure)));
        reports.push(report);
    }
    noticed.sort_by_key(|(is_elsewhere, ..)| *is_elsewhere); // the scene of the requirement itself tells it best
    for (_, number, failure) in noticed {
        if let Some(report) = reports.iter_mut().find(|report| report.number == number && report.passed()) {
            report.outcome = Outcome::Failed(Box::new(failure));
        }
    }
    reports
}

/// Plays the check at `place`. It always comes back within [`LIMIT`], if the process does not end.
/// What is sent is noted in `log`.
pub(crate) fn check(suite: &'static Suite, place: usize, app: &App, seed: u64, log: Log) -> Played {
    let (log, begun) = (Arc::new(log), Instant::now());
    let users = Users::with_suffix(&suffix(seed));
    let (sender, receiver) = mpsc::channel();
    let (app, shared_log) = (app.clone(), log.clone());
    let thread = thread::spawn(move || {
        let play = |users, log| guarded(suite, place, &app, users, log);
        // Nobody listens after the limit.
        let _ = sender.send(play(users, shared_log.clone()));
        if let Some(check) = suite.names {
            shared_log.end_prints();
            // Once more with names that are markup wherever they are pasted. What the scene says of them is no verdict.
            let names = Users::with_canary(&suffix(seed), Canary::new(&suffix(seed).replace('-', "c"), check));
            let again = Arc::<Log>::default();
            let _ = play(names, again.clone());
            shared_log.noticed().append(&mut again.noticed());
        }
        let _ = sender.send(Ok(()));
    });
    let result = match receiver.recv_timeout(LIMIT) {
        Ok(result) => {
            let _ = receiver.recv_timeout(LIMIT.saturating_sub(begun.elapsed())); // what is not seen by then is not noticed
            result
        }
        Err(RecvTimeoutError::Timeout) => Err(no_answer(&log)),
        Err(RecvTimeoutError::Disconnected) => Err(Miss::new("an answer", "the check's thread ended without one")),
    };
    drop(thread); // one that hangs is left behind; the process that runs a learner's code ends soon
    let outcome = result
        .map_or_else(|miss| Outcome::Failed(Box::new(failure(suite, place, &log, miss, seed))), |()| Outcome::Passed);
    Played { report: report(suite, place, outcome), noticed: noticed(suite, &log, seed) }
}

/// The number of each requirement whose rule was broken, and its failure.
fn noticed(suite: &Suite, log: &Log, seed: u64) -> Vec<(usize, Failure)> {
    let noticed = log.noticed().clone();
    let failures = noticed.into_iter().filter_map(|noticed| {
        let place = suite.checks.iter().position(|check| check.id == noticed.check)?;
        let failure = failure(suite, place, &Log::of(noticed.sent), noticed.miss, seed);
        Some((place + 1, if let Some(canary) = noticed.canary { canary.told(failure) } else { failure }))
    });
    failures.collect()
}

/// The report on the check at `place` with this outcome.
pub(crate) fn report(suite: &Suite, place: usize, outcome: Outcome) -> CheckReport {
    let requirement = suite.brief().requirements.get(place).cloned().unwrap_or_default();
    CheckReport {
        number: place + 1,
        id: suite.checks[place].id.to_owned(),
        requirement,
        outcome,
        prints: String::new(),
    }
}

/// All that a failure tells beside the miss itself.
pub(crate) fn failure(suite: &Suite, place: usize, log: &Log, miss: Miss, seed: u64) -> Failure {
    let check = &suite.checks[place];
    let sent = log.sent().clone();
    let told = told(&sent);
    let port = 4100 + u16::from(suite.exercise);
    // The demo has the same people, without this run's suffix; a name's markup is encoded in a form.
    let by_hand = |curl: &str| {
        let curl = users::in_demo(curl, &suffix(seed)).replace(":PORT", &format!(":{port}"));
        curl.replace(":INSPECTOR", &format!(":{}", port + session_inspector::BESIDE))
    };
    Failure {
        steps: told.iter().map(|sent| sent.step.clone()).collect(),
        again: recipe::of(&sent, by_hand),
        expected: miss.expected,
        actual: miss.actual,
        session: miss.session,
        so: miss.so,
        route: told
            .iter()
            .rfind(|sent| !sent.step.method.is_empty())
            .and_then(|sent| routes::place_of(&sent.step.path))
            .unwrap_or_default(),
        why: if miss.why.is_empty() { check.why } else { miss.why }.to_owned(),
        hint: check.hint,
        read: check.read.to_owned(),
    }
}

/// A scene in short: how it began, how many steps were like the others, and how it ended.
fn told(sent: &[Sent]) -> Vec<Sent> {
    let mut scenes = sent.rsplit(|sent| sent.begins.is_some());
    let sent = scenes.find(|scene| !scene.is_empty()).unwrap_or_default();
    let Some((first, rest)) = sent.split_first().filter(|_| sent.len() > TOLD) else { return sent.to_vec() };
    let (between, last) = rest.split_at(rest.len() - (TOLD - 1));
    let steps = if between.len() == 1 { "1 more step".to_owned() } else { format!("{} more steps", between.len()) };
    [first.clone(), Sent::call("…", steps).with_answer("")].into_iter().chain(last.iter().cloned()).collect()
}

/// What makes this run's names and passwords others than the last run's.
fn suffix(seed: u64) -> String {
    format!("-{:03x}", fastrand::Rng::with_seed(seed).u16(0x100..=0xfff))
}

fn no_answer(log: &Log) -> Miss {
    let limit = LIMIT.as_secs();
    let last = log.sent().last().map(|sent| sent.step.clone());
    match last {
        Some(step) if step.answer == UNANSWERED && step.method.is_empty() => {
            Miss::new("an end", format!("none in {limit} s")).so(format!("`{}` does not end", step.path.trim()))
        }
        Some(step) if step.answer == UNANSWERED => Miss::new("an answer", format!("none in {limit} s")).so(format!(
            "the handler of {} {} does not end: a loop, a blocking call, or a future that is never ready",
            step.method, step.path
        )),
        Some(step) if step.answer.ends_with(UNFINISHED) => Miss::new("a whole answer", format!("none in {limit} s"))
            .so(format!("the answer to {} {} begins, and its body does not end", step.method, step.path)),
        Some(_) => Miss::new("the check to end", format!("it did not, in {limit} s")),
        None => Miss::new("an app", format!("none in {limit} s")).so("`app` does not return"),
    }
}

fn guarded(suite: &Suite, place: usize, app: &App, users: Users, log: Arc<Log>) -> Result<(), Miss> {
    catch_panics_on_this_thread();
    // Threads, so that an answer may use all of tokio (`block_in_place` needs them).
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|error| Miss::new("a tokio runtime", error.to_string()))?;
    let sent = log.clone();
    let trial = panic::catch_unwind(AssertUnwindSafe(|| {
        let _as_in_main = runtime.enter(); // `app` may start tasks of its own
        Trial::new(app, users, suite.monitors, log)
    }));
    let trial = trial.map_err(|_| in_app())?;
    let run = suite.checks[place].run;
    let result = panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(run(&trial))));
    runtime.shutdown_background();
    result.unwrap_or_else(|_| Err(in_check(&sent)))
}

fn in_app() -> Miss {
    let panic = last_panic().unwrap_or_default();
    let unwritten = panic.message.starts_with("not yet implemented");
    let so = if unwritten { "`app` is still `todo!()`" } else { "`app` itself panicked, before any request" };
    Miss::new("an app", format!("a panic: {}", panic.message)).so(format!("{so}, at {}", panic.place))
}

fn in_check(sent: &Log) -> Miss {
    let panic = last_panic().unwrap_or_default();
    let call = sent
        .sent()
        .last()
        .map(|sent| sent.step.clone())
        .filter(|step| step.method.is_empty() && step.answer == UNANSWERED);
    if panic.message.starts_with("not yet implemented") {
        return Miss::new("an answer", format!("a panic: {}", panic.message))
            .so(format!("it is still `todo!()`, at {}", panic.place));
    }
    if let Some(call) = call {
        return Miss::new("an answer", format!("a panic: {}", panic.message)).so(format!(
            "`{}` panicked, at {}; return an error instead",
            call.path.trim(),
            panic.place
        ));
    }
    Miss::new("a verdict", format!("a panic: {}", panic.message)).so(format!(
        "something outside a handler panicked, at {}; return an error instead (if that is not your code, it is a mistake in the check)",
        panic.place
    ))
}

/// A panic on this thread.
#[derive(Clone, Debug, Default)]
pub(crate) struct Panic {
    pub(crate) message: String,
    /// File and line.
    pub(crate) place: String,
}

thread_local! {
    static CAUGHT_HERE: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<Option<Panic>> = const { RefCell::new(None) };
}

/// The last panic on this thread.
pub(crate) fn last_panic() -> Option<Panic> {
    LAST.with(|last| last.borrow().clone())
}

/// From now on a panic on this thread is noted, not printed: the report tells it.
fn catch_panics_on_this_thread() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| if CAUGHT_HERE.get() { note(info) } else { others(info) }));
    });
    CAUGHT_HERE.set(true);
}

fn note(info: &PanicHookInfo) {
    let place = info.location().map(|place| format!("{}:{}", place.file(), place.line())).unwrap_or_default();
    let message = info.payload_as_str().unwrap_or("no message").to_owned();
    LAST.with(|last| *last.borrow_mut() = Some(Panic { message, place }));
}
