//! The store calls of the exchange that a task is answering.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tower_sessions::session::Id;

use crate::{Operation, Outcome, StoreCall, What, bounds, timeline::Timeline};

/// Shared by the exchange and the task that answers it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calls(Arc<Mutex<Noted>>);

/// The calls of one exchange: the first ones and the last.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    pub(crate) calls: Vec<StoreCall>,
    pub(crate) left_out: u64,
    /// The app's own limit, in milliseconds of Unix time on the inspector's clock.
    pub(crate) absolute_until: Option<i64>,
}

tokio::task_local! {
    static CALLS: Calls;
}

impl Calls {
    /// Runs `answer`, and notes its store calls here.
    pub(crate) async fn scope<T>(&self, answer: impl Future<Output = T>) -> T {
        CALLS.scope(self.clone(), answer).await
    }

    /// Takes all notes and leaves none.
    pub(crate) fn take(&self) -> Noted {
        std::mem::take(&mut *self.noted())
    }

    fn push(&self, call: StoreCall) {
        let mut noted = self.noted();
        if noted.calls.len() == bounds::ITEMS {
            noted.calls.pop();
            noted.left_out += 1;
        }
        noted.calls.push(call);
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes a store call, with its exchange or on its own. `until` is the time when the record expires, in milliseconds of
/// Unix time on the inspector's clock.
pub(crate) fn note(timeline: &Timeline, operation: Operation, id: Id, until: Option<i64>, outcome: Outcome) {
    let id = id.to_string();
    let label = match operation {
        // `cycle_id` also deletes the ID of a session that was never stored. That ID gets no letter.
        Operation::Delete => timeline.known_label(&id).unwrap_or_default(),
        _ => timeline.label(&id),
    };
    let known = timeline.knows(&id, operation, &outcome);
    let until = until.filter(|_| matches!(outcome, Outcome::Data(_)));
    let call = StoreCall { operation, label, id, known, outcome, until };
    let noted = CALLS.try_with(|calls| calls.push(call.clone()));
    if noted.is_err() {
        timeline.push(What::Call(call));
    }
}

/// Notes the app's own limit for its exchange.
pub(crate) fn note_absolute_limit(until: i64) {
    // Outside an exchange, no page shows the limit.
    let _ = CALLS.try_with(|calls| calls.noted().absolute_until = Some(until));
}
