//! What a browser makes of a page, and what anyone may put into a request: only a browser sees most of it.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use axum::{
    Extension, Form, Router,
    extract::{Query, RawQuery},
    http::{
        HeaderMap, HeaderValue,
        header::{
            ACCEPT_LANGUAGE, CONTENT_DISPOSITION, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE,
        },
    },
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use checks::Users;
use serde_json::Value;
use solution_1::{Credentials, Failure, User};
use tower_sessions::{Session, SessionStore};

use super::Parts;

const FORM: &str = r#"<form method="post" action="/login"><input name="username"><input name="password" type="password"><button>Log in</button></form>"#;

fn with_page<S: SessionStore + Clone>(store: S, page: impl IntoResponse + Clone + Send + Sync + 'static) -> Router {
    let login = get(async move || page.clone()).post(solution_1::login);
    Parts { login, ..Parts::default() }.on(store)
}

pub(super) fn shows_its_source<S: SessionStore + Clone>(store: S) -> Router {
    with_page(store, FORM)
}

pub(super) fn forbids_its_own_form<S: SessionStore + Clone>(store: S) -> Router {
    with_page(store, ([(CONTENT_SECURITY_POLICY, "default-src 'self'; form-action 'none'")], Html(FORM)))
}

pub(super) fn takes_email_addresses_only<S: SessionStore + Clone>(store: S) -> Router {
    with_page(store, Html(FORM.replace("<input name=\"username\"", "<input type=\"email\" name=\"username\"")))
}

pub(super) fn takes_passwords_without_blanks_only<S: SessionStore + Clone>(store: S) -> Router {
    with_page(store, Html(FORM.replace("name=\"password\"", "name=\"password\" pattern=\"[!-~]+\"")))
}

pub(super) fn takes_64_characters<S: SessionStore + Clone>(store: S) -> Router {
    with_page(store, Html(FORM.replace("name=\"password\"", "name=\"password\" maxlength=\"64\"")))
}

pub(super) fn takes_letters_only<S: SessionStore + Clone>(store: S) -> Router {
    with_page(store, Html(FORM.replace("name=\"username\"", "name=\"username\" pattern=\"[^'%+ ]*\"")))
}

pub(super) fn a_script_stops_the_form<S: SessionStore + Clone>(store: S) -> Router {
    with_page(store, Html(FORM.replace("<form", "<form onsubmit=\"return false\"")))
}

pub(super) fn its_base_is_another_site<S: SessionStore + Clone>(store: S) -> Router {
    with_page(store, Html(format!("<base href=\"https://example.org/\">{FORM}")))
}

pub(super) fn leaves_at_once<S: SessionStore + Clone>(store: S) -> Router {
    with_page(store, Html(format!("<meta http-equiv=\"refresh\" content=\"0; url=/protected\">{FORM}")))
}

pub(super) fn saves_the_page_as_a_file<S: SessionStore + Clone>(store: S) -> Router {
    async fn protected(session: Session) -> Result<Response, Failure> {
        let page = solution_1::protected(session).await?;
        Ok(([(CONTENT_DISPOSITION, "attachment")], page).into_response())
    }
    Parts { protected: get(protected), ..Parts::default() }.on(store)
}

async fn greets(session: &Session, instead: Option<String>) -> Result<Response, Failure> {
    let Some(user) = User::of(session).await? else { return Ok(Redirect::to("/login").into_response()) };
    let name = instead.unwrap_or(user.username).replace('&', "&amp;").replace('<', "&lt;");
    Ok(Html(format!("<p>You are {name}</p>")).into_response())
}

pub(super) fn believes_the_address<S: SessionStore + Clone>(store: S) -> Router {
    async fn protected(
        session: Session,
        Query(mut fields): Query<HashMap<String, String>>,
    ) -> Result<Response, Failure> {
        greets(&session, fields.remove("name")).await
    }
    Parts { protected: get(protected), ..Parts::default() }.on(store)
}

pub(super) fn believes_a_header<S: SessionStore + Clone>(store: S) -> Router {
    async fn protected(session: Session, headers: HeaderMap) -> Result<Response, Failure> {
        let name = headers.get("x-forwarded-user").map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned());
        greets(&session, name).await
    }
    Parts { protected: get(protected), ..Parts::default() }.on(store)
}

pub(super) fn expects_a_list_of_languages<S: SessionStore + Clone>(store: S) -> Router {
    async fn protected(session: Session, headers: HeaderMap) -> Result<Response, Failure> {
        let languages = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or("en,de");
        let first = languages.split_once(',').expect("a list").0.to_owned();
        Ok(([(CONTENT_LANGUAGE, first)], solution_1::protected(session).await?).into_response())
    }
    Parts { protected: get(protected), ..Parts::default() }.on(store)
}

pub(super) fn expects_ascii_cookies<S: SessionStore + Clone>(store: S) -> Router {
    async fn form(headers: HeaderMap) -> Result<Response, Failure> {
        let is_dark =
            headers.get(COOKIE).is_some_and(|cookies| cookies.to_str().expect("ASCII").contains("theme=dark"));
        let theme = if is_dark { "dark" } else { "light" };
        Ok(([("x-theme", theme)], solution_1::login_form().await?).into_response())
    }
    Parts { login: get(form).post(solution_1::login), ..Parts::default() }.on(store)
}

/// Pages that were made once, by the cookie of the request.
static PAGES: LazyLock<Mutex<HashMap<HeaderValue, String>>> = LazyLock::new(Mutex::default);

pub(super) fn keeps_pages_by_cookie<S: SessionStore + Clone>(store: S) -> Router {
    async fn protected(session: Session, headers: HeaderMap, RawQuery(query): RawQuery) -> Result<Response, Failure> {
        let pages = || PAGES.lock().unwrap_or_else(PoisonError::into_inner);
        let cookie = headers.get(COOKIE).cloned();
        let made = cookie.as_ref().filter(|_| query.is_some()).and_then(|cookie| pages().get(cookie).cloned());
        if let Some(made) = made {
            return Ok(([(CONTENT_TYPE, "text/html")], made).into_response());
        }
        if let (Some(cookie), Some(user)) = (cookie, User::of(&session).await?) {
            let name = user.username.replace('&', "&amp;").replace('<', "&lt;");
            pages().insert(cookie, format!("<p>You are {name}</p>"));
        }
        greets(&session, None).await
    }
    Parts { protected: get(protected), ..Parts::default() }.on(store)
}

fn keeps_what_was_typed<S: SessionStore + Clone>(store: S, how: fn(&str) -> Value) -> Router {
    let login = async move |session: Session, users: Extension<Users>, Form(form): Form<Credentials>| {
        let typed = how(&form.password);
        let answer = solution_1::login(session.clone(), users, Form(form)).await?;
        if User::of(&session).await?.is_some() {
            session.insert("typed", typed).await?;
        }
        Ok::<_, Failure>(answer)
    };
    Parts { login: get(solution_1::login_form).post(login), ..Parts::default() }.on(store)
}

pub(super) fn keeps_its_letters<S: SessionStore + Clone>(store: S) -> Router {
    keeps_what_was_typed(store, |password| password.chars().map(String::from).collect())
}

pub(super) fn keeps_its_bytes_with_colons<S: SessionStore + Clone>(store: S) -> Router {
    keeps_what_was_typed(store, |password| {
        password.bytes().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":").into()
    })
}

/// As a page can contain it.
pub(super) fn keeps_its_references<S: SessionStore + Clone>(store: S) -> Router {
    keeps_what_was_typed(store, |password| {
        password.chars().map(|letter| format!("&#{};", u32::from(letter))).collect::<String>().into()
    })
}

/// Right: the name is in a string of a script as well, escaped for both.
pub(super) fn names_the_user_to_a_script<S: SessionStore + Clone>(store: S) -> Router {
    async fn protected(session: Session) -> Result<Response, Failure> {
        let Some(user) = User::of(&session).await? else { return Ok(Redirect::to("/login").into_response()) };
        let name = user.username.replace('&', "&amp;").replace('<', "&lt;");
        let string = Value::from(user.username).to_string().replace('<', "\\u003c");
        let script = format!("<script>// it's a name\nconst user = {string};</script>");
        Ok(Html(format!("<p>You are {name}</p>{script}")).into_response())
    }
    Parts { protected: get(protected), ..Parts::default() }.on(store)
}
