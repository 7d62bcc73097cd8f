//! Mistakes in the login itself.

use axum::{
    Extension, Form, Router,
    extract::Query,
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{MethodRouter, get},
};
use checks::Users;
use serde::{Deserialize, Serialize};
use solution_1::{Failure, User};
use tower_sessions::{Session, SessionStore};

use super::Parts;

#[derive(Deserialize, Serialize)]
struct Credentials {
    username: String,
    password: String,
}

type Answer = Result<Response, Failure>;

fn with<S: SessionStore + Clone>(store: S, login: MethodRouter) -> Router {
    Parts { login: login.get(solution_1::login_form), ..Parts::default() }.on(store)
}

fn inside() -> Response {
    Redirect::to("/protected").into_response()
}

fn refused() -> Response {
    (StatusCode::UNAUTHORIZED, Html("Invalid credentials")).into_response()
}

pub(super) fn forgets_to_insert<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(Extension(users): Extension<Users>, Form(form): Form<Credentials>) -> Response {
        if users.verify(&form.username, &form.password) { inside() } else { refused() }
    }
    with(store, axum::routing::post(login))
}

pub(super) fn refuses_with_a_redirect<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Extension<Users>, form: Form<solution_1::Credentials>) -> Answer {
        let answer = solution_1::login(session, users, form).await?;
        let is_refused = answer.status() == StatusCode::UNAUTHORIZED;
        Ok(if is_refused { Redirect::to("/login").into_response() } else { answer })
    }
    with(store, axum::routing::post(login))
}

pub(super) fn remembers_only_that<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, Extension(users): Extension<Users>, Form(form): Form<Credentials>) -> Answer {
        if !users.verify(&form.username, &form.password) {
            return Ok(refused());
        }
        session.insert("logged_in", true).await?;
        Ok(inside())
    }
    with(store, axum::routing::post(login))
}

pub(super) fn answers_with_a_page<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Extension<Users>, form: Form<solution_1::Credentials>) -> Answer {
        let answer = solution_1::login(session, users, form).await?;
        Ok(if answer.status().is_redirection() { Html("Welcome").into_response() } else { answer })
    }
    with(store, axum::routing::post(login))
}

pub(super) fn refuses_with_200<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Extension<Users>, form: Form<solution_1::Credentials>) -> Answer {
        let mut answer = solution_1::login(session, users, form).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            *answer.status_mut() = StatusCode::OK;
        }
        Ok(answer)
    }
    with(store, axum::routing::post(login))
}

pub(super) fn tells_who_exists<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, Extension(users): Extension<Users>, Form(form): Form<Credentials>) -> Answer {
        if users.verify(&form.username, &form.password) {
            User { username: form.username }.log_in(&session).await?;
            return Ok(inside());
        }
        // Stands in for a look-up by name, which `Users` does not offer.
        let words = if form.username.starts_with("no-") { "Unknown user" } else { "Wrong password" };
        Ok((StatusCode::UNAUTHORIZED, Html(words)).into_response())
    }
    with(store, axum::routing::post(login))
}

pub(super) fn any_password<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, Form(form): Form<Credentials>) -> Answer {
        User { username: form.username }.log_in(&session).await?;
        Ok(inside())
    }
    with(store, axum::routing::post(login))
}

pub(super) fn inserts_before_it_asks<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, Extension(users): Extension<Users>, Form(form): Form<Credentials>) -> Answer {
        User { username: form.username.clone() }.log_in(&session).await?;
        Ok(if users.verify(&form.username, &form.password) { inside() } else { refused() })
    }
    with(store, axum::routing::post(login))
}

pub(super) fn keeps_the_credentials<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, Extension(users): Extension<Users>, Form(form): Form<Credentials>) -> Answer {
        if !users.verify(&form.username, &form.password) {
            return Ok(refused());
        }
        User { username: form.username.clone() }.log_in(&session).await?;
        session.insert("credentials", form).await?;
        Ok(inside())
    }
    with(store, axum::routing::post(login))
}

pub(super) fn by_get<S: SessionStore + Clone>(store: S) -> Router {
    async fn form(session: Session, users: Extension<Users>, query: Option<Query<solution_1::Credentials>>) -> Answer {
        match query {
            Some(Query(form)) => solution_1::login(session, users, Form(form)).await,
            None => Ok(solution_1::login_form().await?.into_response()),
        }
    }
    let login = get(async |session: Session, users: Extension<Users>, request: axum::extract::Request| {
        form(session, users, Query::try_from_uri(request.uri()).ok()).await
    });
    Parts { login: login.post(solution_1::login), ..Parts::default() }.on(store)
}

pub(super) fn tells_it_in_the_title<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Extension<Users>, form: Form<solution_1::Credentials>) -> Answer {
        let title = if users.names().contains(&form.username) { "Wrong password" } else { "Unknown user" };
        let answer = solution_1::login(session, users, form).await?;
        let page = Html(format!("<title>{title}</title>Invalid credentials"));
        let is_refused = answer.status() == StatusCode::UNAUTHORIZED;
        Ok(if is_refused { (StatusCode::UNAUTHORIZED, page).into_response() } else { answer })
    }
    with(store, axum::routing::post(login))
}

pub(super) fn tells_it_in_a_header<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Extension<Users>, form: Form<solution_1::Credentials>) -> Answer {
        let reason = if users.names().contains(&form.username) { "password" } else { "user" };
        Ok(([("x-reason", reason)], solution_1::login(session, users, form).await?).into_response())
    }
    with(store, axum::routing::post(login))
}

pub(super) fn asks_nothing_of_who_is_in<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Extension<Users>, form: Form<solution_1::Credentials>) -> Answer {
        if User::of(&session).await?.is_none() {
            return solution_1::login(session, users, form).await;
        }
        User { username: form.0.username }.log_in(&session).await?;
        Ok(inside())
    }
    with(store, axum::routing::post(login))
}

/// In other letters it is still the password.
pub(super) fn keeps_it_in_hexadecimal<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Extension<Users>, form: Form<solution_1::Credentials>) -> Answer {
        let hexadecimal: String = form.password.bytes().map(|byte| format!("{byte:02x}")).collect();
        let answer = solution_1::login(session.clone(), users, form).await?;
        if answer.status().is_redirection() {
            session.insert("proof", hexadecimal).await?;
        }
        Ok(answer)
    }
    with(store, axum::routing::post(login))
}

pub(super) fn sends_it_on_in_the_address<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Extension<Users>, form: Form<solution_1::Credentials>) -> Answer {
        let address = format!("/protected?password={}", form.password);
        let answer = solution_1::login(session, users, form).await?;
        Ok(if answer.status().is_redirection() { Redirect::to(&address).into_response() } else { answer })
    }
    with(store, axum::routing::post(login))
}
