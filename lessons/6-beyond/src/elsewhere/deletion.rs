//! The deletion of an account: a visitor logs in at the provider once more before it.

use axum::{extract::State, response::Redirect};
use chrono::TimeDelta;
use tower_sessions::Session;

use super::{
    Elsewhere, Here,
    accounts::Subject,
    client::{Purpose, Refused},
    logout::current,
};

/// The page for a visitor whose account has been deleted.
const DELETED: &str = "/elsewhere?left=deleted";

// ANCHOR: delete
/// Redirects the visitor to the provider, for a login that is newer than this request. A session alone, which may be
/// stolen or forgotten on another person's screen, deletes nothing (ASVS 5.0 7.5.3).
pub(super) async fn delete(
    State(elsewhere): State<Elsewhere>,
    session: Session,
    here: Here,
) -> Result<Redirect, Refused> {
    let Some(login) = current(&elsewhere, &session, &here).await? else { return Ok(Redirect::to(&here.home())) };
    if !elsewhere.0.checks.second_login {
        return elsewhere.delete(&session, &here, &login.subject).await; // wrong
    }
    elsewhere.redirect(&session, &here, TimeDelta::zero(), Purpose::Deletion(login.subject)).await
}
// ANCHOR_END: delete

impl Elsewhere {
    /// Deletes the account, and ends all its sessions.
    pub(super) async fn delete(&self, session: &Session, here: &Here, subject: &Subject) -> Result<Redirect, Refused> {
        self.0.accounts.delete(subject, here.now());
        session.flush().await?;
        Ok(Redirect::to(DELETED))
    }
}
