//! A store that publishes the end of a session to the open connections, whichever part of the program ends it.

use async_trait::async_trait;
use session_inspector::TOMBSTONE_KEY;
use sha2::{Digest, Sha256};
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::Result,
};

use super::channel::{Channel, News};

/// The name of a session in a message. Nobody can compute the ID from it.
pub(super) fn name(id: &Id) -> String {
    let hash = Sha256::new().chain_update(b"the name of a session in a channel").chain_update(id.to_string());
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

// ANCHOR: publishing
/// `store`, which publishes each end of a session to `channel`. It belongs inside `Guarded`, which replaces a session
/// that ends, and one that gets a new ID, by a tombstone.
#[derive(Clone)]
pub(crate) struct PublishingStore<S> {
    store: S,
    channel: Channel,
}

impl<S> PublishingStore<S> {
    pub(crate) fn new(store: S, channel: Channel) -> Self {
        Self { store, channel }
    }

    async fn publish_end(&self, id: &Id) {
        self.channel.publish(News::Gone { session: name(id) }).await;
    }
}

#[async_trait]
impl<S: SessionStore> SessionStore for PublishingStore<S> {
    async fn create(&self, record: &mut Record) -> Result<()> {
        self.store.create(record).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.store.save(record).await?;
        if record.data.contains_key(TOMBSTONE_KEY) {
            self.publish_end(&record.id).await; // after the end, so that a connection that looks then finds it
        }
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        self.store.load(id).await
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.store.delete(id).await?;
        self.publish_end(id).await;
        Ok(())
    }
}
// ANCHOR_END: publishing

impl<S: std::fmt::Debug> std::fmt::Debug for PublishingStore<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PublishingStore").field("store", &self.store).finish_non_exhaustive()
    }
}
