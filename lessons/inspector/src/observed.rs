//! A session store that is watched and that ages by a clock of its own.

use async_trait::async_trait;
use time::OffsetDateTime;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::Result,
};

use crate::{Inspector, Operation, Outcome, wall};

/// A store behind the glass: every call goes to the inner store and onto the timeline.
///
/// Records age by the inspector's [`Clock`](crate::Clock), on any backend: what is skipped is added to
/// `expiry_date` on its way in and taken away on its way out, so the inner store never needs to know.
/// An absolute `expiry_date` (`Expiry::AtDateTime`) is therefore meant in system time.
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

    /// Writes a call down, and hands its result on.
    fn note<T>(
        &self,
        operation: Operation,
        id: Id,
        result: Result<T>,
        outcome: impl FnOnce(&T) -> Outcome,
    ) -> Result<T> {
        let outcome = match &result {
            Ok(value) => outcome(value),
            Err(error) => Outcome::Failed(error.to_string()),
        };
        wall::note(&self.inspector.timeline, operation, id, outcome);
        result
    }
}

#[async_trait]
impl<S: SessionStore> SessionStore for Observed<S> {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let mut ahead = self.ahead(record);
        let result = self.inner.create(&mut ahead).await;
        record.id = ahead.id; // the store picks another one on a collision
        self.note(Operation::Create, record.id, result, |()| data(record))
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let result = self.inner.save(&self.ahead(record)).await;
        self.note(Operation::Save, record.id, result, |()| data(record))
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let skipped = self.inspector.clock.skipped_time();
        let mut expired = false;
        let back = |record: Record| {
            let expiry_date = record.expiry_date.saturating_sub(skipped);
            expired = expiry_date <= OffsetDateTime::now_utc();
            (!expired).then_some(Record { expiry_date, ..record })
        };
        let result = self.inner.load(id).await.map(|record| record.and_then(back));
        self.note(Operation::Load, *id, result, |record| match record {
            Some(record) => data(record),
            None if expired => Outcome::Expired,
            None => Outcome::Missing,
        })
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let result = self.inner.delete(id).await;
        self.note(Operation::Delete, *id, result, |()| Outcome::Done)
    }
}

fn data(record: &Record) -> Outcome {
    Outcome::Data(record.data.clone().into_iter().collect())
}
