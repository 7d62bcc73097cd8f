//! The process that plays the checks, each in a process of its own: no more of them at once than there are cores, until
//! one hangs. An answer that hangs is wrong, and then its other checks may all wait at once.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read, Write},
    process::{Child, ExitStatus, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    thread::{self, Scope},
    time::{Duration, Instant},
};

use crate::{
    CheckReport, Key, Miss, Suite,
    limit::MEMORY,
    order::{Order, Work},
    prints::Prints,
    run::Played,
    system,
};

/// How often to check whether a process has ended whose streams are still open.
const LOOK: Duration = Duration::from_millis(20);
/// How long after its streams a process ends.
const SOON: Duration = Duration::from_micros(100);
/// No report is longer, in bytes.
const LONGEST_REPORT: u64 = 16 << 20;

/// Reports each check that was played, sealed, in a line on standard output.
pub(crate) fn supervise(suite: &Suite, places: &[usize], order: &Order) {
    system::adopt_orphans();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let first = places.first().copied().unwrap_or_default();
    let supervisor = Supervisor { suite, order, first, left: Mutex::new(places.iter().copied().collect()) };
    thread::scope(|scope| (0..cores.min(places.len())).for_each(|_| supervisor.begin(scope)));
}

struct Supervisor<'w> {
    suite: &'w Suite,
    order: &'w Order,
    first: usize,
    left: Mutex<VecDeque<usize>>,
}

impl Supervisor<'_> {
    fn begin<'s>(&'s self, scope: &'s Scope<'s, '_>) {
        scope.spawn(move || {
            while let Some(place) = self.next() {
                let played = self.play(place);
                if played.hung {
                    (0..self.left().len()).for_each(|_| self.begin(scope));
                }
                tell(&played, &self.order.key);
            }
        });
    }

    fn next(&self) -> Option<usize> {
        self.left().pop_front()
    }

    fn left(&self) -> MutexGuard<'_, VecDeque<usize>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn play(&self, place: usize) -> Played {
        // One check is enough to see whether the program keeps running, and with the first one it costs the least time.
        let work = Work::Play { place, stays: place == self.first };
        let order = Order { work, key: Key::new(), ..self.order.clone() };
        let (ended, prints) = match ended(&order) {
            Ok((ended, prints)) => (ended, prints),
            Err(error) => return order.broken_off(self.suite, place, Miss::new("a process", error.to_string())),
        };
        // A report is whole or not there; without one the check did not come to its end.
        let played = reported(&order, place).unwrap_or_else(|| Played {
            hung: ended.is_none(),
            ..order.broken_off(self.suite, place, cut_short(ended, order.outer, order.has_begun(place)))
        });
        Played { report: CheckReport { prints, ..played.report }, ..played }
    }
}

fn tell(played: &Played, key: &Key) {
    // A reader that is gone has ended, and so will this process.
    let _ = serde_json::to_string(played).map(|played| writeln!(io::stdout(), "{}", key.seal(&played)));
}

/// How the player of this order ended, or nothing if it had to be killed; and what it printed.
fn ended(order: &Order) -> io::Result<(Option<ExitStatus>, String)> {
    let mut player = order.give(|command| _ = command.stderr(Stdio::piped()))?;
    let prints = Prints::of(&mut player);
    let ended = end_of(&mut player, &prints, order.outer)?;
    Ok((ended, prints.taken()))
}

fn end_of(player: &mut Child, prints: &Prints, outer: Duration) -> io::Result<Option<ExitStatus>> {
    let begun = Instant::now();
    while begun.elapsed() < outer {
        if let Some(status) = player.try_wait()? {
            return Ok(Some(status));
        }
        if prints.closed_within(LOOK) {
            thread::sleep(SOON);
        }
    }
    player.kill()?;
    player.wait()?;
    Ok(None)
}

fn reported(order: &Order, place: usize) -> Option<Played> {
    let mut sealed = String::new();
    File::open(order.report_of(place)).ok()?.take(LONGEST_REPORT).read_to_string(&mut sealed).ok()?;
    serde_json::from_str(order.key.open(&sealed)?).ok()
}

/// `has_begun`: whether a request was sent.
fn cut_short(ended: Option<ExitStatus>, outer: Duration, has_begun: bool) -> Miss {
    let when = if has_begun { "during the last of these requests" } else { "before the first request" };
    match ended {
        Some(status) => Miss::new("an answer to every request", format!("the program ended itself ({status})")).so(format!(
            "something in it calls `exit` or `abort`, overflows the stack or takes more than {} GiB of memory, {when} or in another thread; a server has to keep running",
            MEMORY >> 30
        )),
        None => Miss::new("an answer", format!("none in {} s", outer.as_secs()))
            .so("the program did not end by itself, and was stopped"),
    }
}
