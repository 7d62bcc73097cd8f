//! A store call that waits: what happens meanwhile is certain then, and not hoped for.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::Operation;

/// The call that is to wait, if one is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holds(Arc<Mutex<Option<Hold>>>);

#[derive(Debug)]
struct Hold {
    operation: Operation,
    reached: oneshot::Sender<()>,
    goes_on: oneshot::Receiver<()>,
}

/// A store call that is held, or will be. It goes on when this is dropped.
#[derive(Debug)]
pub struct Held {
    holds: Holds,
    reached: oneshot::Receiver<()>,
    _goes_on: oneshot::Sender<()>,
}

impl Holds {
    pub(crate) fn next(&self, operation: Operation) -> Held {
        let ((reached, is_reached), (go_on, goes_on)) = (oneshot::channel(), oneshot::channel());
        *self.hold() = Some(Hold { operation, reached, goes_on });
        Held { holds: self.clone(), reached: is_reached, _goes_on: go_on }
    }

    /// Waits here if this is the call.
    pub(crate) async fn wait(&self, operation: Operation) {
        let hold = self.hold().take_if(|hold| hold.operation == operation);
        if let Some(Hold { reached, goes_on, .. }) = hold {
            // Both fail when nobody holds it any more, and then there is nothing to wait for.
            let _ = reached.send(());
            let _ = goes_on.await;
        }
    }

    fn hold(&self) -> std::sync::MutexGuard<'_, Option<Hold>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Returns when the call has been made and waits. Safe to drop and to call again.
    pub async fn reached(&mut self) {
        let _ = (&mut self.reached).await;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.holds.hold().take();
    }
}
