//! What a session keeps: each feature has a type, and a key of its own.

use lesson_page::Failure;
use serde::{Serialize, de::DeserializeOwned};
use tower_sessions::Session;

// ANCHOR: kept
/// Something that a session keeps.
pub(crate) trait Kept: Default + DeserializeOwned + Serialize + Send + Sync {
    const KEY: &'static str;

    /// What the session keeps of it; the default if it keeps nothing.
    async fn of(session: &Session) -> Result<Self, Failure> {
        Ok(session.get(Self::KEY).await?.unwrap_or_default())
    }

    /// Without this a changed value is lost at the end of the request: the session holds a copy, not this one.
    async fn keep(&self, session: &Session) -> Result<(), Failure> {
        Ok(session.insert(Self::KEY, self).await?)
    }
}
// ANCHOR_END: kept
