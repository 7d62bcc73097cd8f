//! Mistakes that most clients never meet: they show only for a certain browser, script or address.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    Extension, Form, Router,
    extract::{RawQuery, Request},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{ACCEPT, CACHE_CONTROL, RANGE, SET_COOKIE, USER_AGENT},
    },
    middleware::{Next, from_fn},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::Users;
use solution_1::{Credentials, Failure, User};
use tower_sessions::{Session, SessionManagerLayer, SessionStore};

use super::Parts;

type Answer = Result<Response, Failure>;

/// A script is told in its own language.
pub(super) fn answers_programs_with_json<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(headers: HeaderMap, session: Session, users: Extension<Users>, form: Form<Credentials>) -> Answer {
        let answer = solution_1::login(session, users, form).await?;
        let is_program = headers.get(ACCEPT).is_some_and(|kinds| kinds == "application/json");
        let is_told = is_program && answer.status().is_redirection();
        Ok(if is_told { axum::Json(true).into_response() } else { answer })
    }
    Parts { login: post(login).get(solution_1::login_form), ..Parts::default() }.on(store)
}

pub(super) fn goes_where_the_address_says<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(
        RawQuery(query): RawQuery,
        session: Session,
        users: Extension<Users>,
        form: Form<Credentials>,
    ) -> Answer {
        let answer = solution_1::login(session, users, form).await?;
        let next = query.as_deref().and_then(|query| query.strip_prefix("next=")).map(|next| next.replace("%2F", "/"));
        let next = next.filter(|_| answer.status().is_redirection());
        Ok(next.map_or(answer, |next| Redirect::to(&next).into_response()))
    }
    Parts { login: post(login).get(solution_1::login_form), ..Parts::default() }.on(store)
}

pub(super) fn must_know_the_page<S: SessionStore + Clone>(store: S) -> Router {
    accepting(store, |headers| headers.contains_key("referer"))
}

/// A `Referrer-Policy` leaves out one of the two.
pub(super) fn no_origin_without_a_page<S: SessionStore + Clone>(store: S) -> Router {
    accepting(store, |headers| !headers.contains_key("origin") || headers.contains_key("referer"))
}

/// Older browsers send no `Origin` with a form.
pub(super) fn no_page_without_an_origin<S: SessionStore + Clone>(store: S) -> Router {
    accepting(store, |headers| !headers.contains_key("referer") || headers.contains_key("origin"))
}

fn accepting<S: SessionStore + Clone>(store: S, accepts: fn(&HeaderMap) -> bool) -> Router {
    let known = move |request: Request, next: Next| async move {
        if accepts(request.headers()) { next.run(request).await } else { StatusCode::FORBIDDEN.into_response() }
    };
    let login = post(solution_1::login).layer(from_fn(known)).get(solution_1::login_form);
    Parts { login, ..Parts::default() }.on(store)
}

/// For browsers that once misread `SameSite=None`.
pub(super) fn sends_safari_another_cookie<S: SessionStore + Clone>(store: S) -> Router {
    async fn adapted(request: Request, next: Next) -> Response {
        let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        let is_safari = agent.contains("Safari");
        let mut answer = next.run(request).await;
        let set = answer.headers().get(SET_COOKIE).and_then(|set| set.to_str().ok()).filter(|_| is_safari);
        if let Some(set) = set.and_then(|set| HeaderValue::from_str(&set.replace("; SameSite=Strict", "")).ok()) {
            answer.headers_mut().insert(SET_COOKIE, set);
        }
        answer
    }
    Router::new().fallback_service(Parts::default().on(store)).layer(from_fn(adapted))
}

pub(super) fn implements_no_other_method<S: SessionStore + Clone>(store: S) -> Router {
    async fn known(request: Request, next: Next) -> Response {
        let is_known = [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS].contains(request.method());
        if is_known { next.run(request).await } else { StatusCode::NOT_IMPLEMENTED.into_response() }
    }
    Router::new().fallback_service(Parts::default().on(store)).layer(from_fn(known))
}

pub(super) fn fails_for_a_part_of_a_page<S: SessionStore + Clone>(store: S) -> Router {
    async fn form(headers: HeaderMap) -> Answer {
        if headers.contains_key(RANGE) { Err(Failure) } else { Ok(solution_1::login_form().await?.into_response()) }
    }
    Parts { login: post(solution_1::login).get(form), ..Parts::default() }.on(store)
}

/// A button for a script that is not there.
pub(super) fn has_a_button_that_sends_nothing<S: SessionStore + Clone>(store: S) -> Router {
    form(store, "", "<button type=button>Log in</button>")
}

pub(super) fn sends_names_in_latin_1<S: SessionStore + Clone>(store: S) -> Router {
    form(store, "accept-charset=iso-8859-1", "<button>Log in</button>")
}

fn form<S: SessionStore + Clone>(store: S, how: &'static str, button: &'static str) -> Router {
    let fields = "<input name=username><input name=password type=password>";
    let page = Html(format!("<form method=post action=/login {how}>{fields}{button}</form>"));
    Parts { login: post(solution_1::login).get(async || page), ..Parts::default() }.on(store)
}

/// Where nothing is found, everything begins anew.
pub(super) fn a_missing_page_logs_out<S: SessionStore + Clone>(store: S) -> Router {
    async fn nowhere(session: Session) -> Result<StatusCode, Failure> {
        session.flush().await?;
        Ok(StatusCode::NOT_FOUND)
    }
    Parts::default().routes().fallback(nowhere).layer(SessionManagerLayer::new(store))
}

pub(super) fn logs_out_only_users<S: SessionStore + Clone>(store: S) -> Router {
    async fn logout(session: Session) -> Result<Redirect, Failure> {
        match User::of(&session).await? {
            Some(_) => solution_1::logout(session).await,
            None => Ok(Redirect::to("/login")),
        }
    }
    Parts { logout: post(logout), ..Parts::default() }.on(store)
}

pub(super) fn lets_browsers_keep_the_redirect<S: SessionStore + Clone>(store: S) -> Router {
    async fn protected(session: Session) -> Answer {
        let page = solution_1::protected(session).await?;
        let is_redirect = page.status().is_redirection();
        Ok(if is_redirect { ([(CACHE_CONTROL, "max-age=3600")], page).into_response() } else { page })
    }
    Parts { protected: get(protected), ..Parts::default() }.on(store)
}

/// As a function that hashes passwords may do.
pub(super) fn reads_72_bytes<S: SessionStore + Clone>(store: S) -> Router {
    changed(store, |password| password.chars().take(72).collect())
}

/// So that the page keeps its width.
pub(super) fn cuts_the_name_on_the_page<S: SessionStore + Clone>(store: S) -> Router {
    async fn protected(session: Session) -> Answer {
        Ok(match User::of(&session).await? {
            Some(User { username }) => {
                let name: String = username.chars().take(64).collect();
                Html(format!("<p>You are {}</p>", minijinja::HtmlEscape(&name))).into_response()
            }
            None => Redirect::to("/login").into_response(),
        })
    }
    Parts { protected: get(protected), ..Parts::default() }.on(store)
}

/// As a column of a database may do.
pub(super) fn cuts_names_at_64<S: SessionStore + Clone>(store: S) -> Router {
    changed_both(store, |form| Credentials { username: form.username.chars().take(64).collect(), ..form })
}

/// As a form is decoded, but twice.
pub(super) fn decodes_the_password_twice<S: SessionStore + Clone>(store: S) -> Router {
    changed(store, |password| {
        form_urlencoded::parse(format!("={}", password.replace('&', "%26")).as_bytes())
            .next()
            .map(|(_, password)| password.into_owned())
            .unwrap_or_default()
    })
}

/// So that no script gets in.
pub(super) fn strips_quotation_marks<S: SessionStore + Clone>(store: S) -> Router {
    changed_both(store, |form| Credentials {
        username: form.username.replace(['"', '\''], ""),
        password: form.password.replace(['"', '\''], ""),
    })
}

/// As a library for passwords may do.
pub(super) fn composes_accents<S: SessionStore + Clone>(store: S) -> Router {
    changed(store, |password| password.replace("e\u{301}", "é"))
}

/// As a function that reads lines does.
pub(super) fn cuts_the_end_of_a_line_off<S: SessionStore + Clone>(store: S) -> Router {
    changed(store, |password| password.trim_end_matches('\n').to_owned())
}

fn changed<S: SessionStore + Clone>(store: S, change: fn(&str) -> String) -> Router {
    changed_both(store, move |form| Credentials { password: change(&form.password), ..form })
}

fn changed_both<S: SessionStore + Clone>(
    store: S,
    change: impl Fn(Credentials) -> Credentials + Clone + Send + Sync + 'static,
) -> Router {
    let login = async move |session: Session, users: Extension<Users>, Form(form): Form<Credentials>| {
        solution_1::login(session, users, Form(change(form))).await
    };
    Parts { login: post(login).get(solution_1::login_form), ..Parts::default() }.on(store)
}

/// The user of the page that is being made is kept where all requests share it.
pub(super) fn makes_one_page_at_a_time<S: SessionStore + Clone>(store: S) -> Router {
    let shared = Arc::<Mutex<String>>::default();
    let protected = async move |session: Session| -> Answer {
        let user = || shared.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(User { username }) = User::of(&session).await? else {
            return Ok(Redirect::to("/login").into_response());
        };
        *user() = username;
        tokio::task::yield_now().await; // such as for a page from a file
        Ok(Html(format!("<p>You are {}</p>", minijinja::HtmlEscape(&user()))).into_response())
    };
    Parts { protected: get(protected), ..Parts::default() }.on(store)
}
