//! Mistakes that no scene of the exercise asks about: a monitor sees them in passing.

use axum::{
    Extension, Form, Router,
    http::{
        HeaderMap, StatusCode,
        header::{COOKIE, SET_COOKIE},
    },
    response::{AppendHeaders, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::Users;
use solution_1::{Credentials, Failure, User};
use tower_sessions::{Session, SessionStore};

use super::Parts;

pub(super) fn keeps_the_password_as_a_key<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(
        session: Session,
        users: Extension<Users>,
        Form(form): Form<Credentials>,
    ) -> Result<Response, Failure> {
        if users.verify(&form.username, &form.password) {
            session.insert(&form.password, true).await?;
        }
        solution_1::login(session, users, Form(form)).await
    }
    Parts { login: post(login).get(solution_1::login_form), ..Parts::default() }.on(store)
}

pub(super) fn opens_a_session_for_a_stale_cookie<S: SessionStore + Clone>(store: S) -> Router {
    async fn protected(session: Session, headers: HeaderMap) -> Result<Response, Failure> {
        if headers.contains_key(COOKIE) && User::of(&session).await?.is_none() {
            session.insert("seen", true).await?;
            return Ok(Redirect::to("/login").into_response());
        }
        solution_1::protected(session).await
    }
    Parts { protected: get(protected), ..Parts::default() }.on(store)
}

pub(super) fn tells_scripts_the_id_later<S: SessionStore + Clone>(store: S) -> Router {
    async fn protected(session: Session) -> Result<Response, Failure> {
        let id = session.id().map(|id| format!("id={id}; Path=/; SameSite=Lax"));
        let page = solution_1::protected(session).await?;
        Ok((AppendHeaders(id.map(|cookie| (SET_COOKIE, cookie))), page).into_response())
    }
    Parts { protected: get(protected), ..Parts::default() }.on(store)
}

pub(super) fn fails_for_who_is_logged_in_already<S: SessionStore + Clone>(store: S) -> Router {
    async fn form(session: Session) -> Result<Response, Failure> {
        if User::of(&session).await?.is_some() {
            return Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response());
        }
        Ok(solution_1::login_form().await?.into_response())
    }
    Parts { login: get(form).post(solution_1::login), ..Parts::default() }.on(store)
}
