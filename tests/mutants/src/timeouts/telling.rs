//! Mistakes in what the visitor is told.

use axum::{
    http::Uri,
    response::{Html, Redirect},
    routing::{get, post},
};
use solution_4::{Failure, IDLE};
use tower_sessions::Session;

use super::Rules;

pub(super) fn says_nothing() -> Rules {
    Rules { tells: |_, _| false, ..Rules::default() }
}

pub(super) fn says_it_to_everyone() -> Rules {
    async fn form() -> Result<Html<String>, Failure> {
        solution_4::login_form(Uri::from_static("/login?ended"), None).await
    }
    Rules { form: || get(form), ..Rules::default() }
}

pub(super) fn says_it_after_the_logout() -> Rules {
    async fn logout(session: Session) -> Result<Redirect, Failure> {
        session.flush().await?;
        Ok(Redirect::to("/login?ended"))
    }
    Rules { logout: || post(logout), ..Rules::default() }
}

pub(super) fn says_it_to_the_idle_only() -> Rules {
    Rules { tells: |login, now| now - login.seen >= IDLE, ..Rules::default() }
}
