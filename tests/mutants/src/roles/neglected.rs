//! Mistakes in what a refusal says, and in whatever comes beside the session: a link, a cookie, another request.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Extension, Form, Router,
    extract::{Path, Query},
    http::{
        HeaderMap, StatusCode,
        header::{COOKIE, SET_COOKIE},
    },
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::{Role, Users};
use minijinja::HtmlEscape;
use solution_7::{Admin, Credentials, Failure, User};
use tokio::task::yield_now;
use tower_sessions::{Session, SessionStore};

use super::Parts;

type Name = Path<String>;

/// Against guessing: after five wrong passwords nobody gets in with this name.
pub(super) fn locks_the_account<S: SessionStore + Clone>(store: S) -> Router {
    type Wrong = Arc<Mutex<HashMap<String, u32>>>;
    async fn login(
        session: Session,
        users: Extension<Users>,
        Extension(wrong): Extension<Wrong>,
        mut sent: Form<Credentials>,
    ) -> Result<Response, Failure> {
        let name = sent.0.username.clone();
        if wrong.lock().unwrap_or_else(PoisonError::into_inner).get(&name).is_some_and(|times| *times >= 5) {
            sent.0.password.clear();
        }
        let answer = solution_7::login(session, users, sent).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            *wrong.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default() += 1;
        }
        Ok(answer)
    }
    Parts { login: post(login), ..Parts::default() }.on(store).layer(Extension(Wrong::default()))
}

/// The page that it refuses is below the status.
pub(super) fn refuses_with_the_page<S: SessionStore + Clone>(store: S) -> Router {
    async fn admin(user: User) -> Result<Response, Failure> {
        let status = if user.role == Role::Admin { StatusCode::OK } else { StatusCode::FORBIDDEN };
        Ok((status, solution_7::admin(Admin(user)).await?).into_response())
    }
    Parts { admin: get(admin), ..Parts::default() }.on(store)
}

pub(super) fn trims_the_name<S: SessionStore + Clone>(store: S) -> Router {
    let demote = |admin: Admin, Path(name): Name| solution_7::demote(admin, Path(name.trim().to_owned()));
    Parts { demote: post(demote), ..Parts::default() }.on(store)
}

pub(super) fn a_refusal_escapes_twice<S: SessionStore + Clone>(store: S) -> Router {
    async fn demote(admin: Admin, Path(name): Name) -> Result<Redirect, (StatusCode, Html<String>)> {
        let once = HtmlEscape(&name).to_string();
        let said = Html(format!("<p>{} cannot be demoted", HtmlEscape(&once)));
        solution_7::demote(admin, Path(name)).await.map_err(|(status, _)| (status, said))
    }
    Parts { demote: post(demote), ..Parts::default() }.on(store)
}

pub(super) fn a_link_deletes<S: SessionStore + Clone>(store: S) -> Router {
    async fn admin(admin: Admin, Query(sent): Query<BTreeMap<String, String>>) -> Result<Response, Failure> {
        let Admin(User { users, .. }) = &admin;
        if let Some(name) = sent.get("delete") {
            users.delete(name);
        }
        let link = |name: String| format!("<a href='?{}'>Delete</a>", encoded("delete", &name));
        let links: String = users.names().into_iter().map(link).collect();
        let Html(page) = solution_7::admin(admin).await?;
        Ok(Html(page + &links).into_response())
    }
    Parts { admin: get(admin), ..Parts::default() }.on(store)
}

fn encoded(name: &str, value: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish()
}

/// Which a browser keeps from the login until it is closed.
pub(super) fn the_name_is_in_a_cookie<S: SessionStore + Clone>(store: S) -> Router {
    const NAME: &str = "shown";
    async fn login(session: Session, users: Extension<Users>, sent: Form<Credentials>) -> Result<Response, Failure> {
        let cookie = encoded(NAME, &sent.0.username);
        let answer = solution_7::login(session, users, sent).await?;
        Ok(([(SET_COOKIE, cookie)], answer).into_response())
    }
    async fn dashboard(headers: HeaderMap, user: User) -> Result<Html<String>, Failure> {
        let cookies = headers.get_all(COOKIE).into_iter().filter_map(|cookie| cookie.to_str().ok());
        let mut pairs = cookies.flat_map(|cookies| cookies.split("; ").map(str::as_bytes));
        let named = pairs.find_map(|pair| form_urlencoded::parse(pair).find(|(name, _)| name == NAME));
        let username = named.map(|(_, name)| name.into_owned()).unwrap_or_else(|| user.username.clone());
        solution_7::dashboard(User { username, ..user }).await
    }
    Parts { login: post(login), dashboard: get(dashboard), ..Parts::default() }.on(store)
}

/// The program knows one current user.
pub(super) fn the_current_user_is_shared<S: SessionStore + Clone>(store: S) -> Router {
    type Current = Arc<Mutex<String>>;
    async fn dashboard(Extension(current): Extension<Current>, user: User) -> Result<Html<String>, Failure> {
        current.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&user.username);
        yield_now().await;
        let username = current.lock().unwrap_or_else(PoisonError::into_inner).clone();
        solution_7::dashboard(User { username, ..user }).await
    }
    Parts { dashboard: get(dashboard), ..Parts::default() }.on(store).layer(Extension(Current::default()))
}
