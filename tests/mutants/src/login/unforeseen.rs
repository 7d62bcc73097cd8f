//! Mistakes that no scene of the exercise asks about: a monitor sees them in passing.

use axum::{
    Extension, Form, Router,
    extract::{RawQuery, Request},
    http::{
        HeaderMap, Method, StatusCode,
        header::{ACCEPT_LANGUAGE, CONTENT_TYPE, COOKIE, SET_COOKIE},
    },
    middleware::{Next, from_fn},
    response::{AppendHeaders, Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::Users;
use solution_1::{Credentials, Failure, User};
use tower_sessions::{Session, SessionStore};

use super::Parts;

pub(super) fn keeps_the_password_as_a_key<S: SessionStore + Clone>(store: S) -> Router {
    keeps(store, |password| vec![(password.to_owned(), String::new())])
}

pub(super) fn keeps_it_in_two_parts<S: SessionStore + Clone>(store: S) -> Router {
    keeps(store, |password| {
        let (first, second) = password.split_at(password.floor_char_boundary(password.len() / 2));
        vec![("first".to_owned(), first.to_owned()), ("second".to_owned(), second.to_owned())]
    })
}

pub(super) fn keeps_it_in_capitals<S: SessionStore + Clone>(store: S) -> Router {
    keeps(store, |password| vec![("again".to_owned(), password.to_uppercase())])
}

pub(super) fn keeps_a_key_for_each_letter<S: SessionStore + Clone>(store: S) -> Router {
    keeps(store, |password| {
        let letters = password.chars().enumerate();
        letters.map(|(place, letter)| (format!("letter {place}"), letter.to_string())).collect()
    })
}

/// Inserts what a right password is made into.
fn keeps<S: SessionStore + Clone>(store: S, made: fn(&str) -> Vec<(String, String)>) -> Router {
    let login = move |session: Session, users: Extension<Users>, Form(form): Form<Credentials>| async move {
        if users.verify(&form.username, &form.password) {
            for (key, value) in made(&form.password) {
                session.insert(&key, value).await?;
            }
        }
        solution_1::login(session, users, Form(form)).await
    };
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

/// As some frameworks offer it to those who can send no other method.
pub(super) fn takes_the_method_from_the_address<S: SessionStore + Clone>(store: S) -> Router {
    async fn named(mut request: Request, next: Next) -> Response {
        if request.uri().query().is_some_and(|query| query.contains("_method=POST")) {
            *request.method_mut() = Method::POST;
        }
        next.run(request).await
    }
    // Around the router: a middleware within comes too late to change a route.
    Router::new().fallback_service(Parts::default().on(store)).layer(from_fn(named))
}

/// A token that every script of the page can read.
pub(super) fn hands_the_id_to_its_form<S: SessionStore + Clone>(store: S) -> Router {
    async fn protected(session: Session) -> Result<Response, Failure> {
        let id = session.id().map(|id| id.to_string()).unwrap_or_default();
        Ok(match User::of(&session).await? {
            Some(User { username }) => {
                let name = minijinja::HtmlEscape(&username);
                Html(format!("{name}<form method=post action=/logout><input type=hidden name=token value={id}></form>"))
                    .into_response()
            }
            None => Redirect::to("/login").into_response(),
        })
    }
    Parts { protected: get(protected), ..Parts::default() }.on(store)
}

/// Browsers always say the type of a form.
pub(super) fn expects_a_type<S: SessionStore + Clone>(store: S) -> Router {
    async fn typed(request: Request, next: Next) -> Response {
        let is_form = request.method() != Method::POST || request.headers()[CONTENT_TYPE] != "application/json";
        if is_form { next.run(request).await } else { StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response() }
    }
    let login = post(solution_1::login).layer(from_fn(typed)).get(solution_1::login_form);
    Parts { login, ..Parts::default() }.on(store)
}

/// Whoever types no name is nobody from then on.
pub(super) fn an_empty_name_logs_out<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(
        session: Session,
        users: Extension<Users>,
        Form(form): Form<Credentials>,
    ) -> Result<Response, Failure> {
        if form.username.is_empty() {
            session.flush().await?;
        }
        solution_1::login(session, users, Form(form)).await
    }
    Parts { login: post(login).get(solution_1::login_form), ..Parts::default() }.on(store)
}

/// Phones begin with a capital.
pub(super) fn takes_a_capital<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(
        session: Session,
        users: Extension<Users>,
        Form(form): Form<Credentials>,
    ) -> Result<Response, Failure> {
        let mut letters = form.password.chars();
        let small = letters.next().map(|first| first.to_lowercase().chain(letters).collect::<String>());
        let password = small.filter(|small| users.verify(&form.username, small)).unwrap_or(form.password);
        solution_1::login(session, users, Form(Credentials { password, ..form })).await
    }
    Parts { login: post(login).get(solution_1::login_form), ..Parts::default() }.on(store)
}

/// Where to go on after the login is kept before there is one.
pub(super) fn keeps_where_to_go_on<S: SessionStore + Clone>(store: S) -> Router {
    async fn login_form(session: Session, RawQuery(query): RawQuery) -> Result<Html<String>, Failure> {
        if let Some(next) = query.as_deref().and_then(|query| query.strip_prefix("next=")) {
            session.insert("next", next).await?;
        }
        solution_1::login_form().await
    }
    Parts { login: get(login_form).post(solution_1::login), ..Parts::default() }.on(store)
}

pub(super) fn keeps_the_language<S: SessionStore + Clone>(store: S) -> Router {
    async fn login_form(session: Session, headers: HeaderMap) -> Result<Html<String>, Failure> {
        if let Some(language) = headers.get(ACCEPT_LANGUAGE).and_then(|language| language.to_str().ok()) {
            session.insert("language", language).await?;
        }
        solution_1::login_form().await
    }
    Parts { login: get(login_form).post(solution_1::login), ..Parts::default() }.on(store)
}

/// A script is told in another way, and here not at all.
pub(super) fn a_script_gets_an_empty_page<S: SessionStore + Clone>(store: S) -> Router {
    async fn protected(session: Session, headers: HeaderMap) -> Result<Response, Failure> {
        let is_script = headers.contains_key("x-requested-with");
        match User::of(&session).await? {
            None if is_script => Ok(StatusCode::OK.into_response()),
            _ => solution_1::protected(session).await,
        }
    }
    Parts { protected: get(protected), ..Parts::default() }.on(store)
}

/// As a function that hashes passwords may do.
pub(super) fn a_long_password_fails<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Extension<Users>, form: Form<Credentials>) -> Result<Response, Failure> {
        if form.password.len() > 1_000 { Err(Failure) } else { solution_1::login(session, users, form).await }
    }
    Parts { login: post(login).get(solution_1::login_form), ..Parts::default() }.on(store)
}

pub(super) fn a_long_logout_fails<S: SessionStore + Clone>(store: S) -> Router {
    async fn logout(session: Session, request: Request) -> Result<Redirect, Failure> {
        match axum::body::to_bytes(request.into_body(), 1_000).await {
            Ok(_) => solution_1::logout(session).await,
            Err(_) => Err(Failure),
        }
    }
    Parts { logout: post(logout), ..Parts::default() }.on(store)
}

/// As a library in C reads texts.
pub(super) fn a_nul_ends_the_name<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(
        session: Session,
        users: Extension<Users>,
        Form(mut form): Form<Credentials>,
    ) -> Result<Response, Failure> {
        form.username.truncate(form.username.find('\0').unwrap_or(form.username.len()));
        solution_1::login(session, users, Form(form)).await
    }
    Parts { login: post(login).get(solution_1::login_form), ..Parts::default() }.on(store)
}
