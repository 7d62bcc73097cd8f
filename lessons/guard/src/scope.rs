//! The sessions that one request has used, and their versions.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use session_inspector::Clock;
use tower_sessions::{
    session::{Id, Record},
    session_store::Error,
};

use crate::version::{self, Version};

tokio::task_local! {
    static CURRENT: Scope;
}

/// The sessions that one request has used, and their versions. Clones are the same scope.
///
/// tower-sessions gives a store an ID and a record, but does not say which request is calling. A store finds the
/// request here, so the trait `SessionStore` does not need to change.
#[derive(Clone, Debug, Default)]
pub struct Scope(Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) clock: Clock,
    /// Whether the request only reads, by its method.
    pub(crate) is_safe: bool,
    /// The version of each record that was loaded or saved, if the store keeps versions.
    pub(crate) versions: HashMap<Id, Version>,
    /// Each record as it was last loaded or saved.
    pub(crate) known: HashMap<Id, Record>,
    /// For each old ID, the ID under which its session was found.
    pub(crate) led_to: HashMap<Id, Id>,
    /// Whether the request has found a tombstone, so that its ID was valid a moment ago.
    pub(crate) met_tombstone: bool,
    /// A change of the ID that is not complete yet.
    pub(crate) change: Option<Change>,
    /// Whether the request has created a session or changed its ID.
    pub(crate) has_created: bool,
    /// The first failure of the store.
    pub(crate) failure: Option<Failure>,
    /// Whether the request may run again, because it has changed nothing but its session so far.
    pub(crate) may_run_again: bool,
}

/// A change of the session's ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// The old ID, if there was one.
    pub(crate) old: Option<Id>,
    /// Whether the old ID leads to the session for a while.
    pub(crate) leads_on: bool,
}

/// The reason why a call to a store failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Conflict,
    Gone,
    /// The request's ID has just ended.
    JustEnded,
    /// Any other failure: the store is unavailable, or a record cannot be read.
    Backend,
}

impl Failure {
    fn of(error: &Error) -> Self {
        match error {
            error if version::is_conflict(error) => Self::Conflict,
            error if version::is_gone(error) => Self::Gone,
            _ => Self::Backend,
        }
    }
}

impl Scope {
    /// Creates the scope of a new request that uses this clock.
    pub(crate) fn at(clock: Clock, is_safe: bool) -> Self {
        Self(Arc::new(Mutex::new(State { clock, is_safe, ..State::default() })))
    }

    /// Runs `future` as part of this request.
    pub async fn run<F: Future>(&self, future: F) -> F::Output {
        CURRENT.scope(self.clone(), future).await
    }

    /// Returns the scope of the request that this task answers, or `None` outside a request.
    pub(crate) fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Calls `act` with the state of this task's request, if there is one.
pub(crate) fn with<T>(act: impl FnOnce(&mut State) -> T) -> Option<T> {
    Scope::current().map(|scope| act(&mut scope.state()))
}

/// Notes why a store failed, so that [`guard`](crate::guard()) can react and answer the visitor. Call it in stores that
/// are not wrapped in [`Guarded`](crate::Guarded), which calls it itself. Returns `result` unchanged.
///
/// # Errors
/// The error in `result`.
pub fn note_failure<T>(result: Result<T, Error>) -> Result<T, Error> {
    if let Err(error) = &result {
        with(|state| _ = state.failure.get_or_insert(Failure::of(error)));
    }
    result
}
