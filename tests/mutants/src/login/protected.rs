//! Mistakes in the page for users only.

use axum::{
    Extension, Form, Router,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ETAG, IF_NONE_MATCH},
    },
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::Users;
use minijinja::HtmlEscape;
use solution_1::{Credentials, Failure, User};
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

/// The page has the same version for every user, so a browser keeps showing the first one.
pub(super) fn one_version_for_all<S: SessionStore + Clone>(store: S) -> Router {
    async fn protected(session: Session, headers: HeaderMap) -> Result<Response, Failure> {
        let version = HeaderValue::from_static("\"1\"");
        let page = solution_1::protected(session).await?;
        Ok(match headers.get(IF_NONE_MATCH) == Some(&version) {
            _ if page.status() != StatusCode::OK => page,
            true => (StatusCode::NOT_MODIFIED, [(ETAG, version)]).into_response(),
            false => ([(ETAG, version)], page).into_response(),
        })
    }
    Parts { protected: get(protected), ..Parts::default() }.on(store)
}

pub(super) fn keeps_the_name_escaped<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(
        session: Session,
        users: Extension<Users>,
        Form(form): Form<Credentials>,
    ) -> Result<Response, Failure> {
        if !users.verify(&form.username, &form.password) {
            return solution_1::login(session, users, Form(form)).await;
        }
        User { username: HtmlEscape(&form.username).to_string() }.log_in(&session).await?;
        Ok(Redirect::to("/protected").into_response())
    }
    async fn protected(session: Session) -> Result<Response, Failure> {
        Ok(match User::of(&session).await? {
            Some(User { username }) => Html(format!("<p>You are logged in as {username}.</p>")).into_response(),
            None => Redirect::to("/login").into_response(),
        })
    }
    Parts { login: post(login).get(solution_1::login_form), protected: get(protected), ..Parts::default() }.on(store)
}
