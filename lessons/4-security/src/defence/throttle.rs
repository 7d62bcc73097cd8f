//! A limit on how often a visitor may try something.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use time::{Duration, OffsetDateTime};
use tokio::sync::{Notify, futures::OwnedNotified};

/// The maximum number of keys in memory, at 64 bytes each.
const MOST: usize = 10_000;

// ANCHOR: throttle
/// Allows `burst` failures at once for each key, and then one more every `interval` (a leaky bucket).
///
/// The caller passes the time, so that a demo can move its clock forward. Published crates do not allow that.
#[derive(Debug)]
pub struct Throttle {
    burst: i32,
    interval: Duration,
    /// Keys are stored as 64-bit hashes. Two keys with the same hash share a budget. Among ten thousand keys the odds
    /// are one in 370 billion, and nobody can look for collisions without this process's random key.
    hasher: RandomState,
    all: Mutex<HashMap<u64, Spent>>,
}

/// The budget that a key has used.
#[derive(Debug)]
struct Spent {
    /// The time from `at` until the key has all of its attempts again.
    time: Duration,
    at: OffsetDateTime,
    /// The number of attempts without an outcome so far.
    open: u32,
    settled: Arc<Notify>,
}

impl Throttle {
    /// Creates a throttle that allows `burst` failures, and then one per `interval`.
    pub fn new(burst: i32, interval: Duration) -> Self {
        Self { burst, interval, hasher: RandomState::new(), all: Mutex::default() }
    }

    /// Reserves an attempt before it is made. Of a hundred simultaneous attempts, only `burst` run. The others wait for
    /// their outcome, because an attempt with the right password is given back.
    ///
    /// # Errors
    /// Too many attempts have failed. The error is the time until the next one.
    pub async fn reserve(&self, key: impl Hash, now: OffsetDateTime) -> Result<Reservation<'_>, Duration> {
        let key = self.hasher.hash_one(key);
        loop {
            match self.take(key, now) {
                Taken::Yes(settled) => return Ok(Reservation { throttle: self, key, settled, failed: true }),
                Taken::Undecided(settled) => settled.await,
                Taken::No(wait) => return Err(wait),
            }
        }
    }

    fn take(&self, key: u64, now: OffsetDateTime) -> Taken {
        let mut all = self.all();
        if !all.contains_key(&key) {
            make_room(&mut all, now);
        }
        let spent = all.entry(key).or_insert_with(|| Spent::nothing(now));
        spent.pass(now);
        let wait = spent.time + self.interval - self.interval * self.burst;
        if !wait.is_positive() {
            spent.time += self.interval;
            spent.open += 1;
            Taken::Yes(spent.settled.clone())
        } else if spent.open > 0 {
            Taken::Undecided(spent.settled.clone().notified_owned())
        } else {
            Taken::No(wait)
        }
    }
    // ANCHOR_END: throttle

    fn all(&self) -> MutexGuard<'_, HashMap<u64, Spent>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Taken {
    Yes(Arc<Notify>),
    Undecided(OwnedNotified),
    No(Duration),
}

impl Spent {
    fn nothing(now: OffsetDateTime) -> Self {
        Self { time: Duration::ZERO, at: now, open: 0, settled: Arc::default() }
    }

    fn left(&self, now: OffsetDateTime) -> Duration {
        // A clock that moved back gives nothing back and takes nothing.
        (self.time - (now - self.at).max(Duration::ZERO)).max(Duration::ZERO)
    }

    fn pass(&mut self, now: OffsetDateTime) {
        self.time = self.left(now);
        self.at = now;
    }
}

/// A reserved attempt. It counts as failed unless it is given back, so nobody gains an attempt by closing the
/// connection before the answer.
#[derive(Debug)]
#[must_use]
pub struct Reservation<'t> {
    throttle: &'t Throttle,
    key: u64,
    settled: Arc<Notify>,
    failed: bool,
}

impl Reservation<'_> {
    /// Gives the attempt back, because the password was right or was not checked.
    pub fn give_back(mut self) {
        self.failed = false;
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        if let Some(spent) = self.throttle.all().get_mut(&self.key) {
            spent.open = spent.open.saturating_sub(1);
            if !self.failed {
                spent.time = (spent.time - self.throttle.interval).max(Duration::ZERO);
            }
        }
        self.settled.notify_waiters();
    }
}

/// Removes every key that has all its attempts again. If that is not enough, it removes the half of the keys that would
/// have them first.
fn make_room(all: &mut HashMap<u64, Spent>, now: OffsetDateTime) {
    if all.len() < MOST {
        return;
    }
    all.retain(|_, spent| spent.open > 0 || spent.left(now).is_positive());
    if all.len() >= MOST {
        let mut left: Vec<_> = all.values().map(|spent| spent.left(now)).collect();
        let (_, &mut middle, _) = left.select_nth_unstable(MOST / 2);
        all.retain(|_, spent| spent.left(now) > middle);
    }
}

/// Returns the network that counts as one address: an IPv4 address, also in an IPv6 notation, or the /64 of an IPv6
/// address. A provider gives each customer at least a /64, so at least 2⁶⁴ addresses.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use futures_util::{FutureExt, future::join_all};

    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn throttle() -> Throttle {
        Throttle::new(3, Duration::MINUTE)
    }

    /// Makes one attempt that fails.
    async fn fail(throttle: &Throttle, key: &str, now: OffsetDateTime) -> Result<(), Duration> {
        throttle.reserve(key, now).await.map(drop)
    }

    #[tokio::test]
    async fn three_at_once_and_then_one_a_minute() {
        let throttle = throttle();
        for _ in 0..3 {
            assert_eq!(fail(&throttle, "alice", NOW).await, Ok(()));
        }
        assert_eq!(fail(&throttle, "alice", NOW).await, Err(Duration::MINUTE));
        assert_eq!(fail(&throttle, "alice", NOW + Duration::seconds(59)).await, Err(Duration::SECOND));
        assert_eq!(fail(&throttle, "bob", NOW).await, Ok(()), "another key has tries of its own");
        assert_eq!(fail(&throttle, "alice", NOW + Duration::MINUTE).await, Ok(()));
        assert_eq!(fail(&throttle, "alice", NOW + Duration::MINUTE).await, Err(Duration::MINUTE));
        for _ in 0..3 {
            assert_eq!(fail(&throttle, "alice", NOW + Duration::HOUR).await, Ok(()), "after a rest all three are back");
        }
    }

    #[tokio::test]
    async fn what_is_given_back_can_be_taken_again() {
        let throttle = throttle();
        for _ in 0..10 {
            throttle.reserve("alice", NOW).await.unwrap().give_back();
        }
        for _ in 0..3 {
            assert_eq!(fail(&throttle, "alice", NOW).await, Ok(()));
        }
        assert_eq!(fail(&throttle, "alice", NOW).await, Err(Duration::MINUTE));
    }

    #[tokio::test]
    async fn one_more_guess_waits_for_the_outcome_of_those_that_are_running() {
        let throttle = throttle();
        let tries = join_all((0..3).map(|_| throttle.reserve("alice", NOW))).await;
        let mut tries: Vec<_> = tries.into_iter().map(Result::unwrap).collect();
        let mut next = Box::pin(throttle.reserve("alice", NOW));
        assert!(next.as_mut().now_or_never().is_none(), "none of the three has failed yet");
        tries.pop().unwrap().give_back();
        next.await.unwrap().give_back();
        tries.push(throttle.reserve("alice", NOW).await.unwrap());
        let mut last = Box::pin(throttle.reserve("alice", NOW));
        assert!(last.as_mut().now_or_never().is_none());
        drop(tries);
        assert_eq!(last.await.map(drop), Err(Duration::MINUTE), "all three have failed");
    }

    #[tokio::test]
    async fn a_closed_connection_counts_as_a_failure() {
        let throttle = throttle();
        for _ in 0..3 {
            let reserved = throttle.reserve("mallory", NOW).await.unwrap();
            let dropped = async move {
                std::future::pending::<()>().await;
                reserved.give_back();
            };
            assert_eq!(dropped.now_or_never(), None);
        }
        assert_eq!(fail(&throttle, "mallory", NOW).await, Err(Duration::MINUTE));
    }

    #[tokio::test]
    async fn a_clock_that_went_back_shuts_nobody_out() {
        let throttle = throttle();
        let before = NOW - Duration::DAY;
        throttle.reserve("alice", NOW).await.unwrap().give_back();
        for _ in 0..3 {
            assert_eq!(fail(&throttle, "alice", before).await, Ok(()), "nothing was spent");
        }
        for _ in 0..3 {
            assert_eq!(fail(&throttle, "mallory", NOW).await, Ok(()));
        }
        assert_eq!(fail(&throttle, "mallory", before).await, Err(Duration::MINUTE), "what was spent stays spent");
        assert_eq!(fail(&throttle, "mallory", before + Duration::MINUTE).await, Ok(()));
    }

    #[tokio::test]
    async fn the_first_and_the_last_possible_time_are_accepted() {
        let throttle = throttle();
        let end = OffsetDateTime::new_utc(time::Date::MAX, time::Time::MAX);
        for _ in 0..3 {
            assert_eq!(fail(&throttle, "alice", end).await, Ok(()));
        }
        assert_eq!(fail(&throttle, "alice", end).await, Err(Duration::MINUTE));
        let beginning = OffsetDateTime::new_utc(time::Date::MIN, time::Time::MIDNIGHT);
        assert_eq!(fail(&throttle, "alice", beginning).await, Err(Duration::MINUTE));
    }

    #[tokio::test]
    async fn the_memory_it_takes_is_bounded_and_the_most_insistent_is_remembered() {
        let throttle = throttle();
        for _ in 0..3 {
            assert_eq!(fail(&throttle, "mallory", NOW).await, Ok(()));
        }
        for other in 0..2 * MOST {
            assert_eq!(fail(&throttle, &other.to_string(), NOW).await, Ok(()));
            assert!(throttle.all().len() <= MOST);
        }
        assert!(size_of::<(u64, Spent)>() <= 64, "{}", size_of::<(u64, Spent)>());
        assert_eq!(fail(&throttle, "mallory", NOW).await, Err(Duration::MINUTE));
    }

    #[tokio::test]
    async fn if_every_key_has_failures_the_half_with_the_most_is_kept() {
        let throttle = throttle();
        let at = |other: usize| NOW + Duration::milliseconds(i64::try_from(other).unwrap());
        for other in 0..MOST {
            assert_eq!(fail(&throttle, &other.to_string(), at(other)).await, Ok(()));
        }
        assert_eq!(throttle.all().len(), MOST);
        assert_eq!(fail(&throttle, "one more", at(MOST)).await, Ok(()));
        assert_eq!(throttle.all().len(), MOST / 2);
        let is_known = |key: &str| throttle.all().contains_key(&throttle.hasher.hash_one(key));
        assert!(is_known(&(MOST - 1).to_string()), "the last to try has most left to wait");
        assert!(!is_known("0"));
    }

    #[tokio::test]
    async fn a_key_with_all_its_tries_is_forgotten_first_and_a_key_in_use_is_not() {
        let throttle = throttle();
        let under_way = throttle.reserve("alice", NOW).await.unwrap();
        for other in 1..MOST {
            assert_eq!(fail(&throttle, &other.to_string(), NOW).await, Ok(()));
        }
        assert_eq!(fail(&throttle, "bob", NOW + Duration::HOUR).await, Ok(()));
        let known = throttle.all().keys().copied().collect::<HashSet<_>>();
        assert_eq!(known, ["alice", "bob"].map(|key| throttle.hasher.hash_one(key)).into());
        under_way.give_back();
    }

    #[test]
    fn an_ipv6_customer_is_one_address_and_an_ipv4_address_is_the_same_in_both_notations() {
        let network = |address: &str| network(address.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("2001:db8:1:2:ffff::"), "2001:db8:1:2::");
        assert_eq!(network("2001:db8:1:3::6"), "2001:db8:1:3::");
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
    }
}
