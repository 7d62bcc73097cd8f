//! One check, run in this process: on a thread of its own, with a limit, and with panics caught.

use std::{
    cell::{Cell, RefCell},
    panic::{self, AssertUnwindSafe, PanicHookInfo},
    sync::{
        Arc, Once,
        mpsc::{self, Receiver},
    },
    thread,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{
    App, Check, CheckReport, Failure, Miss, Monitor, Outcome, Suite, Trial, Users,
    canary::Canary,
    limit::{self, COMPUTES, Hang, OUTER, STANDS},
    model::{SHARES, Share, Stage},
    monitor::Noticed,
    recipe,
    restart::{Handover, Part, Place, Restarts, Resumed},
    routes,
    trial::{Log, Own, Sent, UNANSWERED, UNFINISHED},
    users,
};

/// How many requests a failure shows: the first of a scene, and the last ones.
const TOLD: usize = 6;

/// A check that was played.
#[derive(Deserialize, Serialize)]
pub(crate) struct Played {
    pub(crate) report: CheckReport,
    /// Other requirements that were broken meanwhile: the number of each, and its failure.
    pub(crate) noticed: Vec<(usize, Failure)>,
    /// Whether it had to be ended.
    pub(crate) hung: bool,
}

impl Played {
    /// Its failures: the number of each requirement, and the failure. A check that was stopped belongs to none, and is
    /// reported under the first.
    pub(crate) fn findings(self) -> Vec<(usize, Failure)> {
        match self.report.outcome {
            Outcome::Failed(failure) => vec![(1, *failure)],
            Outcome::Passed => self.noticed,
        }
    }
}

/// The reports on these checks. A rule that was broken in any of them fails the check of its own requirement.
pub(crate) fn verdicts(played: impl IntoIterator<Item = Played>) -> Vec<CheckReport> {
    let (mut reports, mut noticed) = (Vec::new(), Vec::new());
    for Played { report, noticed: seen, .. } in played {
        noticed.extend(seen.into_iter().map(|(number, failure)| (number != report.number, number, failure)));
        reports.push(report);
    }
    noticed.sort_by_key(|(is_elsewhere, ..)| *is_elsewhere); // the scene of the requirement itself shows it best
    merge(&mut reports, noticed.into_iter().map(|(_, number, failure)| (number, failure)));
    reports
}

/// Fails the check of each of these requirements that has passed so far.
pub(crate) fn merge(reports: &mut [CheckReport], noticed: impl IntoIterator<Item = (usize, Failure)>) {
    for (number, failure) in noticed {
        if let Some(report) = reports.iter_mut().find(|report| report.number == number && report.passed()) {
            report.outcome = Outcome::Failed(Box::new(failure));
        }
    }
}

/// A check, and what it is played on.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) suite: &'static Suite,
    /// After the last check come the shares of the model.
    pub(crate) place: usize,
    pub(crate) app: &'a App,
    pub(crate) seed: u64,
    /// Whether to check, at the end, that the program keeps running.
    pub(crate) stays: bool,
    pub(crate) restarts: Place,
}

type Result<T = (), E = Miss> = std::result::Result<T, E>;

/// Plays it in a process that runs nothing else, so that its time is the answer's. `log` gets every step.
pub(crate) fn alone(scene: Scene, log: Log) -> Played {
    let played = play(scene, log, |result, log| limit::awaited(result, || log.steps()));
    limit::stays_up(scene.stays && limit::has_threads());
    played
}

/// Plays it beside others, on an app that is known to end.
pub(crate) fn beside_others(scene: Scene) -> Played {
    play(scene, Log::default(), |result, _| result.recv_timeout(OUTER).map_err(|_| Hang::Stands))
}

fn play(scene: Scene, log: Log, awaited: impl Fn(&Receiver<Result>, &Log) -> Result<Result, Hang>) -> Played {
    let Scene { suite, place, seed, .. } = scene;
    let log = Arc::new(log);
    let result = awaited(&scene.begun(users(seed), &log), &log);
    if let (Ok(_), Some(check), false) = (&result, suite.names, scene.is_model()) {
        log.end_prints();
        // Again with names that are markup wherever they are pasted. The scene's own result with them is not a verdict.
        let names = Users::with_canary(&suffix(seed), Canary::new(&suffix(seed).replace('-', "c"), check));
        let again = Arc::<Log>::default();
        let _ = awaited(&Scene { stays: false, restarts: Place::Here, ..scene }.begun(names, &again), &again);
        log.noticed().append(&mut again.noticed());
    }
    let hung = result.is_err();
    let failed = |miss| match noticed_first(suite, place, &log) {
        Some(Noticed { miss, sent, .. }) => failure(suite, place, &Log::of(sent), miss, seed),
        None => failure(suite, place, &log, miss, seed),
    };
    let outcome = result
        .unwrap_or_else(|hang| Err(no_answer(&log, hang)))
        .map_or_else(|miss| Outcome::Failed(Box::new(failed(miss))), |()| Outcome::Passed);
    Played { report: report(suite, place, outcome), noticed: noticed(suite, &log, seed), hung }
}

/// In bytes, as a main thread has: the answer's handlers run below the frames of the scene, and neither is optimized.
const STACK: usize = 8 << 20;

/// Plays a scene on a thread of its own, which sends the result. A thread that hangs is left behind: the process that
/// runs a learner's code ends soon.
fn on_a_thread(scene: impl FnOnce() -> Result + Send + 'static) -> Receiver<Result> {
    let (sender, receiver) = mpsc::channel();
    let play = move || {
        // After the limit nobody receives it.
        let _ = sender.send(scene());
    };
    thread::Builder::new().stack_size(STACK).spawn(play).expect("the system has a thread left");
    receiver
}

impl Scene<'_> {
    fn begun(self, users: Users, log: &Arc<Log>) -> Receiver<Result> {
        let (Scene { suite, place, seed, stays, restarts, .. }, app, log) = (self, self.app.clone(), log.clone());
        on_a_thread(move || match suite.checks.get(place) {
            Some(check) => {
                let restarts = Arc::new(Restarts::new(restarts, || Part::Scene(place), seed));
                let setting = Setting { app: &app, users, monitors: suite.monitors, restarts, stays };
                played(setting, log, async |trial| (check.run)(trial).await)
            }
            None => {
                let share = match restarts {
                    Place::Here => Share::ALL,
                    Place::Elsewhere { .. } => Share { first: place - suite.checks.len(), of: SHARES },
                };
                Stage { app, seed, share, monitors: suite.monitors, restarts, log }.play(suite.model);
                Ok(())
            }
        })
    }

    fn is_model(&self) -> bool {
        self.place >= self.suite.checks.len()
    }
}

/// The number of each requirement whose rule was broken, and its failure.
fn noticed(suite: &Suite, log: &Log, seed: u64) -> Vec<(usize, Failure)> {
    let noticed = log.noticed().clone();
    noticed.into_iter().filter_map(|noticed| told_of(suite, noticed, seed)).collect()
}

/// The failure that a rule of this very check reported before the scene itself came to it.
fn noticed_first(suite: &Suite, place: usize, log: &Log) -> Option<Noticed> {
    let check = suite.checks.get(place)?;
    log.noticed().iter().find(|noticed| noticed.check == check.id && noticed.canary.is_none()).cloned()
}

fn told_of(suite: &Suite, noticed: Noticed, seed: u64) -> Option<(usize, Failure)> {
    let place = suite.checks.iter().position(|check| check.id == noticed.check)?;
    let failure = failure(suite, place, &Log::of(noticed.sent), noticed.miss, seed);
    Some((place + 1, if let Some(canary) = noticed.canary { canary.told(failure) } else { failure }))
}

/// The check at `place`. A story that does not end belongs to no requirement, and is reported under the first.
fn described(suite: &Suite, place: usize) -> &Check {
    suite.checks.get(place).unwrap_or(&suite.checks[0])
}

/// The report on the check at `place` with this outcome.
pub(crate) fn report(suite: &Suite, place: usize, outcome: Outcome) -> CheckReport {
    let requirement = suite.brief().requirements.get(place).cloned().unwrap_or_default();
    CheckReport {
        number: place + 1,
        id: described(suite, place).id.to_owned(),
        requirement,
        outcome,
        prints: String::new(),
    }
}

/// A failure: the miss, with everything else that is shown beside it.
pub(crate) fn failure(suite: &Suite, place: usize, log: &Log, miss: Miss, seed: u64) -> Failure {
    let check = described(suite, place);
    let sent = log.sent().clone();
    let told = told(&sent);
    let Own { at, why, hint, read } = miss.own();
    let last = || told.iter().rfind(|sent| !sent.step.method.is_empty()).map(|sent| sent.step.path.clone());
    let port = 4100 + u16::from(suite.exercise);
    // The demo has the same people, without this run's suffix; a name's markup is encoded in a form.
    let by_hand = |curl: &str| {
        let curl = users::in_demo(curl, &suffix(seed)).replace(":PORT", &format!(":{port}"));
        curl.replace(":INSPECTOR", &format!(":{}", port + session_inspector::BESIDE))
    };
    Failure {
        steps: (1..).zip(&told).map(|(number, sent)| sent.in_full(number, number == told.len() as u64)).collect(),
        again: recipe::of(&sent, by_hand),
        expected: miss.expected,
        actual: miss.actual,
        session: miss.session,
        so: miss.so,
        route: at.or_else(last).and_then(|path| routes::place_of(&path)).unwrap_or_default(),
        why: why.unwrap_or_else(|| check.why.to_owned()),
        hint: hint.unwrap_or(check.hint),
        read: read.unwrap_or_else(|| check.read.to_owned()),
    }
}

/// A scene in short: its first step, the number of steps left out, and its last steps.
fn told(sent: &[Sent]) -> Vec<Sent> {
    let mut scenes = sent.rsplit(|sent| sent.begins.is_some());
    let sent = scenes.find(|scene| !scene.is_empty()).unwrap_or_default();
    let Some((first, rest)) = sent.split_first().filter(|_| sent.len() > TOLD) else { return sent.to_vec() };
    let (between, last) = rest.split_at(rest.len() - (TOLD - 1));
    let steps = if between.len() == 1 { "1 more step".to_owned() } else { format!("{} more steps", between.len()) };
    [first.clone(), Sent::call("…", steps).with_answer("")].into_iter().chain(last.iter().cloned()).collect()
}

/// This run's accounts.
pub(crate) fn users(seed: u64) -> Users {
    Users::with_suffix(&suffix(seed))
}

/// The ending that changes names and passwords on every run.
fn suffix(seed: u64) -> String {
    format!("-{:03x}", fastrand::Rng::with_seed(seed).u16(0x100..=0xfff))
}

fn no_answer(log: &Log, hang: Hang) -> Miss {
    let (none, because) = match hang {
        Hang::Computes => {
            (format!("none, after {} s of computing", COMPUTES.as_secs()), "computes for too long, perhaps in a loop")
        }
        Hang::Stands => (
            format!("none, after {} s in which the program did nothing", STANDS.as_secs()),
            "waits for something that does not come: a blocking call, a lock that is held, or a future that is never ready",
        ),
        Hang::Gone => ("none: the thread that asked has ended".to_owned(), "ends the thread that calls it"),
    };
    let last = log.sent().last().map(|sent| sent.step.clone());
    match last {
        Some(step) if step.answer == UNANSWERED && step.method.is_empty() => {
            Miss::new("an end", none).so(format!("`{}` {because}", step.path.trim()))
        }
        Some(step) if step.answer == UNANSWERED => Miss::new("an answer", none)
            .so(format!("nothing answers {} {}: its handler, or a layer around it, {because}", step.method, step.path)),
        Some(step) if step.answer.ends_with(UNFINISHED) => Miss::new("a whole answer", none)
            .so(format!("the answer to {} {} begins, but its body does not end", step.method, step.path)),
        Some(_) => Miss::new("the check to end", none),
        None => Miss::new("an app", none).so(format!("`app` does not return: it {because}")),
    }
}

/// Everything that a scene needs, fresh each time.
pub(crate) struct Setting<'a> {
    pub(crate) app: &'a App,
    pub(crate) users: Users,
    pub(crate) monitors: &'static [Monitor],
    pub(crate) restarts: Arc<Restarts>,
    /// Whether to check, at the end, that the program keeps running.
    pub(crate) stays: bool,
}

/// Plays this, and catches panics.
pub(crate) fn played(setting: Setting, log: Arc<Log>, play: impl AsyncFnOnce(&Trial) -> Result) -> Result {
    let Setting { app, users, monitors, restarts, stays } = setting;
    catch_panics_on_this_thread();
    // Threads, so that an answer may use all of tokio (`block_in_place` needs them).
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|error| Miss::new("a tokio runtime", error.to_string()))?;
    let sent = log.clone();
    let trial = panic::catch_unwind(AssertUnwindSafe(|| {
        let _as_in_main = runtime.enter(); // `app` may start tasks of its own
        Trial::new(app, users, monitors, restarts, log)
    }));
    let trial = trial.map_err(|_| in_app())?;
    let result = panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(play(&trial))));
    limit::stays_up(stays && runtime.metrics().num_alive_tasks() > 0);
    runtime.shutdown_background();
    sent.taken_over().unwrap_or_else(|| result.unwrap_or_else(|_| Err(in_check(&sent))))
}

/// Continues where another process has ended its server.
pub(crate) fn resume(suite: &'static Suite, app: &App, handover: Handover, outer: Duration) -> Resumed {
    let (log, restarts) = (Arc::<Log>::default(), Arc::new(Restarts::resumed(handover.clone(), outer)));
    let (app, its_log, its_restarts) = (app.clone(), log.clone(), restarts.clone());
    let receiver = on_a_thread(move || {
        let users = users(handover.seed);
        let setting = Setting { app: &app, users, monitors: suite.monitors, restarts: its_restarts, stays: false };
        played(setting, its_log, async |trial| match handover.part {
            Part::Scene(place) => (suite.checks[place].run)(trial).await,
            Part::Story(story) => match suite.model {
                Some(model) => (model.replay)(trial, story).await,
                None => Ok(()),
            },
        })
    });
    let result = limit::awaited(&receiver, || log.steps()).unwrap_or_else(|hang| Err(no_answer(&log, hang)));
    let (sent, noticed) = (log.sent().clone(), log.noticed().iter().map(Noticed::told).collect());
    Resumed { miss: result.err(), sent, noticed, is_lost: restarts.is_lost() }
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
        "something outside a handler panicked, at {}; return an error instead (if that is not your code, the check itself has a bug)",
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

/// From now on a panic on this thread is recorded, not printed: the report shows it.
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
