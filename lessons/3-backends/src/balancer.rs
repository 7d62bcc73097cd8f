//! Chooses the instance for a request: the instances take turns, and an instance that failed is skipped for a while.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// The order of the instances, and the recent failures. It does no I/O, and the caller passes the time.
#[derive(Debug)]
pub struct Balancer {
    rest: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    turn: usize,
    /// For each instance that failed, the time until which it is skipped.
    resting: Vec<Option<Instant>>,
}

/// The state of an instance, the best first.
#[derive(Clone, Copy, PartialEq, PartialOrd, Eq, Ord)]
enum Health {
    Ready,
    /// It failed, and its rest is over. It may or may not answer again.
    Unknown,
    Resting,
}

impl Balancer {
    /// Creates a balancer for `count` instances, all of them ready. An instance that fails is skipped for the time
    /// `rest`.
    pub fn new(count: usize, rest: Duration) -> Self {
        Self { rest, state: Mutex::new(State { turn: 0, resting: vec![None; count] }) }
    }

    /// Returns all instances, by index, in the order in which one request tries them. Each call is the next turn.
    ///
    /// The ready instances come first, beginning with the one whose turn it is. Resting instances come last. They are
    /// not left out, because a try is better than a refusal if no other instance answers. An instance whose rest is
    /// over gets one request as a test, and keeps resting until it has answered that. A request that is not `safe`, and
    /// so cannot be sent a second time, is not used as a test while another instance is ready.
    pub fn order(&self, safe: bool, now: Instant) -> Vec<usize> {
        let mut state = self.state();
        let health = |index: usize| match state.resting[index] {
            None => Health::Ready,
            Some(until) if now < until => Health::Resting,
            Some(_) if safe => Health::Ready,
            Some(_) => Health::Unknown,
        };
        let mut order: Vec<_> = (0..state.resting.len()).collect();
        order.sort_by_key(|&index| health(index));
        let best = order.iter().take_while(|&&index| health(index) == health(order[0])).count();
        order[..best].rotate_left(state.turn % best.max(1));
        state.turn = state.turn.wrapping_add(1);
        if let Some(until) = order.first().and_then(|&first| state.resting[first].as_mut()) {
            *until = (*until).max(now + self.rest);
        }
        order
    }

    /// Notes that this instance answered, so it is ready.
    pub fn answered(&self, index: usize) {
        self.state().resting[index] = None;
    }

    /// Notes that this instance did not answer, so it is skipped for a while.
    pub fn failed(&self, index: usize, now: Instant) {
        self.state().resting[index] = Some(now + self.rest);
    }

    /// Whether this instance failed and has not answered since.
    pub fn is_resting(&self, index: usize) -> bool {
        self.state().resting[index].is_some()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: Duration = Duration::from_secs(10);
    const SAFE: bool = true;

    fn first(balancer: &Balancer, requests: usize, safe: bool, now: Instant) -> Vec<usize> {
        (0..requests).map(|_| balancer.order(safe, now)[0]).collect()
    }

    #[test]
    fn every_request_tries_every_instance_once_from_its_own_turn_on() {
        let (balancer, now) = (Balancer::new(3, REST), Instant::now());
        let orders: Vec<_> = (0..4).map(|_| balancer.order(SAFE, now)).collect();
        assert_eq!(orders, [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 1, 2]]);
    }

    #[test]
    fn one_that_failed_comes_last_and_the_others_share_its_part_evenly() {
        let (balancer, now) = (Balancer::new(3, REST), Instant::now());
        balancer.failed(1, now);
        let orders: Vec<_> = (0..4).map(|_| balancer.order(SAFE, now)).collect();
        assert_eq!(orders, [[0, 2, 1], [2, 0, 1], [0, 2, 1], [2, 0, 1]]);
    }

    #[test]
    fn when_all_have_failed_all_are_tried_and_each_takes_its_turn() {
        let (balancer, now) = (Balancer::new(2, REST), Instant::now());
        balancer.failed(0, now);
        balancer.failed(1, now);
        assert_eq!([balancer.order(SAFE, now), balancer.order(SAFE, now)], [[0, 1], [1, 0]]);
    }

    #[test]
    fn after_its_rest_one_request_is_its_trial_and_an_answer_brings_it_back() {
        let (balancer, now) = (Balancer::new(2, REST), Instant::now());
        balancer.failed(1, now);
        assert_eq!(first(&balancer, 3, SAFE, now + REST - Duration::from_millis(1)), [0, 0, 0]);
        // The fourth turn is instance 1's. While its test is not answered, no other request goes there.
        assert_eq!(first(&balancer, 4, SAFE, now + REST), [1, 0, 0, 0]);
        balancer.answered(1);
        assert_eq!(first(&balancer, 4, SAFE, now + REST), [1, 0, 1, 0]);
    }

    #[test]
    fn a_trial_that_fails_is_another_rest() {
        let (balancer, now) = (Balancer::new(2, REST), Instant::now());
        balancer.failed(0, now);
        assert_eq!(first(&balancer, 1, SAFE, now + REST), [0]);
        balancer.failed(0, now + REST);
        assert_eq!(first(&balancer, 2, SAFE, now + REST * 2 - Duration::from_millis(1)), [1, 1]);
        assert!(first(&balancer, 2, SAFE, now + REST * 2).contains(&0));
    }

    #[test]
    fn a_request_that_cannot_be_sent_twice_is_no_trial_while_another_instance_is_ready() {
        let (balancer, now) = (Balancer::new(3, REST), Instant::now());
        balancer.failed(0, now);
        assert_eq!(first(&balancer, 4, !SAFE, now + REST), [1, 2, 1, 2]);
        // If none is ready, the instance whose rest is over comes before the resting ones.
        balancer.failed(1, now + REST);
        balancer.failed(2, now + REST);
        assert_eq!(balancer.order(!SAFE, now + REST), [0, 1, 2]);
    }
}
