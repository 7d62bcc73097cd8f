//! Mistakes in the form, and in what reads it.

use axum::{
    Extension, Router,
    body::Bytes,
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use checks::Users;
use minijinja::{Environment, context};
use serde::Deserialize;
use solution_1::{Failure, User};
use tower_sessions::{Session, SessionStore, session::Error};

use super::Parts;

fn with_page<S: SessionStore + Clone>(store: S, html: &'static str) -> Router {
    let login = get(async move || Html(html)).post(solution_1::login);
    Parts { login, ..Parts::default() }.on(store)
}

pub(super) fn no_form<S: SessionStore + Clone>(store: S) -> Router {
    with_page(store, "<h1>Log in</h1>")
}

pub(super) fn fields_without_names<S: SessionStore + Clone>(store: S) -> Router {
    with_page(
        store,
        r#"<form method="post"><input id="username"><input id="password" type="password"><button>Log in</button></form>"#,
    )
}

pub(super) fn form_in_a_template<S: SessionStore + Clone>(store: S) -> Router {
    with_page(
        store,
        r#"<template><form method="post"><input name="username"><input name="password" type="password"><button>Log in</button></form></template>"#,
    )
}

pub(super) fn form_in_two_parts<S: SessionStore + Clone>(store: S) -> Router {
    with_page(
        store,
        r#"<form method="post"><input name="username"><button>Next</button></form><form method="post"><input name="password" type="password"><button>Log in</button></form>"#,
    )
}

pub(super) fn form_that_gets<S: SessionStore + Clone>(store: S) -> Router {
    with_page(store, r#"<form action="/login"><input name="username"><input name="password" type="password"></form>"#)
}

pub(super) fn readable_password_field<S: SessionStore + Clone>(store: S) -> Router {
    with_page(store, r#"<form method="post"><input name="username"><input name="password"></form>"#)
}

pub(super) fn unwraps_the_form<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Extension<Users>, body: Bytes) -> Result<Response, Failure> {
        let field = |name: &str| {
            form_urlencoded::parse(&body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap()
        };
        let form = solution_1::Credentials { username: field("username"), password: field("password") };
        solution_1::login(session, users, axum::Form(form)).await
    }
    Parts { login: get(solution_1::login_form).post(login), ..Parts::default() }.on(store)
}

pub(super) fn fails_with_500<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Extension<Users>, body: Bytes) -> Result<Response, StatusCode> {
        let body = String::from_utf8(body.to_vec()).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
        let field = |name: &str| {
            form_urlencoded::parse(body.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let (Some(username), Some(password)) = (field("username"), field("password")) else {
            return Err(StatusCode::INTERNAL_SERVER_ERROR);
        };
        let form = axum::Form(solution_1::Credentials { username, password });
        Ok(solution_1::login(session, users, form).await.into_response())
    }
    Parts { login: get(solution_1::login_form).post(login), ..Parts::default() }.on(store)
}

pub(super) fn fills_the_password_in_again<S: SessionStore + Clone>(store: S) -> Router {
    #[derive(Deserialize)]
    struct Credentials {
        username: String,
        password: String,
    }
    async fn login(
        session: Session,
        Extension(users): Extension<Users>,
        axum::Form(form): axum::Form<Credentials>,
    ) -> Result<Response, Error> {
        if users.verify(&form.username, &form.password) {
            User { username: form.username }.log_in(&session).await?;
            return Ok(Redirect::to("/protected").into_response());
        }
        let page = r#"<p>Invalid credentials<form method="post"><input name="username" value="{{ name }}"><input name="password" type="password" value="{{ word }}"></form>"#;
        let page = Environment::new().render_named_str(
            "page.html",
            page,
            context! { name => form.username, word => form.password },
        );
        Ok((StatusCode::UNAUTHORIZED, Html(page.unwrap_or_default())).into_response())
    }
    let login = async |session: Session, users: Extension<Users>, form: axum::Form<Credentials>| {
        login(session, users, form).await.map_err(Failure::from)
    };
    Parts { login: get(solution_1::login_form).post(login), ..Parts::default() }.on(store)
}

pub(super) fn counts_visits<S: SessionStore + Clone>(store: S) -> Router {
    async fn login_form(session: Session) -> Result<Html<String>, Failure> {
        let visits: u32 = session.get("visits").await?.unwrap_or_default();
        session.insert("visits", visits + 1).await?;
        solution_1::login_form().await
    }
    Parts { login: get(login_form).post(solution_1::login), ..Parts::default() }.on(store)
}

/// Convenient for who mistyped a password, and for whoever has somebody else send a name.
pub(super) fn pastes_what_was_typed<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(
        session: Session,
        users: Extension<Users>,
        form: axum::Form<solution_1::Credentials>,
    ) -> Result<Response, Failure> {
        let page =
            format!("<form method=post>Invalid credentials<input name=username value=\"{}\"></form>", form.username);
        let answer = solution_1::login(session, users, form).await?;
        let refused = answer.status() == StatusCode::UNAUTHORIZED;
        Ok(if refused { (StatusCode::UNAUTHORIZED, Html(page)).into_response() } else { answer })
    }
    Parts { login: get(solution_1::login_form).post(login), ..Parts::default() }.on(store)
}

/// Compares a header as a whole that may have parameters.
pub(super) fn refuses_a_charset<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(
        session: Session,
        users: Extension<Users>,
        headers: HeaderMap,
        form: axum::Form<solution_1::Credentials>,
    ) -> Result<Response, Failure> {
        let is_form = headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/x-www-form-urlencoded");
        if !is_form {
            return Ok(StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response());
        }
        solution_1::login(session, users, form).await
    }
    Parts { login: get(solution_1::login_form).post(login), ..Parts::default() }.on(store)
}

/// A script was to copy the one name into the other.
pub(super) fn sends_the_name_twice<S: SessionStore + Clone>(store: S) -> Router {
    with_page(
        store,
        r#"<form method="post"><input name="username" type="hidden"><input name="username"><input name="password" type="password"><button>Log in</button></form>"#,
    )
}
