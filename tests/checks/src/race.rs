//! Two calls on two threads, and the moments at which to begin the second one.

use std::{
    future::Future,
    hint::spin_loop,
    panic::resume_unwind,
    sync::{Arc, Barrier},
    time::{Duration, Instant},
};

use futures_util::future::join;
use tokio::{
    runtime::Handle,
    task::{JoinError, spawn_blocking},
};

/// How often a race runs, at most and at least.
const MOST: u32 = 64;
const LEAST: u32 = 24;
/// About how much time all of its rounds take.
const IN_ALL: Duration = Duration::from_millis(600);
/// A round is a create, a save, a delete and a load.
const CALLS: u128 = 4;

/// When to begin the second call while the first one runs, which takes `longest`: from soon after to its end.
///
/// A slow backend gets fewer rounds.
pub(crate) fn moments(longest: Duration) -> impl Iterator<Item = Duration> {
    let round = longest.as_micros().max(1) * CALLS;
    let rounds = u32::try_from(IN_ALL.as_micros() / round).unwrap_or(u32::MAX).clamp(LEAST, MOST);
    (1..=rounds).map(move |round| longest * round / rounds)
}

/// Runs `one` at once and `other` after this time, each on a thread of its own. A panic in one of them is a panic here.
pub(crate) async fn at_once<T: Send + 'static, U: Send + 'static>(
    one: impl Future<Output = T> + Send + 'static,
    after: Duration,
    other: impl Future<Output = U> + Send + 'static,
) -> (T, U) {
    fn done<T>(result: Result<T, JoinError>) -> T {
        result.unwrap_or_else(|error| resume_unwind(error.into_panic()))
    }
    let (runtime, start) = (Handle::current(), Arc::new(Barrier::new(2)));
    let (its_runtime, its_start) = (runtime.clone(), start.clone());
    let one = spawn_blocking(move || {
        its_start.wait();
        its_runtime.block_on(one)
    });
    let other = spawn_blocking(move || {
        start.wait();
        let begun = Instant::now();
        while begun.elapsed() < after {
            spin_loop();
        }
        runtime.block_on(other)
    });
    let (one, other) = join(one, other).await;
    (done(one), done(other))
}
