//! What one request knows of the sessions it has met.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tower_sessions::session::Id;

use crate::version::Version;

tokio::task_local! {
    static CURRENT: Scope;
}

/// What one request knows of the sessions it has met. Clones are the same scope.
///
/// tower-sessions hands a store an ID and a record, and nothing that says which request is asking. A store reads it
/// here, so that `SessionStore` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Scope(Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub(crate) struct State {
    /// The version of each record that was loaded or saved.
    pub(crate) versions: HashMap<Id, Version>,
}

impl Scope {
    /// Runs `future` as a part of this request.
    pub async fn run<F: Future>(&self, future: F) -> F::Output {
        CURRENT.scope(self.clone(), future).await
    }

    /// The scope of the request that this task is answering; nothing outside of a request.
    pub(crate) fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
