//! Mistakes in what the visitor is told.

use axum::{
    http::{
        HeaderMap, Uri,
        header::{COOKIE, SET_COOKIE},
    },
    response::{Html, IntoResponse, Redirect, Response},
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

/// The note is a cookie that nobody takes back.
pub(super) fn says_it_again_after_the_next_logout() -> Rules {
    async fn form(uri: Uri, headers: HeaderMap) -> Result<Response, Failure> {
        let cookies = headers.get(COOKIE).and_then(|cookies| cookies.to_str().ok()).unwrap_or_default();
        if uri.query() != Some("ended") && !cookies.contains("ended=1") {
            return Ok(solution_4::login_form(uri, None).await?.into_response());
        }
        let page = solution_4::login_form(Uri::from_static("/login?ended"), None).await?;
        Ok(([(SET_COOKIE, "ended=1; Path=/; HttpOnly")], page).into_response())
    }
    Rules { form: || get(form), ..Rules::default() }
}

pub(super) fn says_it_to_the_idle_only() -> Rules {
    Rules { tells: |login, now| now - login.seen >= IDLE, ..Rules::default() }
}
