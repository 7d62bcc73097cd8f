//! Mistakes that show beside another login, another server or another time of the year.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn, from_fn_with_state},
    response::Response,
};
use session_inspector::Clock;
use solution_4::{Failure, Login};
use tower_sessions::{
    Expiry, Session, SessionManagerLayer, SessionStore,
    cookie::time::{Duration, OffsetDateTime},
};

use super::Rules;

const MONTH: Expiry = Expiry::OnInactivity(Duration::days(30));

/// When something was, by whose it is; it ends with the program.
type Times = Arc<Mutex<HashMap<String, OffsetDateTime>>>;

pub(super) fn ends_with_the_year() -> Rules {
    Rules { is_over: |login, now| login.is_over(now) || login.began.year() != now.year(), ..Rules::default() }
}

/// Answers the request, and notes when a login that it was begins.
async fn noting_logins(times: &Times, session: &Session, request: Request, next: Next) -> Result<Response, Failure> {
    let is_login = request.method() == "POST" && request.uri().path() == "/login";
    let answer = next.run(request).await;
    if let Some(login) = Login::of(session).await?.filter(|_| is_login && answer.status().is_redirection()) {
        times.lock().unwrap().insert(login.username, login.began);
    }
    Ok(answer)
}

/// A login begins when its user last has logged in anywhere.
pub(super) fn begins_with_the_last_login<S: SessionStore + Clone>(store: S) -> Router {
    async fn begun(
        State(times): State<Times>,
        session: Session,
        request: Request,
        next: Next,
    ) -> Result<Response, Failure> {
        if let Some(login) = Login::of(&session).await? {
            let began = times.lock().unwrap().get(&login.username).copied().unwrap_or(login.began);
            session.insert(Login::KEY, Login { began, ..login }).await?;
        }
        noting_logins(&times, &session, request, next).await
    }
    let routes = Rules::default().routes().layer(from_fn(solution_4::keep));
    routes.layer(from_fn_with_state(Times::default(), begun)).layer(SessionManagerLayer::new(store))
}

/// When a request came is known to the program alone; of what it does not know, it thinks well.
pub(super) fn forgets_with_its_program<S: SessionStore + Clone>(store: S) -> Router {
    async fn known(
        State(times): State<Times>,
        session: Session,
        clock: Clock,
        request: Request,
        next: Next,
    ) -> Result<Response, Failure> {
        let key = |login: &Login| format!("{} {}", login.username, login.began.unix_timestamp());
        if let Some(login) = Login::of(&session).await? {
            let seen = times.lock().unwrap().get(&key(&login)).copied().unwrap_or(clock.now());
            session.insert(Login::KEY, Login { seen, ..login }).await?;
        }
        let answer = next.run(request).await;
        if let Some(login) = Login::of(&session).await? {
            times.lock().unwrap().insert(key(&login), clock.now());
        }
        Ok(answer)
    }
    let routes = Rules::default().routes().layer(from_fn(solution_4::keep));
    routes.layer(from_fn_with_state(Times::default(), known)).layer(SessionManagerLayer::new(store))
}

/// Only a login that this program has seen begin is good.
pub(super) fn a_restart_ends_it<S: SessionStore + Clone>(store: S) -> Router {
    knows_when_users_began(store, |known, _| known.is_none())
}

/// A user is logged in with one browser at a time.
pub(super) fn a_later_login_ends_it<S: SessionStore + Clone>(store: S) -> Router {
    knows_when_users_began(store, |known, login| known.is_some_and(|began| *began > login.began))
}

/// The program knows when each user last has logged in.
fn knows_when_users_began<S: SessionStore + Clone>(
    store: S,
    is_over: fn(Option<&OffsetDateTime>, &Login) -> bool,
) -> Router {
    type IsOver = fn(Option<&OffsetDateTime>, &Login) -> bool;
    async fn known(
        State((times, is_over)): State<(Times, IsOver)>,
        session: Session,
        request: Request,
        next: Next,
    ) -> Result<Response, Failure> {
        if let Some(login) = Login::of(&session).await? {
            let is_over = is_over(times.lock().unwrap().get(&login.username), &login);
            if is_over {
                session.flush().await?;
            }
        }
        noting_logins(&times, &session, request, next).await
    }
    let routes = Rules::default().routes().layer(from_fn(solution_4::keep));
    routes.layer(from_fn_with_state((Times::default(), is_over), known)).layer(SessionManagerLayer::new(store))
}

/// A cookie has the age that the login before it asked for.
pub(super) fn has_the_age_of_the_login_before<S: SessionStore + Clone>(store: S) -> Router {
    async fn aged(session: Session, request: Request, next: Next) -> Result<Response, Failure> {
        let before = Login::of(&session).await?;
        let answer = next.run(request).await;
        if before.is_some_and(|before| before.remembered) {
            session.set_expiry(Some(MONTH));
        }
        Ok(answer)
    }
    Rules::default()
        .routes()
        .layer(from_fn(solution_4::keep))
        .layer(from_fn(aged))
        .layer(SessionManagerLayer::new(store))
}

/// A user who comes back after a break goes on with the day that they began.
pub(super) fn goes_on_after_a_break<S: SessionStore + Clone>(store: S) -> Router {
    async fn goes_on(session: Session, clock: Clock, request: Request, next: Next) -> Result<Response, Failure> {
        let before = Login::of(&session).await?;
        let was_idle = |old: &Login| !old.remembered && old.is_over(clock.now()) && clock.now() < old.ends();
        let began = before.filter(was_idle).map(|old| old.began);
        let answer = next.run(request).await;
        if let (Some(began), Some(login)) = (began, Login::of(&session).await?) {
            session.insert(Login::KEY, Login { began, ..login }).await?;
        }
        Ok(answer)
    }
    Rules::default()
        .routes()
        .layer(from_fn(solution_4::keep))
        .layer(from_fn(goes_on))
        .layer(SessionManagerLayer::new(store))
}

/// The age is said again only where all went well.
pub(super) fn an_error_loses_the_age<S: SessionStore + Clone>(store: S) -> Router {
    async fn aged(session: Session, request: Request, next: Next) -> Response {
        let answer = next.run(request).await;
        if answer.status().is_client_error() {
            session.set_expiry(None);
        }
        answer
    }
    Rules::default()
        .routes()
        .layer(from_fn(solution_4::keep))
        .layer(from_fn(aged))
        .layer(SessionManagerLayer::new(store))
}
