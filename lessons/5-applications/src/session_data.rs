//! The data in a session: each feature has its own type and key.

use lesson_page::Failure;
use serde::{Serialize, de::DeserializeOwned};
use tower_sessions::Session;

// ANCHOR: session_data
/// A value that a session holds.
pub(crate) trait SessionData: Default + DeserializeOwned + Serialize + Send + Sync {
    const KEY: &'static str;

    /// Returns a copy of the session's value, or the default if there is none.
    async fn load(session: &Session) -> Result<Self, Failure> {
        Ok(session.get(Self::KEY).await?.unwrap_or_default())
    }

    /// Saves a changed copy. Without this the change is lost at the end of the request.
    async fn save(&self, session: &Session) -> Result<(), Failure> {
        Ok(session.insert(Self::KEY, self).await?)
    }
}
// ANCHOR_END: session_data
