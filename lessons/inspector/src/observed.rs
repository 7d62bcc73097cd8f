//! A session store that is observed, and whose records age by the inspector's clock.

use async_trait::async_trait;
use time::OffsetDateTime;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::Result,
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
#[derive(Clone, Debug)]
pub struct Observed<S> {
    inner: S,
    inspector: Inspector,
}

impl<S> Observed<S> {
    pub(crate) fn new(inner: S, inspector: Inspector) -> Self {
        Self { inner, inspector }
    }

    fn ahead(&self, record: &Record) -> Record {
        let expiry_date = record.expiry_date.saturating_add(self.inspector.clock.skipped_time());
        Record { expiry_date, ..record.clone() }
    }

    /// Notes a call, and returns its result.
    fn note<T>(
        &self,
        operation: Operation,
        id: Id,
        until: Option<OffsetDateTime>,
        result: Result<T>,
        outcome: impl FnOnce(&T) -> Outcome,
    ) -> Result<T> {
        let outcome = match &result {
            Ok(value) => outcome(value),
            Err(error) => Outcome::Failed(bounds::text(&error.to_string())),
        };
        calls::note(&self.inspector.timeline, operation, id, until.map(milliseconds), outcome);
        result
    }
}

#[async_trait]
impl<S: SessionStore> SessionStore for Observed<S> {
    async fn create(&self, record: &mut Record) -> Result<()> {
        self.inspector.holds.wait(Operation::Create).await;
        let mut ahead = self.ahead(record);
        let result = self.inner.create(&mut ahead).await;
        record.id = ahead.id; // the store picks another one on a collision
        self.note(Operation::Create, record.id, Some(ahead.expiry_date), result, |()| written(record))
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let operation = if is_tombstone(record) { Operation::Delete } else { Operation::Save };
        self.inspector.holds.wait(operation).await;
        let ahead = self.ahead(record);
        let result = self.inner.save(&ahead).await;
        self.note(operation, record.id, Some(ahead.expiry_date), result, |()| written(record))
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        self.inspector.holds.wait(Operation::Load).await;
        let skipped = self.inspector.clock.skipped_time();
        let (mut outcome, mut until) = (Outcome::Missing, None);
        let back = |record: Record| {
            until = Some(record.expiry_date);
            let expiry_date = record.expiry_date.saturating_sub(skipped);
            let expired = expiry_date <= OffsetDateTime::now_utc();
            outcome = if expired { expired_outcome(&record) } else { found(&record) };
            (!expired).then_some(Record { expiry_date, ..record })
        };
        let result = self.inner.load(id).await.map(|record| record.and_then(back));
        self.note(Operation::Load, *id, until, result, |_| outcome)
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.inspector.holds.wait(Operation::Delete).await;
        let result = self.inner.delete(id).await;
        self.note(Operation::Delete, *id, None, result, |()| Outcome::Done)
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
