//! A wrapper that adds the rules for overlapping requests to any store.

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

use async_trait::async_trait;
use tokio::sync::{Mutex, MutexGuard};
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

use crate::{
    marker::Marker,
    renewal::Renewed,
    scope::{Change, Failure, Scope, note_failure, with},
    version::{conflict, gone, is_conflict, is_gone, noted},
};

/// The maximum number of simultaneous saves to a store without versions.
const LOCKS: usize = 64;
/// The maximum number of pointers that are followed. Each renewal adds one, and old ones expire.
const STEPS: usize = 16;

/// A store whose saves only update. A save never brings back an ended session, and never undoes a change that another
/// request has saved since the record was loaded. Clones share one store.
///
/// A store that keeps [versions](crate::version) compares them itself, which works for all processes that share it. For
/// any other store this wrapper compares, with one save of a session at a time, which works only within this process.
#[derive(Clone, Debug)]
pub struct Guarded<S> {
    store: S,
    locks: Arc<[Mutex<()>; LOCKS]>,
    hash: RandomState,
}

impl<S: SessionStore> Guarded<S> {
    /// Wraps this store.
    pub fn new(store: S) -> Self {
        Self { store, locks: Arc::new([const { Mutex::const_new(()) }; LOCKS]), hash: RandomState::new() }
    }

    async fn lock(&self, id: &Id) -> MutexGuard<'_, ()> {
        let place = self.hash.hash_one(id) % LOCKS as u64;
        self.locks[place as usize].lock().await
    }

    // ANCHOR: update
    /// Replaces the record that this request has loaded with this one, unless the stored record has changed since.
    async fn update(&self, record: &Record) -> Result<()> {
        let updated = if noted(&record.id).is_some() {
            self.store.save(record).await // the store compares
        } else {
            self.compare_and_save(record).await
        };
        if updated.is_ok() {
            with(|state| state.known.insert(record.id, record.clone()));
        }
        updated
    }

    // ANCHOR: compare
    async fn compare_and_save(&self, record: &Record) -> Result<()> {
        let known = with(|state| state.known.get(&record.id).cloned()).flatten();
        let _one_at_a_time = self.lock(&record.id).await;
        let Some(now) = self.store.load(&record.id).await? else { return Err(gone()) };
        match Marker::of(&now) {
            Some(Marker::Ended) => Err(gone()),
            Some(Marker::Moved(_)) => Err(conflict()),
            None if known.is_some_and(|known| known.data != now.data) => Err(conflict()),
            None => self.store.save(record).await,
        }
    }
    // ANCHOR_END: compare
    // ANCHOR_END: update

    // ANCHOR: follow
    /// Loads the session with this ID, and follows pointers.
    async fn follow(&self, id: &Id) -> Result<Option<Record>> {
        let mut at = *id;
        for _ in 0..STEPS {
            let Some(record) = self.store.load(&at).await? else { return Ok(None) };
            match Marker::of(&record) {
                None => return Ok((at == *id || Renewed::still_leads(&record)).then_some(record)),
                Some(Marker::Moved(next)) => at = next,
                Some(Marker::Ended) => {
                    with(|state| state.met_tombstone = true);
                    return Ok(None);
                }
            }
        }
        Ok(None)
    }
    // ANCHOR_END: follow

    /// Replaces the session with this ID by a tombstone, even if another request has changed it.
    async fn end(&self, id: &Id) -> Result<()> {
        loop {
            // A scope of its own, because ending a session does not depend on an earlier load.
            let request = Scope::at(with(|state| state.clock.clone()).unwrap_or_default(), false);
            let ended = request.run(async {
                let Some(record) = self.follow(id).await? else { return Ok(()) };
                with(|state| state.known.insert(record.id, record.clone()));
                self.update(&Marker::tombstone(record.id)).await
            });
            let ended = ended.await;
            // Another request was faster, and its answer decides what happens to the cookie.
            if request.state().met_tombstone || ended.as_ref().is_err_and(is_gone) {
                with(|state| state.met_tombstone = true);
                return Ok(());
            }
            match ended {
                Err(error) if is_conflict(&error) => {}
                // A record that cannot be read leads nowhere, but it can still be deleted.
                Err(Error::Decode(_)) => return self.store.delete(id).await,
                ended => return ended,
            }
        }
    }

    /// Leaves a marker under the old ID of the new record.
    async fn mark(&self, Change { old, leads_on }: Change, new: &Record) -> Result<()> {
        let Some(old) = old else { return Ok(()) };
        let marker = if leads_on { Marker::pointer(old, new) } else { Marker::tombstone(old) };
        match self.update(&marker).await {
            // Another request has changed the ID or ended the session. One session must not become two.
            Err(error) if is_gone(&error) => Err(conflict()),
            marked => marked,
        }
    }
}

#[async_trait]
impl<S: SessionStore> SessionStore for Guarded<S> {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let change = with(|state| state.change.take()).flatten();
        if change.is_none() && with(|state| state.met_tombstone).unwrap_or_default() {
            return refuse_another();
        }
        // `flush` followed by `insert` in one request asks for the old ID again, which would also revive an ended
        // session.
        record.id = Id::default();
        note_failure(self.store.create(record).await)?;
        with(|state| state.known.insert(record.id, record.clone()));
        if let Some(change) = change
            && let Err(error) = self.mark(change, record).await
        {
            // No browser has received the new ID. If the record cannot be deleted now, it expires.
            let _ = self.store.delete(&record.id).await;
            return note_failure(Err(error));
        }
        with(|state| state.has_created = true);
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        note_failure(self.update(record).await)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let found = note_failure(self.follow(id).await)?;
        if let Some(record) = &found {
            with(|state| {
                state.known.insert(record.id, record.clone());
                if record.id != *id {
                    state.led_to.insert(*id, record.id);
                }
            });
        }
        Ok(found)
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let is_changing = with(|state| state.change.is_some_and(|change| change.old == Some(*id)));
        if is_changing.unwrap_or_default() {
            return Ok(()); // `create` marks the old ID once there is a new one
        }
        note_failure(self.end(id).await)
    }
}

/// Refuses to create a session for a request with an ID that has just ended. Its browser has received a new ID or is
/// about to, and the cookie of a third session would overwrite that. A safe request gets the page that a stranger gets,
/// and nothing is saved. Any other request is refused.
fn refuse_another() -> Result<()> {
    if with(|state| state.is_safe).unwrap_or_default() {
        return Ok(());
    }
    with(|state| state.failure = Some(Failure::JustEnded));
    Err(gone())
}
