//! Mistakes at a request that hardly anybody sends: with an odd cookie, for the second time, on one more device.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    Extension, Form, Router,
    extract::{Path, Request},
    http::{
        StatusCode,
        header::{CACHE_CONTROL, COOKIE},
    },
    middleware::{Next, from_fn},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::Users;
use solution_7::{Admin, Credentials, Failure, Login, Refusal, User};
use tower_sessions::{Session, SessionStore, cookie::Cookie, session::Id};

use super::Parts;

type Name = Path<String>;

/// A form on another site may not say where it is.
pub(super) fn a_login_must_know_the_page<S: SessionStore + Clone>(store: S) -> Router {
    async fn known(request: Request, next: Next) -> Response {
        let is_known = request.headers().contains_key("referer");
        if is_known { next.run(request).await } else { StatusCode::FORBIDDEN.into_response() }
    }
    Parts { login: post(solution_7::login).layer(from_fn(known)), ..Parts::default() }.on(store)
}

/// So that no script gets in.
pub(super) fn a_login_strips_quotation_marks<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(
        session: Session,
        users: Extension<Users>,
        Form(sent): Form<Credentials>,
    ) -> Result<Response, Failure> {
        let password = sent.password.replace('"', "");
        solution_7::login(session, users, Form(Credentials { password, ..sent })).await
    }
    Parts { login: post(login), ..Parts::default() }.on(store)
}

/// Whoever changes a cookie is to notice it.
pub(super) fn an_odd_cookie_is_an_error<S: SessionStore + Clone>(store: S) -> Router {
    async fn door(request: Request, next: Next) -> Response {
        let cookies = request.headers().get(COOKIE).and_then(|cookies| cookies.to_str().ok()).unwrap_or_default();
        let mut own = Cookie::split_parse(cookies).flatten().filter(|cookie| cookie.name() == "id");
        match own.any(|cookie| cookie.value().parse::<Id>().is_err()) {
            true => StatusCode::BAD_REQUEST.into_response(),
            false => next.run(request).await,
        }
    }
    Parts::default().on(store).layer(from_fn(door))
}

/// Until an hour is over, also for whoever logs in meanwhile.
pub(super) fn keeps_the_way_to_the_login<S: SessionStore + Clone>(store: S) -> Router {
    async fn dashboard(user: Result<User, Response>) -> Result<Response, Failure> {
        match user {
            Ok(user) => Ok(solution_7::dashboard(user).await?.into_response()),
            Err(away) => Ok(([(CACHE_CONTROL, "max-age=3600")], away).into_response()),
        }
    }
    Parts { dashboard: get(dashboard), ..Parts::default() }.on(store)
}

/// Five logins of a user are enough.
pub(super) fn five_logins_at_a_time<S: SessionStore + Clone>(store: S) -> Router {
    type Logins = Arc<Mutex<Vec<(String, usize)>>>;
    const LOGIN: &str = "number";
    async fn login(
        session: Session,
        users: Extension<Users>,
        Extension(logins): Extension<Logins>,
        sent: Form<Credentials>,
    ) -> Result<Response, Failure> {
        let username = sent.0.username.clone();
        let answer = solution_7::login(session.clone(), users, sent).await?;
        if answer.status() == StatusCode::SEE_OTHER {
            let number = {
                let mut logins = logins.lock().unwrap_or_else(PoisonError::into_inner);
                let number = logins.iter().filter(|(name, _)| *name == username).count();
                logins.push((username, number));
                number
            };
            session.insert(LOGIN, number).await?;
        }
        Ok(answer)
    }
    async fn dashboard(user: User, Extension(logins): Extension<Logins>) -> Result<Response, Failure> {
        let number = user.session.get(LOGIN).await?.unwrap_or_default();
        let later = |(name, other): &&(String, usize)| *name == user.username && *other > number;
        let count = logins.lock().unwrap_or_else(PoisonError::into_inner).iter().filter(later).count();
        match count < 5 {
            true => Ok(solution_7::dashboard(user).await?.into_response()),
            false => Ok(Redirect::to("/login").into_response()),
        }
    }
    let parts = Parts { login: post(login), dashboard: get(dashboard), ..Parts::default() };
    parts.on(store).layer(Extension(Logins::default()))
}

/// Who is logged in stays logged in.
pub(super) fn a_login_leaves_who_is_there<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Extension<Users>, sent: Form<Credentials>) -> Result<Response, Failure> {
        let before = Login::of(&session, &users).await?;
        let answer = solution_7::login(session.clone(), users, sent).await?;
        if let Some(before) = before {
            session.insert(Login::KEY, before).await?;
        }
        Ok(answer)
    }
    Parts { login: post(login), ..Parts::default() }.on(store)
}

/// Nobody was logged in any more, so nothing has to be renewed.
pub(super) fn an_ended_session_keeps_its_id<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(
        session: Session,
        Extension(users): Extension<Users>,
        Form(sent): Form<Credentials>,
    ) -> Result<Response, Failure> {
        let old: Option<Login> = session.get(Login::KEY).await?;
        let is_over = old.is_some_and(|old| users.epoch(&old.username) != Some(old.epoch));
        match users.epoch(&sent.username).filter(|_| is_over && users.verify(&sent.username, &sent.password)) {
            Some(epoch) => session.insert(Login::KEY, Login { username: sent.username, epoch }).await?,
            None => return solution_7::login(session, Extension(users), Form(sent)).await,
        }
        Ok(Redirect::to("/dashboard").into_response())
    }
    Parts { login: post(login), ..Parts::default() }.on(store)
}

/// Whoever tries that is to log in again.
pub(super) fn a_conflict_ends_the_session<S: SessionStore + Clone>(store: S) -> Router {
    async fn demote(session: Session, admin: Admin, name: Name) -> Result<Redirect, Response> {
        let demoted = solution_7::demote(admin, name).await;
        if matches!(demoted, Err((StatusCode::CONFLICT, _))) {
            session.flush().await.map_err(|_| Failure.into_response())?;
        }
        demoted.map_err(IntoResponse::into_response)
    }
    Parts { demote: post(demote), ..Parts::default() }.on(store)
}

/// A second click is no mistake.
pub(super) fn deleted_again_is_done<S: SessionStore + Clone>(store: S) -> Router {
    type Gone = Arc<Mutex<Vec<String>>>;
    async fn delete(admin: Admin, Extension(gone): Extension<Gone>, Path(name): Name) -> Result<Redirect, Refusal> {
        let is_gone = gone.lock().unwrap_or_else(PoisonError::into_inner).contains(&name);
        match solution_7::delete(admin, Path(name.clone())).await {
            Err((StatusCode::NOT_FOUND, _)) if is_gone => Ok(Redirect::to("/admin")),
            done => {
                gone.lock().unwrap_or_else(PoisonError::into_inner).push(name);
                done
            }
        }
    }
    Parts { delete: post(delete), ..Parts::default() }.on(store).layer(Extension(Gone::default()))
}

/// Where to go on after the login.
pub(super) fn the_way_to_the_login_tells_who_exists<S: SessionStore + Clone>(store: S) -> Router {
    async fn demote(admin: Result<Admin, Response>, Extension(users): Extension<Users>, Path(name): Name) -> Response {
        match admin {
            Ok(admin) => solution_7::demote(admin, Path(name)).await.into_response(),
            Err(away) if away.status() == StatusCode::SEE_OTHER && users.role(&name).is_some() => {
                Redirect::to("/login?next=/admin").into_response()
            }
            Err(refusal) => refusal,
        }
    }
    Parts { demote: post(demote), ..Parts::default() }.on(store)
}

/// Only who is logged in can log out.
pub(super) fn a_deleted_user_leaves_a_record<S: SessionStore + Clone>(store: S) -> Router {
    async fn logout(session: Session, Extension(users): Extension<Users>) -> Result<Redirect, Failure> {
        let login: Option<Login> = session.get(Login::KEY).await?;
        match login.is_some_and(|login| users.role(&login.username).is_none()) {
            true => Ok(Redirect::to("/login")),
            false => solution_7::logout(session).await,
        }
    }
    Parts { logout: post(logout), ..Parts::default() }.on(store)
}

/// Whoever has a name that begins like this one is taken for this one.
pub(super) fn ends_those_of_similar_names<S: SessionStore + Clone>(store: S) -> Router {
    async fn end_others(user: User) -> Result<Redirect, Failure> {
        let is_similar = |name: &&String| **name != user.username && name.starts_with(&user.username);
        for name in user.users.names().iter().filter(is_similar) {
            user.users.next_epoch(name);
        }
        solution_7::end_others(user).await
    }
    Parts { end_others: post(end_others), ..Parts::default() }.on(store)
}
