//! Mistakes in the login.

use axum::{
    Extension, Form,
    extract::{Query, Request},
    http::StatusCode,
    middleware::{Next, from_fn},
    response::{IntoResponse, Redirect, Response},
    routing::post,
};
use checks::Users;
use serde::Deserialize;
use session_inspector::Clock;
use solution_4::{Credentials, Failure, Login};
use tower_sessions::{Session, cookie::time::Duration};

use super::Rules;

type Accounts = Extension<Users>;

/// Nothing but what is asked for in a new login; nothing if the password is wrong.
fn begun(users: &Users, clock: &Clock, sent: Credentials) -> Option<Login> {
    let now = clock.now();
    let is_right = users.verify(&sent.username, &sent.password);
    is_right.then(|| Login { username: sent.username, remembered: sent.remember.is_some(), began: now, seen: now })
}

async fn kept(session: &Session, login: Login) -> Result<Response, Failure> {
    session.insert(Login::KEY, login).await?;
    Ok(Redirect::to("/protected").into_response())
}

fn refused() -> Response {
    StatusCode::UNAUTHORIZED.into_response()
}

/// As a library for passwords may do.
pub(super) fn composes_accents() -> Rules {
    async fn login(
        session: Session,
        clock: Clock,
        users: Accounts,
        Form(sent): Form<Credentials>,
    ) -> Result<Response, Failure> {
        let password = sent.password.replace("e\u{301}", "é");
        solution_4::login(session, clock, users, Form(Credentials { password, ..sent })).await
    }
    Rules { login: || post(login), ..Rules::default() }
}

/// A form on another site may not say where it is.
pub(super) fn must_know_the_page() -> Rules {
    async fn known(request: Request, next: Next) -> Response {
        let is_known = request.headers().contains_key("referer");
        if is_known { next.run(request).await } else { StatusCode::FORBIDDEN.into_response() }
    }
    Rules { login: || post(solution_4::login).layer(from_fn(known)), ..Rules::default() }
}

pub(super) fn the_box_has_to_be_ticked() -> Rules {
    #[derive(Deserialize)]
    struct Strict {
        username: String,
        password: String,
        remember: String,
    }
    async fn login(
        session: Session,
        clock: Clock,
        users: Accounts,
        Form(sent): Form<Strict>,
    ) -> Result<Response, Failure> {
        let Strict { username, password, remember } = sent;
        let remember = Some(remember).filter(|remember| remember == "on");
        solution_4::login(session, clock, users, Form(Credentials { username, password, remember })).await
    }
    Rules { login: || post(login), ..Rules::default() }
}

pub(super) fn remember_is_ignored() -> Rules {
    async fn login(
        session: Session,
        clock: Clock,
        users: Accounts,
        Form(sent): Form<Credentials>,
    ) -> Result<Response, Failure> {
        solution_4::login(session, clock, users, Form(Credentials { remember: None, ..sent })).await
    }
    Rules { login: || post(login), ..Rules::default() }
}

pub(super) fn keeps_the_old_beginning() -> Rules {
    async fn login(
        session: Session,
        clock: Clock,
        Extension(users): Accounts,
        Form(sent): Form<Credentials>,
    ) -> Result<Response, Failure> {
        let Some(login) = begun(&users, &clock, sent) else { return Ok(refused()) };
        let began = Login::of(&session).await?.map_or(login.began, |old| old.began);
        session.cycle_id().await?;
        kept(&session, Login { began, ..login }).await
    }
    Rules { login: || post(login), ..Rules::default() }
}

/// Another user has what is left of the time of the user before.
pub(super) fn keeps_the_beginning_of_another_user() -> Rules {
    async fn login(
        session: Session,
        clock: Clock,
        Extension(users): Accounts,
        Form(sent): Form<Credentials>,
    ) -> Result<Response, Failure> {
        let Some(login) = begun(&users, &clock, sent) else { return Ok(refused()) };
        let other = Login::of(&session).await?.filter(|old| old.username != login.username && !old.remembered);
        let began = other.map_or(login.began, |old| old.began);
        session.cycle_id().await?;
        kept(&session, Login { began, ..login }).await
    }
    Rules { login: || post(login), ..Rules::default() }
}

pub(super) fn keeps_the_old_choice() -> Rules {
    async fn login(
        session: Session,
        clock: Clock,
        Extension(users): Accounts,
        Form(sent): Form<Credentials>,
    ) -> Result<Response, Failure> {
        let Some(login) = begun(&users, &clock, sent) else { return Ok(refused()) };
        let before = Login::of(&session).await?.is_some_and(|old| old.remembered);
        session.cycle_id().await?;
        kept(&session, Login { remembered: login.remembered || before, ..login }).await
    }
    Rules { login: || post(login), ..Rules::default() }
}

pub(super) fn keeps_the_id() -> Rules {
    async fn login(
        session: Session,
        clock: Clock,
        Extension(users): Accounts,
        Form(sent): Form<Credentials>,
    ) -> Result<Response, Failure> {
        match begun(&users, &clock, sent) {
            Some(login) => kept(&session, login).await,
            None => Ok(refused()),
        }
    }
    Rules { login: || post(login), ..Rules::default() }
}

pub(super) fn takes_up_the_ended_id() -> Rules {
    async fn login(
        session: Session,
        clock: Clock,
        Extension(users): Accounts,
        Form(sent): Form<Credentials>,
    ) -> Result<Response, Failure> {
        let Some(login) = begun(&users, &clock, sent) else { return Ok(refused()) };
        if Login::of(&session).await?.is_some() {
            session.cycle_id().await?;
        }
        kept(&session, login).await
    }
    Rules { login: || post(login), ..Rules::default() }
}

pub(super) fn lets_strangers_in() -> Rules {
    async fn login(
        session: Session,
        clock: Clock,
        Extension(users): Accounts,
        Form(sent): Form<Credentials>,
    ) -> Result<Response, Failure> {
        if users.names().contains(&sent.username) {
            return solution_4::login(session, clock, Extension(users), Form(sent))
                .await
                .map(IntoResponse::into_response);
        }
        let now = clock.now();
        let Credentials { username, remember, .. } = sent;
        session.cycle_id().await?;
        kept(&session, Login { username, remembered: remember.is_some(), began: now, seen: now }).await
    }
    Rules { login: || post(login), ..Rules::default() }
}

/// Whoever is to be remembered is, also after the logout.
pub(super) fn a_remembered_logout_keeps_it() -> Rules {
    async fn logout(session: Session) -> Result<Redirect, Failure> {
        match Login::of(&session).await? {
            Some(login) if login.remembered => Ok(Redirect::to("/login")),
            _ => solution_4::logout(session).await,
        }
    }
    Rules { logout: || post(logout), ..Rules::default() }
}

/// What ends within the hour need not be ended.
pub(super) fn a_late_logout_keeps_it() -> Rules {
    async fn logout(session: Session, clock: Clock) -> Result<Redirect, Failure> {
        match Login::of(&session).await? {
            Some(login) if login.ends() - clock.now() <= Duration::HOUR => Ok(Redirect::to("/login")),
            _ => solution_4::logout(session).await,
        }
    }
    Rules { logout: || post(logout), ..Rules::default() }
}

/// A name and a password in an address log in where only the headers are requested.
pub(super) fn an_address_logs_in() -> Rules {
    async fn login(
        session: Session,
        clock: Clock,
        users: Accounts,
        Query(sent): Query<Credentials>,
    ) -> Result<Response, Failure> {
        solution_4::login(session, clock, users, Form(sent)).await
    }
    Rules { login: || post(solution_4::login).head(login), ..Rules::default() }
}

/// Who guesses leaves a session behind at each guess.
pub(super) fn counts_failures() -> Rules {
    async fn login(
        session: Session,
        clock: Clock,
        users: Accounts,
        Form(sent): Form<Credentials>,
    ) -> Result<Response, Failure> {
        if !users.verify(&sent.username, &sent.password) {
            let failures: u32 = session.get("failures").await?.unwrap_or_default();
            session.insert("failures", failures + 1).await?;
        }
        solution_4::login(session, clock, users, Form(sent)).await
    }
    Rules { login: || post(login), ..Rules::default() }
}

/// A failed login starts the month of a remembered one again.
pub(super) fn a_failure_is_a_beginning() -> Rules {
    async fn login(
        session: Session,
        clock: Clock,
        users: Extension<Users>,
        form: Form<Credentials>,
    ) -> Result<Response, Failure> {
        let now = clock.now();
        let answer = solution_4::login(session.clone(), clock, users, form).await?;
        let login = Login::of(&session).await?.filter(|login| login.remembered);
        if let Some(login) = login.filter(|_| answer.status() == StatusCode::UNAUTHORIZED) {
            session.insert(Login::KEY, Login { began: now, ..login }).await?;
        }
        Ok(answer)
    }
    Rules { login: || post(login), ..Rules::default() }
}
