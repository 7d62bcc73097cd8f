//! The solution's rules, with a cookie of a minute that says why; every request is noted.

use axum::{
    Router,
    extract::Request,
    http::header::{COOKIE, SET_COOKIE},
    middleware::{Next, from_fn},
    response::{AppendHeaders, Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use session_inspector::Clock;
use solution_4::{Failure, Login};
use tower_sessions::{Session, SessionManagerLayer, SessionStore};

use super::{ENDED, FORM, escaped};

pub(in crate::timeouts) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/login", get(form).post(solution_4::login))
        .route("/protected", get(protected))
        .route("/help", get("Help"))
        .route("/logout", post(solution_4::logout))
        .layer(from_fn(watch))
        .layer(SessionManagerLayer::new(store).with_always_save(true))
}

/// Whoever comes too late is sent to the login page from wherever they are.
async fn watch(session: Session, clock: Clock, request: Request, next: Next) -> Result<Response, Failure> {
    let now = clock.now();
    match Login::of(&session).await? {
        Some(login) if login.is_over(now) && request.uri().path() != "/login" => {
            session.delete().await?;
            let why = AppendHeaders([(SET_COOKIE, "why=time; Path=/login; Max-Age=60; HttpOnly; SameSite=Lax")]);
            return Ok((why, Redirect::to("/login")).into_response());
        }
        Some(login) if login.is_over(now) => session.flush().await?,
        Some(login) => session.insert(Login::KEY, Login { seen: now, ..login }).await?,
        None => {}
    }
    let response = next.run(request).await;
    if let Some(login) = Login::of(&session).await? {
        session.set_expiry(login.expiry(now));
    }
    Ok(response)
}

async fn form(request: Request) -> Response {
    let cookies = request.headers().get(COOKIE).and_then(|cookies| cookies.to_str().ok()).unwrap_or_default();
    if !cookies.contains("why=time") {
        return Html(FORM).into_response();
    }
    let told = AppendHeaders([(SET_COOKIE, "why=; Path=/login; Max-Age=0")]);
    (told, Html(format!("{ENDED}{FORM}"))).into_response()
}

async fn protected(session: Session) -> Result<Response, Failure> {
    Ok(match Login::of(&session).await? {
        Some(Login { username, .. }) => Html(format!("<b>{}</b>", escaped(&username))).into_response(),
        None => Redirect::to("/login").into_response(),
    })
}
