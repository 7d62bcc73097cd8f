//! What one request knows of the sessions it has met.

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

/// What one request knows of the sessions it has met. Clones are the same scope.
///
/// tower-sessions hands a store an ID and a record, and nothing that says which request is asking. A store reads it
/// here, so that `SessionStore` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Scope(Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) clock: Clock,
    /// The request only reads, by its method.
    pub(crate) is_safe: bool,
    /// The version of each record that was loaded or saved, where the store keeps versions.
    pub(crate) versions: HashMap<Id, Version>,
    /// Each record as it was loaded or saved last.
    pub(crate) known: HashMap<Id, Record>,
    /// Where the session of an old ID was found.
    pub(crate) led_to: HashMap<Id, Id>,
    /// A tombstone was met: the ID was good a moment ago.
    pub(crate) met_tombstone: bool,
    /// A change of ID that is under way.
    pub(crate) change: Option<Change>,
    /// A session was made, or has a new ID.
    pub(crate) has_created: bool,
    /// Why the store did not do something, the first time.
    pub(crate) failure: Option<Failure>,
    /// Nothing outside of the session was changed yet.
    pub(crate) may_run_again: bool,
}

/// What happens to the old ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// The old ID, if there was one.
    pub(crate) old: Option<Id>,
    /// Whether it leads to the session for a while.
    pub(crate) leads_on: bool,
}

/// Why a store did not do what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Conflict,
    Gone,
    /// The request came with an ID that has just ended.
    JustEnded,
    /// Anything else: the store is away, or a record cannot be read.
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
    /// A request that has met nothing yet, on this clock.
    pub(crate) fn at(clock: Clock, is_safe: bool) -> Self {
        Self(Arc::new(Mutex::new(State { clock, is_safe, ..State::default() })))
    }

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

/// Does something with the state of this task's request, if it answers one.
pub(crate) fn with<T>(act: impl FnOnce(&mut State) -> T) -> Option<T> {
    Scope::current().map(|scope| act(&mut scope.state()))
}

/// Remembers why a store failed, for what [`guard`](crate::guard()) does about it and says to the visitor. For stores
/// that are not [`Guarded`](crate::Guarded), which does so itself. Gives back what it takes.
///
/// # Errors
/// Those it is given.
pub fn note_failure<T>(result: Result<T, Error>) -> Result<T, Error> {
    if let Err(error) = &result {
        with(|state| _ = state.failure.get_or_insert(Failure::of(error)));
    }
    result
}
