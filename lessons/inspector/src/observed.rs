//! A session store that is observed, and whose records age by the inspector's clock.

use std::fmt;

use async_trait::async_trait;
use time::OffsetDateTime;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

use crate::{Inspector, Operation, Outcome, bounds, calls, clock::milliseconds};

/// The key of a record that only says that its session has ended. A store wrapper leaves such a record for a few
/// seconds, so that a running request does not bring the session back. The timeline shows its save as a delete, and its
/// load as a missing record.
pub const TOMBSTONE_KEY: &str = "~ended";

/// The key of a record that leads from the old ID of a session to its renewed one, as long as a browser's requests may
/// still have the old ID. The timeline shows it as [`Outcome::Moved`].
pub const MOVED_KEY: &str = "~moved";

/// The prefix of keys that a store wrapper writes for itself. They are not session data and are not shown.
const OWN: char = '~';

/// An observed store. Every call goes to the inner store and onto the timeline.
///
/// Records age by the inspector's [`Clock`](crate::Clock), on any backend. The skipped time is added to `expiry_date`
/// at each write and subtracted at each load, so the inner store does not need the clock. An absolute `expiry_date`
/// (`Expiry::AtDateTime`) is therefore in system time.
#[derive(Clone)]
pub struct Observed<S> {
    inner: S,
    inspector: Inspector,
}

/// Without the inner store: some print their records.
impl<S> fmt::Debug for Observed<S> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Observed").finish_non_exhaustive()
    }
}

impl<S> Observed<S> {
    pub(crate) fn new(inner: S, inspector: Inspector) -> Self {
        Self { inner, inspector }
    }
}

#[async_trait]
impl<S: SessionStore> SessionStore for Observed<S> {
    async fn create(&self, record: &mut Record) -> Result<()> {
        self.inspector.holds.wait(Operation::Create).await;
        let mut ahead = self.inspector.ahead(record);
        let result = self.inner.create(&mut ahead).await;
        record.id = ahead.id; // the store picks another one on a collision
        self.inspector.wrote(Operation::Create, record, &ahead, result)
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let operation = if is_tombstone(record) { Operation::Delete } else { Operation::Save };
        self.inspector.holds.wait(operation).await;
        let ahead = self.inspector.ahead(record);
        let result = self.inner.save(&ahead).await;
        self.inspector.wrote(operation, record, &ahead, result)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        self.inspector.holds.wait(Operation::Load).await;
        let skipped = self.inspector.clock.skipped_time();
        let result = self.inner.load(id).await;
        self.inspector.loaded(*id, result, skipped)
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.inspector.holds.wait(Operation::Delete).await;
        let result = self.inner.delete(id).await;
        self.inspector.note_call(Operation::Delete, *id, None, result.as_ref().map(|()| Outcome::Done));
        result
    }
}

/// What does not depend on the store, so that it is compiled once and not with each app.
impl Inspector {
    /// The record as the inner store gets it.
    fn ahead(&self, record: &Record) -> Record {
        let expiry_date = record.expiry_date.saturating_add(self.clock.skipped_time());
        Record { expiry_date, ..record.clone() }
    }

    fn wrote(&self, operation: Operation, record: &Record, ahead: &Record, result: Result<()>) -> Result<()> {
        self.note_call(operation, record.id, Some(ahead.expiry_date), result.as_ref().map(|()| written(record)));
        result
    }

    /// The record as the app gets it, unless it has expired.
    fn loaded(&self, id: Id, result: Result<Option<Record>>, skipped: time::Duration) -> Result<Option<Record>> {
        let (mut outcome, mut until) = (Outcome::Missing, None);
        let back = |record: Record| {
            until = Some(record.expiry_date);
            let expiry_date = record.expiry_date.saturating_sub(skipped);
            let expired = expiry_date <= OffsetDateTime::now_utc();
            outcome = if expired { expired_outcome(&record) } else { found(&record) };
            (!expired).then_some(Record { expiry_date, ..record })
        };
        let result = result.map(|record| record.and_then(back));
        self.note_call(Operation::Load, id, until, result.as_ref().map(|_| outcome));
        result
    }

    /// Notes a call with its outcome, or with the store's error.
    fn note_call(
        &self,
        operation: Operation,
        id: Id,
        until: Option<OffsetDateTime>,
        outcome: std::result::Result<Outcome, &Error>,
    ) {
        let outcome = outcome.unwrap_or_else(|error| Outcome::Failed(bounds::text(&error.to_string())));
        calls::note(&self.timeline, operation, id, until.map(milliseconds), outcome);
    }
}

fn is_tombstone(record: &Record) -> bool {
    record.data.contains_key(TOMBSTONE_KEY)
}

fn written(record: &Record) -> Outcome {
    if is_tombstone(record) { Outcome::Done } else { content(record) }
}

fn found(record: &Record) -> Outcome {
    if is_tombstone(record) { Outcome::Missing } else { content(record) }
}

/// The outcome for an expired record. An expired tombstone or pointer counts as missing, like any unknown ID.
fn expired_outcome(record: &Record) -> Outcome {
    let is_session = !is_tombstone(record) && !record.data.contains_key(MOVED_KEY);
    if is_session { Outcome::Expired } else { Outcome::Missing }
}

fn content(record: &Record) -> Outcome {
    if record.data.contains_key(MOVED_KEY) {
        return Outcome::Moved;
    }
    Outcome::Data(bounds::data(record.data.iter().filter(|(key, _)| !key.starts_with(OWN))))
}
