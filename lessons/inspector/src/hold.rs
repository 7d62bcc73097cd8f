//! Holds a call, so that a test controls what happens in the meantime.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Makes calls wait, in a test. `K` identifies a call: an [`Operation`](crate::Operation) of a store, or another event.
/// Clones share one state.
#[derive(Debug)]
pub struct Holds<K>(Arc<Mutex<Option<Hold<K>>>>);

#[derive(Debug)]
struct Hold<K> {
    call: K,
    passing: usize,
    reached: oneshot::Sender<()>,
    goes_on: oneshot::Receiver<()>,
}

/// A call that is held or will be held. It continues when this value is dropped.
#[derive(Debug)]
pub struct Held {
    reached: oneshot::Receiver<()>,
    _goes_on: oneshot::Sender<()>,
}

impl<K: PartialEq> Holds<K> {
    /// Makes one call of this kind wait until the result is dropped, after `passing` others that do not wait. Only one
    /// call can be held at a time.
    pub fn hold(&self, call: K, passing: usize) -> Held {
        let ((reached, is_reached), (go_on, goes_on)) = (oneshot::channel(), oneshot::channel());
        *self.lock() = Some(Hold { call, passing, reached, goes_on });
        Held { reached: is_reached, _goes_on: go_on }
    }

    /// Waits here if this is the call to hold.
    pub async fn wait(&self, call: K) {
        let hold = self.lock().take_if(|hold| hold.is_for_this(&call));
        if let Some(Hold { reached, goes_on, .. }) = hold {
            // Both fail once the `Held` is dropped. Then there is no reason to wait.
            let _ = reached.send(());
            let _ = goes_on.await;
        }
    }
}

impl<K> Holds<K> {
    fn lock(&self) -> MutexGuard<'_, Option<Hold<K>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> Default for Holds<K> {
    fn default() -> Self {
        Self(<_>::default())
    }
}

impl<K> Clone for Holds<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K: PartialEq> Hold<K> {
    /// Whether the hold is for this call. If it is for a later call, this one is counted.
    fn is_for_this(&mut self, call: &K) -> bool {
        let is_it = self.call == *call && self.passing == 0;
        self.passing -= usize::from(self.call == *call && !is_it);
        is_it
    }
}

impl Held {
    /// Returns when the call has been made and is waiting. You can drop the future and call the method again.
    pub async fn reached(&mut self) {
        let _ = (&mut self.reached).await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn only_the_call_of_this_kind_after_those_that_pass_is_held() {
        let holds = Holds::default();
        let mut held = holds.hold('b', 1);
        for passes in ['a', 'b', 'a'] {
            assert_eq!(holds.wait(passes).now_or_never(), Some(()), "{passes}");
        }
        let mut waits = Box::pin(holds.wait('b'));
        assert_eq!(waits.as_mut().now_or_never(), None);
        held.reached().await;
        drop(held);
        waits.await;
        assert_eq!(holds.wait('b').now_or_never(), Some(()), "one is held, and no other");
    }

    #[tokio::test]
    async fn the_next_hold_outlives_the_one_before() {
        let holds = Holds::default();
        let mut first = holds.hold('a', 0);
        let its_holds = holds.clone();
        let calls = tokio::spawn(async move {
            its_holds.wait('a').await;
            its_holds.wait('a').await;
        });
        first.reached().await;
        let mut second = holds.hold('a', 0);
        drop(first);
        second.reached().await;
        assert!(!calls.is_finished());
        drop(second);
        calls.await.unwrap();
    }
}
