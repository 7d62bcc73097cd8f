//! Mistakes that show when several things come together: only random stories meet them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Extension, Form, Router,
    extract::Request,
    http::{HeaderMap, StatusCode, header::COOKIE},
    middleware::{Next, from_fn},
    response::{IntoResponse, Redirect, Response},
    routing::{MethodRouter, get, post},
};
use checks::Users;
use solution_1::{Credentials, Failure, User};
use tower_sessions::{Session, SessionManagerLayer, SessionStore, session::Id};

use super::Parts;

type Answer = Result<Response, Failure>;

fn with<S: SessionStore + Clone>(store: S, login: MethodRouter) -> Router {
    Parts { login: login.get(solution_1::login_form), ..Parts::default() }.on(store)
}

/// Means well to those who paste a password.
pub(super) fn trims_the_password<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Extension<Users>, Form(form): Form<Credentials>) -> Answer {
        let password = form.password.trim().to_owned();
        solution_1::login(session, users, Form(Credentials { password, ..form })).await
    }
    with(store, post(login))
}

/// Takes a name in capitals for the same name.
pub(super) fn takes_any_case<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Extension<Users>, Form(form): Form<Credentials>) -> Answer {
        let names = users.names();
        let similar = || names.iter().find(|name| name.eq_ignore_ascii_case(&form.username)).cloned();
        let known = names.iter().find(|name| **name == form.username).cloned().or_else(similar);
        let username = known.unwrap_or_else(|| form.username.clone());
        solution_1::login(session, users, Form(Credentials { username, ..form })).await
    }
    with(store, post(login))
}

/// Has nothing to do for somebody who is logged in as the same user already.
pub(super) fn renews_for_another_user_only<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Extension<Users>, Form(form): Form<Credentials>) -> Answer {
        let is_in = User::of(&session).await?.is_some_and(|user| user.username == form.username);
        if is_in && users.verify(&form.username, &form.password) {
            return Ok(Redirect::to("/protected").into_response());
        }
        solution_1::login(session, users, Form(form)).await
    }
    with(store, post(login))
}

/// Each user has one session, the last.
pub(super) fn ends_the_session_in_another_browser<S: SessionStore + Clone>(store: S) -> Router {
    let last = Arc::<Mutex<HashMap<String, Id>>>::default();
    let sessions = store.clone();
    let login = move |session: Session, users: Extension<Users>, Form(form): Form<Credentials>| async move {
        let username = form.username.clone();
        let answer = solution_1::login(session.clone(), users, Form(form)).await?;
        if answer.status() == StatusCode::SEE_OTHER {
            session.save().await?;
            let before = session.id().and_then(|id| last.lock().unwrap().insert(username, id));
            if let Some(before) = before {
                sessions.delete(&before).await.map_err(tower_sessions::session::Error::Store)?;
            }
        }
        Ok::<_, Failure>(answer)
    };
    with(store, post(login))
}

/// Puts away what there was before it looks at the form.
pub(super) fn logs_out_for_an_improper_form<S: SessionStore + Clone>(store: S) -> Router {
    async fn flush(session: Session, request: Request, next: Next) -> Answer {
        let is_login = request.method() == "POST" && request.uri().path() == "/login";
        let answer = next.run(request).await;
        if is_login && answer.status() == StatusCode::UNPROCESSABLE_ENTITY {
            session.flush().await?;
        }
        Ok(answer)
    }
    Parts::default().routes().layer(from_fn(flush)).layer(SessionManagerLayer::new(store))
}

/// Whoever has a cookie is logged in, it thinks, and sends them round in circles.
pub(super) fn no_form_for_a_stale_cookie<S: SessionStore + Clone>(store: S) -> Router {
    async fn form(headers: HeaderMap) -> Answer {
        match headers.contains_key(COOKIE) {
            true => Ok(Redirect::to("/protected").into_response()),
            false => Ok(solution_1::login_form().await?.into_response()),
        }
    }
    Parts { login: get(form).post(solution_1::login), ..Parts::default() }.on(store)
}
