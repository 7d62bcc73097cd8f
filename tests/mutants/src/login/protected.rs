//! Mistakes in the page for users only.

use axum::{
    Router,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use minijinja::HtmlEscape;
use solution_1::{Failure, User};
use tower_sessions::{Session, SessionManagerLayer, SessionStore};

use super::Parts;

pub(super) fn page_for_everyone<S: SessionStore + Clone>(store: S) -> Router {
    async fn protected(session: Session) -> Result<Response, Failure> {
        match User::of(&session).await? {
            Some(_) => solution_1::protected(session).await,
            None => Ok(Html("You are not logged in").into_response()),
        }
    }
    Parts { protected: get(protected), ..Parts::default() }.on(store)
}

pub(super) fn not_routed<S: SessionStore + Clone>(store: S) -> Router {
    let routes = Router::new().route("/login", Parts::default().login).route("/logout", post(solution_1::logout));
    routes.layer(SessionManagerLayer::new(store))
}

pub(super) fn reads_another_key<S: SessionStore + Clone>(store: S) -> Router {
    async fn protected(session: Session) -> Result<Response, Failure> {
        Ok(match session.get::<String>("user").await? {
            Some(name) => shown(&HtmlEscape(&name).to_string()),
            None => Redirect::to("/login").into_response(),
        })
    }
    Parts { protected: get(protected), ..Parts::default() }.on(store)
}

pub(super) fn constant_name<S: SessionStore + Clone>(store: S) -> Router {
    named(store, |_| "alice".to_owned())
}

pub(super) fn pastes_the_name<S: SessionStore + Clone>(store: S) -> Router {
    named(store, str::to_owned)
}

pub(super) fn escapes_twice<S: SessionStore + Clone>(store: S) -> Router {
    named(store, |name| HtmlEscape(&HtmlEscape(name).to_string()).to_string())
}

fn named<S: SessionStore + Clone>(store: S, html: fn(&str) -> String) -> Router {
    let protected = async move |session: Session| -> Result<Response, Failure> {
        Ok(match User::of(&session).await? {
            Some(user) => shown(&html(&user.username)),
            None => Redirect::to("/login").into_response(),
        })
    };
    Parts { protected: get(protected), ..Parts::default() }.on(store)
}

fn shown(name: &str) -> Response {
    Html(format!("<p>Logged in as {name}</p>")).into_response()
}
