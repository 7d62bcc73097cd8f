//! Mistakes in deciding.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Extension, Router,
    extract::Request,
    http::Method,
    middleware::{Next, from_fn, from_fn_with_state},
    response::Response,
};
use checks::App;
use session_inspector::Clock;
use solution_4::{ABSOLUTE, Failure, IDLE, Login, REMEMBERED, UNNOTED};
use tower_sessions::{
    Expiry, Session, SessionManagerLayer, SessionStore,
    cookie::time::{Duration, OffsetDateTime},
};

use super::{Rules, left};

pub(super) fn app(rules: fn() -> Rules) -> App {
    App::new(move |store| rules().on(store))
}

/// Limits other than the solution's.
fn over(login: &Login, now: OffsetDateTime, idle: Duration, absolute: Duration, remembered: Duration) -> bool {
    match login.remembered {
        true => now - login.began >= remembered,
        false => now - login.began >= absolute || now - login.seen >= idle,
    }
}

pub(super) fn every_login_is_over() -> Rules {
    Rules { is_over: |_, _| true, ..Rules::default() }
}

pub(super) fn idleness_does_not_matter() -> Rules {
    Rules { is_over: |login, now| over(login, now, Duration::MAX, ABSOLUTE, REMEMBERED), ..Rules::default() }
}

pub(super) fn idle_for_31_minutes() -> Rules {
    Rules { is_over: |login, now| over(login, now, Duration::minutes(31), ABSOLUTE, REMEMBERED), ..Rules::default() }
}

pub(super) fn notes_before_it_decides() -> Rules {
    Rules { notes_first: true, ..Rules::default() }
}

pub(super) fn is_back_at_the_next_request() -> Rules {
    Rules { flushes: false, ..Rules::default() }
}

pub(super) fn idle_for_20_minutes() -> Rules {
    Rules { is_over: |login, now| over(login, now, Duration::minutes(20), ABSOLUTE, REMEMBERED), ..Rules::default() }
}

fn seen(login: &Login, now: OffsetDateTime) -> Login {
    Login { seen: now, ..login.clone() }
}

pub(super) fn only_protected_counts() -> Rules {
    let noted =
        |login: &Login, now, request: &Request| (request.uri().path() == "/protected").then(|| seen(login, now));
    Rules { noted, ..Rules::default() }
}

pub(super) fn asking_for_headers_does_not_count() -> Rules {
    let noted = |login: &Login, now, request: &Request| (request.method() != Method::HEAD).then(|| seen(login, now));
    Rules { noted, ..Rules::default() }
}

/// A page that asks for news by itself is told apart by its query.
pub(super) fn a_query_does_not_count() -> Rules {
    let noted = |login: &Login, now, request: &Request| request.uri().query().is_none().then(|| seen(login, now));
    Rules { noted, ..Rules::default() }
}

pub(super) fn an_unusual_method_does_not_count() -> Rules {
    let noted = |login: &Login, now, request: &Request| {
        [Method::GET, Method::HEAD, Method::POST].contains(request.method()).then(|| seen(login, now))
    };
    Rules { noted, ..Rules::default() }
}

pub(super) fn a_script_does_not_count() -> Rules {
    let noted = |login: &Login, now, request: &Request| {
        (!request.headers().contains_key("x-requested-with")).then(|| seen(login, now))
    };
    Rules { noted, ..Rules::default() }
}

pub(super) fn notes_every_eight_minutes() -> Rules {
    let noted = |login: &Login, now, _: &Request| (now - login.seen >= Duration::minutes(8)).then(|| seen(login, now));
    Rules { noted, ..Rules::default() }
}

/// A link can make a login a remembered one.
pub(super) fn an_address_ticks_the_box() -> Rules {
    let noted = |login: &Login, now, request: &Request| {
        let remembered = login.remembered || request.uri().query() == Some("remember=1");
        Some(Login { remembered, ..seen(login, now) })
    };
    Rules { noted, ..Rules::default() }
}

/// As `keep` does it in a `route_layer`.
pub(super) fn nowhere_does_not_count() -> Rules {
    let noted = |login: &Login, now, request: &Request| {
        let is_routed = ["/login", "/protected", "/help", "/logout"].contains(&request.uri().path());
        is_routed.then(|| seen(login, now))
    };
    Rules { noted, ..Rules::default() }
}

/// It is noted once the answer is known, and only if that went well.
pub(super) fn refused_does_not_count<S: SessionStore + Clone>(store: S) -> Router {
    async fn note(session: Session, clock: Clock, request: Request, next: Next) -> Result<Response, Failure> {
        let response = next.run(request).await;
        if let Some(login) = Login::of(&session).await?.filter(|_| !response.status().is_client_error()) {
            session.insert(Login::KEY, seen(&login, clock.now())).await?;
        }
        Ok(response)
    }
    let rules = Rules { noted: |_, _, _| None, ..Rules::default() };
    let routes = rules.routes().layer(from_fn(note)).layer(from_fn_with_state(rules, super::keep));
    routes.layer(SessionManagerLayer::new(store))
}

/// Who was there a moment ago is let in without a look at the limits.
pub(super) fn a_moment_ago_is_early_enough() -> Rules {
    Rules { is_over: |login, now| now - login.seen >= UNNOTED && login.is_over(now), ..Rules::default() }
}

/// A request counts if it is not too soon after the last one, noted or not: whoever is busy is never noted.
pub(super) fn busy_is_too_soon<S: SessionStore + Clone>(store: S) -> Router {
    async fn note(session: Session, clock: Clock, request: Request, next: Next) -> Result<Response, Failure> {
        let now = clock.now().unix_timestamp();
        if let Some(login) = Login::of(&session).await? {
            let last = session.get::<i64>("last").await?.unwrap_or(login.seen.unix_timestamp());
            session.insert("last", now).await?;
            if now - last >= UNNOTED.whole_seconds() {
                session.insert(Login::KEY, seen(&login, clock.now())).await?;
            }
        }
        Ok(next.run(request).await)
    }
    let rules = Rules { noted: |_, _, _| None, ..Rules::default() };
    let routes = rules.routes().layer(from_fn(note)).layer(from_fn_with_state(rules, super::keep));
    routes.layer(SessionManagerLayer::new(store))
}

/// The page that knows nothing of sessions notes every request, and does not ask whether it comes too late.
pub(super) fn help_brings_it_back<S: SessionStore + Clone>(store: S) -> Router {
    async fn note(session: Session, clock: Clock, request: Request, next: Next) -> Result<Response, Failure> {
        let is_help = request.uri().path() == "/help";
        if let Some(login) = Login::of(&session).await?.filter(|login| is_help && !login.remembered) {
            session.insert(Login::KEY, seen(&login, clock.now())).await?;
        }
        Ok(next.run(request).await)
    }
    behind(|solution| solution.layer(from_fn(note)), store)
}

/// The same for an address that leads to no page.
pub(super) fn nowhere_brings_it_back<S: SessionStore + Clone>(store: S) -> Router {
    async fn note(session: Session, clock: Clock, request: Request, next: Next) -> Result<Response, Failure> {
        let is_routed = ["/login", "/protected", "/help", "/logout"].contains(&request.uri().path());
        if let Some(login) = Login::of(&session).await?.filter(|login| !is_routed && !login.remembered) {
            session.insert(Login::KEY, seen(&login, clock.now())).await?;
        }
        Ok(next.run(request).await)
    }
    behind(|solution| solution.layer(from_fn(note)), store)
}

/// A login belongs to the browser with the name that it had.
pub(super) fn an_update_ends_it<S: SessionStore + Clone>(store: S) -> Router {
    async fn bind(session: Session, request: Request, next: Next) -> Result<Response, Failure> {
        let agent = format!("{:?}", request.headers().get("user-agent"));
        if Login::of(&session).await?.is_some() {
            let known = session.get::<String>("agent").await?.unwrap_or_else(|| agent.clone());
            if known == agent {
                session.insert("agent", agent).await?;
            } else {
                session.flush().await?;
            }
        }
        Ok(next.run(request).await)
    }
    behind(|solution| solution.layer(from_fn(bind)), store)
}

pub(super) fn only_writing_counts() -> Rules {
    let noted = |login: &Login, now, request: &Request| (request.method() == Method::POST).then(|| seen(login, now));
    Rules { noted, ..Rules::default() }
}

pub(super) fn no_absolute_limit() -> Rules {
    Rules { is_over: |login, now| over(login, now, IDLE, Duration::MAX, REMEMBERED), ..Rules::default() }
}

pub(super) fn every_request_is_a_beginning() -> Rules {
    let noted = |login: &Login, now, _: &Request| Some(Login { began: now, ..seen(login, now) });
    Rules { noted, ..Rules::default() }
}

pub(super) fn nine_hours() -> Rules {
    Rules { is_over: |login, now| over(login, now, IDLE, Duration::hours(9), REMEMBERED), ..Rules::default() }
}

pub(super) fn seven_hours() -> Rules {
    Rules { is_over: |login, now| over(login, now, IDLE, Duration::hours(7), REMEMBERED), ..Rules::default() }
}

pub(super) fn remembered_while_busy() -> Rules {
    Rules { is_over: |login, now| login.is_over(now) || now - login.seen >= IDLE, ..Rules::default() }
}

pub(super) fn remembered_for_a_day_of_work() -> Rules {
    Rules { is_over: |login, now| login.is_over(now) || now - login.began >= ABSOLUTE, ..Rules::default() }
}

pub(super) fn remembered_until_it_is_closed() -> Rules {
    Rules { expiry: |_, _| None, ..Rules::default() }
}

pub(super) fn remembered_by_the_first_answer() -> Rules {
    Rules { expiry_once: true, ..Rules::default() }
}

pub(super) fn remembered_for_a_fortnight() -> Rules {
    let expiry =
        |login: &Login, now| login.remembered.then(|| Expiry::OnInactivity(login.began + Duration::weeks(2) - now));
    Rules { expiry, ..Rules::default() }
}

pub(super) fn remembered_from_visit_to_visit() -> Rules {
    Rules {
        is_over: |login, now| if login.remembered { now - login.seen >= REMEMBERED } else { login.is_over(now) },
        expiry: |login, _| login.remembered.then_some(Expiry::OnInactivity(REMEMBERED)),
        ..Rules::default()
    }
}

pub(super) fn remembered_for_31_days() -> Rules {
    Rules {
        is_over: |login, now| over(login, now, IDLE, ABSOLUTE, Duration::days(31)),
        expiry: |login, now| login.remembered.then(|| Expiry::OnInactivity(login.began + Duration::days(31) - now)),
        ..Rules::default()
    }
}

pub(super) fn every_cookie_has_an_age() -> Rules {
    let expiry = |login: &Login, now| login.expiry(now).or(Some(Expiry::OnInactivity(left(login, now))));
    Rules { expiry, ..Rules::default() }
}

pub(super) fn notes_everyone() -> Rules {
    Rules { notes_everyone: true, ..Rules::default() }
}

/// The solution, and what comes between it and the session.
fn behind<S: SessionStore + Clone>(more: impl FnOnce(Router) -> Router, store: S) -> Router {
    let solution = Rules::default().routes().layer(from_fn(solution_4::keep));
    more(solution).layer(SessionManagerLayer::new(store))
}

pub(super) fn one_clock_for_all<S: SessionStore + Clone>(store: S) -> Router {
    type Seen = Arc<Mutex<Option<OffsetDateTime>>>;
    async fn busy(
        session: Session,
        clock: Clock,
        Extension(last): Extension<Seen>,
        request: Request,
        next: Next,
    ) -> Result<Response, Failure> {
        let now = clock.now();
        let last = last.lock().unwrap().replace(now).unwrap_or(now);
        if let Some(login) = Login::of(&session).await?.filter(|login| login.seen < last) {
            session.insert(Login::KEY, Login { seen: last, ..login }).await?;
        }
        Ok(next.run(request).await)
    }
    behind(|solution| solution.layer(from_fn(busy)).layer(Extension(Seen::default())), store)
}

/// By the name of the user, who may be logged in twice.
pub(super) fn one_clock_for_each_user<S: SessionStore + Clone>(store: S) -> Router {
    type Seen = Arc<Mutex<HashMap<String, OffsetDateTime>>>;
    async fn busy(
        session: Session,
        clock: Clock,
        Extension(last): Extension<Seen>,
        request: Request,
        next: Next,
    ) -> Result<Response, Failure> {
        if let Some(login) = Login::of(&session).await? {
            let now = clock.now();
            let last = last.lock().unwrap().insert(login.username.clone(), now).unwrap_or(login.seen);
            if login.seen < last {
                session.insert(Login::KEY, Login { seen: last, ..login }).await?;
            }
        }
        Ok(next.run(request).await)
    }
    behind(|solution| solution.layer(from_fn(busy)).layer(Extension(Seen::default())), store)
}

/// A beginning that was rounded down has the same effect.
pub(super) fn three_minutes_short() -> Rules {
    Rules {
        is_over: |login, now| over(login, now, IDLE, ABSOLUTE - Duration::minutes(3), REMEMBERED),
        ..Rules::default()
    }
}

/// A login is as old as if it had begun with its minute.
pub(super) fn begins_with_its_minute() -> Rules {
    let is_over = |login: &Login, now| {
        let second = Duration::seconds(login.began.second().into());
        login.is_over(now) || Login { began: login.began - second, ..login.clone() }.is_over(now)
    };
    Rules { is_over, ..Rules::default() }
}

/// Whoever sends a form has to be asked for less.
pub(super) fn a_form_lasts_longer() -> Rules {
    let noted = |login: &Login, now: OffsetDateTime, request: &Request| {
        let longer = if request.method() == Method::POST { Duration::minutes(20) } else { Duration::ZERO };
        (now - login.seen >= UNNOTED).then(|| seen(login, now + longer))
    };
    Rules { noted, ..Rules::default() }
}

/// Somebody who asks for the login page is about to log in.
pub(super) fn the_login_page_is_a_beginning() -> Rules {
    let noted = |login: &Login, now, request: &Request| {
        let is_asked_for = request.method() == Method::GET && request.uri().path() == "/login" && !login.remembered;
        Some(Login { began: if is_asked_for { now } else { login.began }, ..seen(login, now) })
    };
    Rules { noted, ..Rules::default() }
}
