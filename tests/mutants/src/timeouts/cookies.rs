//! Mistakes about what a cookie is.

use axum::{
    Router,
    extract::Request,
    http::{
        HeaderMap,
        header::{COOKIE, SET_COOKIE},
    },
    middleware::{Next, from_fn},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
    routing::post,
};
use session_inspector::Clock;
use solution_4::{Failure, IDLE, Login};
use tower_sessions::{Session, SessionManagerLayer, SessionStore, cookie::Cookie};

use super::{Rules, left};

pub(super) fn logout_tells_the_browser_only<S: SessionStore + Clone>(store: S) -> Router {
    async fn logout() -> impl IntoResponse {
        (AppendHeaders([(SET_COOKIE, "id=; Path=/; Max-Age=0")]), Redirect::to("/login"))
    }
    Rules { logout: || post(logout), ..Rules::default() }.on(store)
}

/// Everything is right, but for who sends a cookie that the browser was told to drop.
pub(super) fn the_cookie_alone_ages<S: SessionStore + Clone>(store: S) -> Router {
    async fn note(session: Session, clock: Clock, request: Request, next: Next) -> Result<Response, Failure> {
        let mut response = next.run(request).await;
        if let Some(login) = Login::of(&session).await? {
            if session.id().is_none() {
                session.save().await?;
            }
            let now = clock.now();
            let age = login.expiry(now).map_or(left(&login, now), |_| login.began + solution_4::REMEMBERED - now);
            let id = session.id().ok_or(Failure)?;
            let cookie = Cookie::build(("id", id.to_string())).path("/").http_only(true).max_age(age).build();
            response.extensions_mut().insert(cookie);
        }
        Ok(response)
    }
    async fn age(request: Request, next: Next) -> Response {
        let mut response = next.run(request).await;
        if let Some(cookie) = response.extensions_mut().remove::<Cookie<'static>>()
            && let Ok(header) = cookie.to_string().parse()
        {
            response.headers_mut().append(SET_COOKIE, header);
        }
        response
    }
    Rules::default().routes().layer(from_fn(note)).layer(SessionManagerLayer::new(store)).layer(from_fn(age))
}

/// The time of the last request is in a cookie beside that of the session.
pub(super) fn seen_is_another_cookie<S: SessionStore + Clone>(store: S) -> Router {
    fn seen(headers: &HeaderMap) -> Option<i64> {
        let cookies = headers.get(COOKIE)?.to_str().ok()?;
        let seen = Cookie::split_parse(cookies).flatten().find(|cookie| cookie.name() == "seen")?;
        seen.value().parse().ok()
    }
    async fn note(session: Session, clock: Clock, request: Request, next: Next) -> Result<Response, Failure> {
        let now = clock.now();
        let seen = seen(request.headers()).unwrap_or(now.unix_timestamp());
        let idle = now.unix_timestamp() - seen;
        if Login::of(&session).await?.is_some_and(|login| !login.remembered) && idle >= IDLE.whole_seconds() {
            session.flush().await?;
            return Ok(Redirect::to("/login?ended").into_response());
        }
        let response = next.run(request).await;
        let cookie = format!("seen={}; Path=/; HttpOnly", now.unix_timestamp());
        Ok((AppendHeaders([(SET_COOKIE, cookie)]), response).into_response())
    }
    fn rules() -> Rules {
        Rules {
            is_over: |login, now| Login { seen: now, ..login.clone() }.is_over(now),
            noted: |_, _, _| None,
            ..Rules::default()
        }
    }
    Rules::default()
        .routes()
        .layer(axum::middleware::from_fn_with_state(rules(), super::keep))
        .layer(from_fn(note))
        .layer(SessionManagerLayer::new(store))
}
