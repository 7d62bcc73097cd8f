//! A limit on how often something may be tried.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use time::{Duration, OffsetDateTime};

/// So many keys are kept at most.
const MOST: usize = 10_000;

// ANCHOR: throttle
/// So many tries at once for each key, and then one more every `interval` (the generic cell rate algorithm).
///
/// It counts on whatever clock its caller reads, so that a demo can skip ahead; that is why it is not a crate.
#[derive(Debug)]
pub struct Throttle {
    burst: i32,
    interval: Duration,
    /// For each key the moment at which all of its tries are its own again.
    full: Mutex<HashMap<String, OffsetDateTime>>,
}

impl Throttle {
    /// `burst` tries, and then one per `interval`.
    pub fn new(burst: i32, interval: Duration) -> Self {
        Self { burst, interval, full: Mutex::default() }
    }

    /// Takes a try, before it is made: of a hundred at the same moment only `burst` pass.
    ///
    /// # Errors
    /// How long to wait for the next one.
    pub fn take(&self, key: &str, now: OffsetDateTime) -> Result<(), Duration> {
        let mut all = self.all();
        let full = all.get(key).map_or(now, |full| now.max(*full)) + self.interval;
        let wait = full - now - self.interval * self.burst;
        if wait.is_positive() {
            return Err(wait);
        }
        make_room(&mut all, now);
        all.insert(key.to_owned(), full);
        Ok(())
    }

    /// Gives a try back: the password was right.
    pub fn give_back(&self, key: &str) {
        if let Some(full) = self.all().get_mut(key) {
            *full -= self.interval;
        }
    }
    // ANCHOR_END: throttle

    fn all(&self) -> MutexGuard<'_, HashMap<String, OffsetDateTime>> {
        self.full.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets whoever has all tries anyway, and if that is not enough the half that comes closest.
fn make_room(all: &mut HashMap<String, OffsetDateTime>, now: OffsetDateTime) {
    if all.len() < MOST {
        return;
    }
    all.retain(|_, full| *full > now);
    if all.len() >= MOST {
        let mut moments: Vec<_> = all.values().copied().collect();
        let (_, middle, _) = moments.select_nth_unstable(MOST / 2);
        all.retain(|_, full| full > middle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn throttle() -> Throttle {
        Throttle::new(3, Duration::MINUTE)
    }

    #[test]
    fn three_at_once_and_then_one_a_minute() {
        let throttle = throttle();
        for _ in 0..3 {
            assert_eq!(throttle.take("alice", NOW), Ok(()));
        }
        assert_eq!(throttle.take("alice", NOW), Err(Duration::MINUTE));
        assert_eq!(throttle.take("alice", NOW + Duration::seconds(59)), Err(Duration::SECOND));
        assert_eq!(throttle.take("bob", NOW), Ok(()), "another key has tries of its own");
        assert_eq!(throttle.take("alice", NOW + Duration::MINUTE), Ok(()));
        assert_eq!(throttle.take("alice", NOW + Duration::MINUTE), Err(Duration::MINUTE));
        for _ in 0..3 {
            assert_eq!(throttle.take("alice", NOW + Duration::HOUR), Ok(()), "after a rest all three are back");
        }
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let throttle = throttle();
        for _ in 0..10 {
            assert_eq!(throttle.take("alice", NOW), Ok(()));
            throttle.give_back("alice");
        }
    }

    #[test]
    fn the_memory_it_takes_is_bounded_and_the_most_insistent_is_remembered() {
        let throttle = throttle();
        for _ in 0..3 {
            assert_eq!(throttle.take("mallory", NOW), Ok(()));
        }
        for other in 0..2 * MOST {
            assert_eq!(throttle.take(&other.to_string(), NOW), Ok(()));
        }
        assert!(throttle.all().len() <= MOST);
        assert_eq!(throttle.take("mallory", NOW), Err(Duration::MINUTE));
    }
}
