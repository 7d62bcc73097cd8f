//! Mistakes in whose session it is.

use std::sync::{Arc, Mutex};

use axum::{
    Extension, Form, Router,
    http::{
        HeaderMap, StatusCode,
        header::{COOKIE, SET_COOKIE},
    },
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use checks::Users;
use solution_1::{Credentials, Failure, User};
use tower_sessions::{Session, SessionStore};

use super::Parts;

fn refused() -> Response {
    (StatusCode::UNAUTHORIZED, Html("Invalid credentials")).into_response()
}

/// Who logged in last, for all visitors: a static would be shared by all checks as well.
type LastUser = Arc<Mutex<Option<String>>>;

pub(super) fn one_user_for_all<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(
        session: Session,
        Extension(last): Extension<LastUser>,
        users: Extension<Users>,
        Form(form): Form<Credentials>,
    ) -> Result<Response, Failure> {
        if users.verify(&form.username, &form.password) {
            *last.lock().unwrap() = Some(form.username.clone());
        }
        solution_1::login(session, users, Form(form)).await
    }
    async fn protected(session: Session, Extension(last): Extension<LastUser>) -> Result<Response, Failure> {
        let name = last.lock().unwrap().clone();
        Ok(match (User::of(&session).await?, name) {
            (Some(_), Some(name)) => Html(minijinja::HtmlEscape(&name).to_string()).into_response(),
            _ => Redirect::to("/login").into_response(),
        })
    }
    let login = get(solution_1::login_form).post(login);
    Parts { login, protected: get(protected), ..Parts::default() }.on(store).layer(Extension(LastUser::default()))
}

pub(super) fn keeps_the_id<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(
        session: Session,
        Extension(users): Extension<Users>,
        Form(form): Form<Credentials>,
    ) -> Result<Response, Failure> {
        if !users.verify(&form.username, &form.password) {
            return Ok(refused());
        }
        session.insert("username", form.username).await?;
        Ok(Redirect::to("/protected").into_response())
    }
    Parts { login: get(solution_1::login_form).post(login), ..Parts::default() }.on(store)
}

pub(super) fn renews_only_between_users<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(
        session: Session,
        Extension(users): Extension<Users>,
        Form(form): Form<Credentials>,
    ) -> Result<Response, Failure> {
        if !users.verify(&form.username, &form.password) {
            return Ok(refused());
        }
        if User::of(&session).await?.is_some() {
            session.cycle_id().await?;
        }
        session.insert("username", form.username).await?;
        Ok(Redirect::to("/protected").into_response())
    }
    Parts { login: get(solution_1::login_form).post(login), ..Parts::default() }.on(store)
}

/// Looks right, and is not: tower-sessions 0.15 keeps the ID of the flushed record for the next insert.
pub(super) fn flushes_and_inserts<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(
        session: Session,
        Extension(users): Extension<Users>,
        Form(form): Form<Credentials>,
    ) -> Result<Response, Failure> {
        if !users.verify(&form.username, &form.password) {
            return Ok(refused());
        }
        session.flush().await?;
        session.insert("username", form.username).await?;
        Ok(Redirect::to("/protected").into_response())
    }
    Parts { login: get(solution_1::login_form).post(login), ..Parts::default() }.on(store)
}

pub(super) fn leaves_the_old_one<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(
        session: Session,
        Extension(store): Extension<Arc<dyn SessionStore>>,
        users: Extension<Users>,
        form: Form<Credentials>,
    ) -> Result<Response, Failure> {
        let old = match session.id() {
            Some(id) => store.load(&id).await.map_err(tower_sessions::session::Error::Store)?,
            None => None,
        };
        let answer = solution_1::login(session, users, form).await?;
        if let Some(old) = old {
            store.save(&old).await.map_err(tower_sessions::session::Error::Store)?;
        }
        Ok(answer)
    }
    let kept: Arc<dyn SessionStore> = Arc::new(store.clone());
    Parts { login: get(solution_1::login_form).post(login), ..Parts::default() }.on(store).layer(Extension(kept))
}

/// A cookie beside the session says who it is, and everybody can write it.
pub(super) fn believes_a_cookie<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Extension<Users>, form: Form<Credentials>) -> Result<Response, Failure> {
        let cookie = format!("user={}; Path=/; HttpOnly; SameSite=Strict", form.username);
        let answer = solution_1::login(session, users, form).await?;
        Ok(if answer.status().is_redirection() { ([(SET_COOKIE, cookie)], answer).into_response() } else { answer })
    }
    async fn protected(session: Session, headers: HeaderMap) -> Result<Response, Failure> {
        let cookies = headers.get(COOKIE).and_then(|cookies| cookies.to_str().ok()).unwrap_or_default();
        let name = cookies.split("; ").find_map(|cookie| cookie.strip_prefix("user="));
        Ok(match (User::of(&session).await?, name) {
            (Some(_), Some(name)) => Html(minijinja::HtmlEscape(name).to_string()).into_response(),
            _ => Redirect::to("/login").into_response(),
        })
    }
    let login = get(solution_1::login_form).post(login);
    Parts { login, protected: get(protected), ..Parts::default() }.on(store)
}

/// It sets none, so that no browser has it by itself.
pub(super) fn believes_a_cookie_that_nobody_set<S: SessionStore + Clone>(store: S) -> Router {
    async fn protected(session: Session, headers: HeaderMap) -> Result<Response, Failure> {
        let cookies = headers.get(COOKIE).and_then(|cookies| cookies.to_str().ok()).unwrap_or_default();
        let shown = cookies.split("; ").find_map(|cookie| cookie.strip_prefix("display_name="));
        Ok(match User::of(&session).await? {
            Some(user) => Html(minijinja::HtmlEscape(shown.unwrap_or(&user.username)).to_string()).into_response(),
            None => Redirect::to("/login").into_response(),
        })
    }
    Parts { protected: get(protected), ..Parts::default() }.on(store)
}
