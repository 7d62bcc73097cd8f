//! Removes expired records as long as the program runs, even after a failure of the backend.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tower_sessions::ExpiredDeletion;

/// The time between two cleanups. Expired records only occupy space, because a load checks the time itself.
pub const EVERY: Duration = Duration::from_secs(60);

// ANCHOR: clean
/// Cleans `store` at regular intervals, and never returns.
///
/// tower-sessions' own task ends silently at its first error. This task logs one line for an error or a panic, and
/// continues.
pub async fn clean(store: impl ExpiredDeletion + Clone, every: Duration) {
    let mut time = interval(every);
    time.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        time.tick().await;
        let store = store.clone();
        let cleaned = tokio::spawn(async move { store.delete_expired().await }).await;
        let failure = match cleaned {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => error.to_string(),
            Err(panic) => panic.to_string(),
        };
        tracing::error!("expired sessions could not be removed, next try in {} s: {failure}", every.as_secs());
    }
}
// ANCHOR_END: clean
