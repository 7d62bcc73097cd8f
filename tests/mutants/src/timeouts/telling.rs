//! Mistakes in what the visitor is told.

use axum::{
    Router,
    extract::Request,
    http::{
        HeaderMap, StatusCode, Uri,
        header::{COOKIE, SET_COOKIE},
    },
    middleware::{Next, from_fn},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use solution_4::{Failure, IDLE};
use tower_sessions::{Session, SessionManagerLayer, SessionStore};

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

/// A wrong password may have been a form that was left open for too long.
pub(super) fn says_it_to_the_mistaken<S: SessionStore + Clone>(store: S) -> Router {
    async fn told(request: Request, next: Next) -> Result<Response, Failure> {
        let answer = next.run(request).await;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let page = solution_4::login_form(Uri::from_static("/login?ended"), None).await?;
        Ok((StatusCode::UNAUTHORIZED, page).into_response())
    }
    Rules::default().on(store).layer(from_fn(told))
}

/// An address with a query leads to the login page without the note.
pub(super) fn says_it_without_a_query_only<S: SessionStore + Clone>(store: S) -> Router {
    async fn told(request: Request, next: Next) -> Response {
        let has_query = request.uri().path() == "/protected" && request.uri().query().is_some();
        let answer = next.run(request).await;
        match has_query && answer.status().is_redirection() {
            true => Redirect::to("/login").into_response(),
            false => answer,
        }
    }
    Rules::default()
        .routes()
        .layer(from_fn(solution_4::keep))
        .layer(from_fn(told))
        .layer(SessionManagerLayer::new(store))
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

/// Any cookie is taken for that of a session.
pub(super) fn says_it_to_everyone_with_a_cookie() -> Rules {
    async fn form(uri: Uri, session: Session, headers: HeaderMap) -> Result<Html<String>, Failure> {
        let is_known = session.get_value(solution_4::Login::KEY).await?.is_some();
        let has_ended = headers.contains_key(COOKIE) && !is_known;
        let uri = if has_ended { Uri::from_static("/login?ended") } else { uri };
        solution_4::login_form(uri, None).await
    }
    Rules { form: || get(form), ..Rules::default() }
}
