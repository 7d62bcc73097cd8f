//! Removes what has expired, for as long as the program runs and whatever happens to the backend.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tower_sessions::ExpiredDeletion;

/// How often. Expired records do no harm, they only take room: loading looks at the time itself.
pub const EVERY: Duration = Duration::from_secs(60);

// ANCHOR: clean
/// Cleans `store` again and again; never ends.
///
/// tower-sessions' own task ends for good at its first error, and nobody is told. This one says what went wrong and
/// goes on: an error is one line, and so is a panic.
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
