//! A message for the next page, which shows it once.

use lesson_page::Failure;
use serde::{Deserialize, Serialize};
use tower_sessions::Session;

use crate::session_data::SessionData;

#[derive(Default, Deserialize, Serialize)]
struct Flash(Vec<String>);

impl SessionData for Flash {
    const KEY: &'static str = "flash";
}

// ANCHOR: flash
/// Adds a message for the next page.
pub(crate) async fn add(session: &Session, message: impl Into<String>) -> Result<(), Failure> {
    let mut flash = Flash::load(session).await?;
    flash.0.push(message.into());
    flash.save(session).await
}

/// Takes the messages out of the session, so that they are shown only once. If there are none, nothing is written.
pub(crate) async fn take(session: &Session) -> Result<Vec<String>, Failure> {
    let Flash(messages) = Flash::load(session).await?;
    if !messages.is_empty() {
        session.remove_value(Flash::KEY).await?; // without the condition, every request would be a write
    }
    Ok(messages)
}
// ANCHOR_END: flash
