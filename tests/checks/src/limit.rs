//! How long a check waits for an answer. Wall-clock time is no measure, because on a busy machine a right answer may
//! take as long as a wrong one that hangs. So the answer's own computing time counts.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

use crate::system;

/// How long an answer may compute between two steps of a check. A step takes milliseconds, a slow password hash a few
/// hundred.
pub(crate) const COMPUTES: Duration = Duration::from_secs(3);
/// How long it may be idle: it does not compute, although this thread, which waits for the same processor, runs at
/// every tick.
pub(crate) const STANDS: Duration = Duration::from_secs(5);
/// The limit for everything, whatever it does.
pub(crate) const OUTER: Duration = Duration::from_secs(60);
/// How long a program that still has threads or tasks is watched after a check: it might end itself.
const STAYS: Duration = Duration::from_secs(2);
/// The threads of a player when its check is over: the one that reports, and the one that ends it with its supervisor.
const OWN_THREADS: usize = 2;
/// How long a thread may take to end.
const ENDING: Duration = Duration::from_millis(20);
/// How much memory an answer may take, in bytes.
pub(crate) const MEMORY: u64 = 1 << 30;

const TICK: Duration = Duration::from_millis(10);
/// A program that computes less than this in a tick is idle.
const STILL: Duration = Duration::from_micros(100);
/// The factor for systems that do not tell how long a process has computed: there an idle process looks like one that
/// waits for the processor.
const BLIND: u32 = 6;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Hang {
    /// It computes without end.
    Computes,
    /// It is idle.
    Stands,
    /// Its thread has ended without one.
    Gone,
}

/// Waits for a result of this process, which runs one answer and nothing else; `steps` counts its progress.
pub(crate) fn awaited<T>(result: &Receiver<T>, steps: impl Fn() -> usize) -> Result<T, Hang> {
    let mut clock = Clock::begun(steps());
    loop {
        match result.recv_timeout(TICK) {
            Ok(result) => return Ok(result),
            Err(RecvTimeoutError::Disconnected) => return Err(Hang::Gone),
            Err(RecvTimeoutError::Timeout) => clock.tick(steps(), system::computed())?,
        }
    }
}

/// Waits to see whether the program ends itself. A program that has nothing left to do is not waited for.
pub(crate) fn stays_up(may_still_act: bool) {
    if may_still_act {
        (0..STAYS.as_millis() / TICK.as_millis()).for_each(|_| thread::sleep(TICK));
    }
}

/// Whether threads of the answer are left, if the system can tell. Those of a runtime that was shut down end soon.
pub(crate) fn has_threads() -> bool {
    (0..ENDING.as_millis()).all(|_| {
        let has = system::threads().is_some_and(|threads| threads > OWN_THREADS);
        if has {
            thread::sleep(Duration::from_millis(1));
        }
        has
    })
}

/// What an answer has used since its last step.
struct Clock {
    steps: usize,
    at_step: Option<Duration>,
    at_tick: Option<Duration>,
    still: u32,
}

impl Clock {
    fn begun(steps: usize) -> Self {
        let now = system::computed();
        Self { steps, at_step: now, at_tick: now, still: 0 }
    }

    /// Notes, one tick later, its progress and how long it has computed in all.
    fn tick(&mut self, steps: usize, now: Option<Duration>) -> Result<(), Hang> {
        if steps != self.steps {
            *self = Self { steps, at_step: now, at_tick: now, still: 0 };
            return Ok(());
        }
        let since = |then: Option<Duration>| Some(now?.saturating_sub(then?));
        let is_still = since(self.at_tick).is_none_or(|computed| computed < STILL);
        self.still = if is_still { self.still + 1 } else { 0 };
        self.at_tick = now;
        let blind = if now.is_none() { BLIND } else { 1 };
        match since(self.at_step) {
            Some(computed) if computed >= COMPUTES => Err(Hang::Computes),
            _ if TICK * self.still >= STANDS * blind => Err(Hang::Stands),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The result after ticks in each of which it computes this long, and makes the steps that `steps` says.
    fn after(ticks: u32, computes: impl Fn(u32) -> Duration, steps: impl Fn(u32) -> usize) -> Result<(), Hang> {
        let mut clock = Clock { steps: 0, at_step: Some(Duration::ZERO), at_tick: Some(Duration::ZERO), still: 0 };
        let mut now = Duration::ZERO;
        (0..ticks).try_for_each(|tick| {
            now += computes(tick);
            clock.tick(steps(tick), Some(now))
        })
    }

    const HOUR: u32 = 360_000;

    #[test]
    fn who_computes_without_a_step_is_ended_and_who_stands_still_is() {
        assert_eq!(after(HOUR, |_| TICK, |_| 0), Err(Hang::Computes));
        assert_eq!(after(HOUR, |_| Duration::ZERO, |_| 0), Err(Hang::Stands));
        assert_eq!(after(299, |_| TICK, |_| 0), Ok(()));
        assert_eq!(after(499, |_| Duration::ZERO, |_| 0), Ok(()));
    }

    #[test]
    fn who_makes_steps_may_take_any_time_on_a_busy_machine() {
        // Served at every hundredth tick, and a step every four seconds.
        let seldom = |tick| if tick % 100 == 0 { Duration::from_millis(3) } else { Duration::ZERO };
        assert_eq!(after(HOUR, seldom, |tick| tick as usize / 400), Ok(()));
        assert_eq!(after(30_000, seldom, |_| 0), Ok(()), "five minutes of the wall are 0.9 s of its own");
    }

    #[test]
    fn a_system_that_does_not_tell_waits_longer() {
        let mut clock = Clock { steps: 0, at_step: None, at_tick: None, still: 0 };
        let ended = (1..HOUR).find(|_| clock.tick(0, None).is_err());
        assert_eq!(ended, Some(3000));
    }
}
