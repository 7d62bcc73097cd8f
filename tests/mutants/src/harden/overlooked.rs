//! Shops whose mistake is at another address, in another header, in another cookie or in another tab.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Extension, Form, Router,
    extract::Request,
    http::{
        HeaderMap, Method, StatusCode,
        header::{COOKIE, HOST, ORIGIN, REFERER, SET_COOKIE},
    },
    middleware::{Next, from_fn},
    response::{AppendHeaders, Html, IntoResponse, Redirect, Response},
    routing::{MethodRouter, get, post},
};
use checks::Users;
use serde::Deserialize;
use solution_6::{Credentials, Failure, Purchase, USERNAME, shop::Shop};
use tower_sessions::{
    Session, SessionManagerLayer, SessionStore,
    cookie::{Cookie, SameSite},
    session::Id,
};

use super::{
    Parts,
    weak::{ALL, guarded_by, with_page},
};

type Books = Extension<Shop>;

/// Where the session keeps the secret of its forms; in each run the secrets are the same, so that its story is.
const SECRET: &str = "secret";

#[derive(Deserialize)]
struct Sent {
    secret: String,
    item: String,
}

/// The shop, with this secret in the session and in the form that buys.
async fn with_secret(session: Session, books: Books, secret: String) -> Result<Response, Failure> {
    if session.get_value(USERNAME).await?.is_none() {
        return Ok(Redirect::to("/login").into_response());
    }
    session.insert(SECRET, &secret).await?;
    let form = format!("action=\"/buy\"><input type=hidden name=secret value=\"{secret}\">");
    with_page(session, books, |page| page.replace("action=\"/buy\">", &form)).await
}

/// The shop, with a secret that is longer than the one of the page before.
async fn with_new_secret(session: Session, books: Books) -> Result<Response, Failure> {
    let earlier: Option<String> = session.get(SECRET).await?;
    with_secret(session, books, format!("{}i", earlier.unwrap_or_default())).await
}

/// Sells if the secret of the newest page makes the one that was sent right.
fn sells_if(is_right: fn(newest: &str, sent: &str) -> bool) -> MethodRouter {
    post(move |session: Session, books: Books, Form(Sent { secret, item }): Form<Sent>| async move {
        match session.get::<String>(SECRET).await?.is_some_and(|newest| is_right(&newest, &secret)) {
            true => Ok(solution_6::buy(session, books, Form(Purchase { item })).await?.into_response()),
            false => Ok::<_, Failure>(StatusCode::FORBIDDEN.into_response()),
        }
    })
}

/// The secret of the newest page alone is right.
pub(super) fn each_page_has_a_new_secret<S: SessionStore + Clone>(store: S) -> Router {
    let buy = sells_if(|newest, sent| newest == sent);
    Parts { index: get(with_new_secret), buy, ..Parts::default() }.on(store)
}

/// The secrets of the last five pages are right.
pub(super) fn five_pages_buy<S: SessionStore + Clone>(store: S) -> Router {
    let buy = sells_if(|newest, sent| sent.len() <= newest.len() && newest.len() < sent.len() + 5);
    Parts { index: get(with_new_secret), buy, ..Parts::default() }.on(store)
}

/// The page that refuses a login has a form as well, and nobody gave it the secret.
pub(super) fn a_refused_login_has_no_secret<S: SessionStore + Clone>(store: S) -> Router {
    #[derive(Deserialize)]
    struct Sent {
        secret: Option<String>,
        username: String,
        password: String,
    }
    async fn form() -> Result<Html<String>, Failure> {
        let Html(page) = solution_6::login_form().await?;
        Ok(Html(page.replace("<button>", "<input type=hidden name=secret value=i><button>")))
    }
    async fn login(
        session: Session,
        users: Extension<Users>,
        Form(Sent { secret, username, password }): Form<Sent>,
    ) -> Result<Response, Failure> {
        match secret.as_deref() {
            Some("i") => solution_6::login(session, users, Form(Credentials { username, password })).await,
            _ => Ok(StatusCode::FORBIDDEN.into_response()),
        }
    }
    Parts { login_form: get(form), login: post(login), ..Parts::default() }.on(store)
}

/// Nobody needs two teapots.
pub(super) fn the_same_again_is_a_repetition<S: SessionStore + Clone>(store: S) -> Router {
    async fn buy(
        session: Session,
        Extension(shop): Books,
        Form(Purchase { item }): Form<Purchase>,
    ) -> Result<Redirect, Failure> {
        let username: Option<String> = session.get(USERNAME).await?;
        let is_the_same =
            shop.books().orders.iter().any(|there| Some(&there.username) == username.as_ref() && there.item == item);
        match is_the_same {
            true => Ok(Redirect::to("/")),
            false => solution_6::buy(session, Extension(shop), Form(Purchase { item })).await,
        }
    }
    Parts { buy: post(buy), ..Parts::default() }.on(store)
}

/// The login keeps what is in the session, the secret of its forms as well.
pub(super) fn the_secret_outlives_the_login<S: SessionStore + Clone>(store: S) -> Router {
    let made = Arc::new(AtomicUsize::new(0)); // the same in each run, so that its story is
    let index = move |session: Session, books: Books| async move {
        let new = || format!("secret-{}", made.fetch_add(1, Ordering::SeqCst));
        let secret = session.get(SECRET).await?.unwrap_or_else(new);
        with_secret(session, books, secret).await
    };
    async fn guard(request: Request, next: Next) -> Response {
        match request.uri().path() {
            "/buy" => next.run(request).await,
            _ => solution_6::own_pages_only(request, next).await,
        }
    }
    let buy = sells_if(|newest, sent| newest == sent);
    let shop = Parts { index: get(index), buy, asks_whence: false, ..Parts::default() };
    shop.on(store).layer(from_fn(guard))
}

/// Who is refused is to read why, on the next page.
pub(super) fn a_refusal_opens_a_session<S: SessionStore + Clone>(store: S) -> Router {
    async fn guard(session: Session, request: Request, next: Next) -> Result<Response, Failure> {
        let answer = solution_6::own_pages_only(request, next).await;
        if answer.status() == StatusCode::FORBIDDEN {
            session.insert("refused", true).await?;
        }
        Ok(answer)
    }
    let sessions = SessionManagerLayer::new(store).with_name(solution_6::COOKIE).with_same_site(SameSite::Lax);
    Parts::default().routes().layer(from_fn(guard)).layer(sessions)
}

/// Where a stranger wanted to go is in a session.
pub(super) fn a_link_opens_a_session<S: SessionStore + Clone>(store: S) -> Router {
    async fn index(session: Session, books: Books) -> Result<Response, Failure> {
        if session.get_value(USERNAME).await?.is_none() {
            session.insert("wanted", "/").await?;
        }
        solution_6::index(session, books).await
    }
    Parts { index: get(index), same_site: SameSite::Strict, ..Parts::default() }.on(store)
}

/// The addresses of the forms are guarded as they are written.
pub(super) fn a_query_leads_past_it<S: SessionStore + Clone>(store: S) -> Router {
    async fn guard(request: Request, next: Next) -> Response {
        match request.uri().to_string().as_str() {
            "/login" | "/buy" | "/note" | "/logout" => solution_6::own_pages_only(request, next).await,
            _ => next.run(request).await,
        }
    }
    let shop = Parts { same_site: SameSite::None, asks_whence: false, ..Parts::default() };
    shop.on(store).layer(from_fn(guard))
}

/// Where the origin is missing, the address of the page will do, wherever it names the host.
pub(super) fn the_referer_names_the_host<S: SessionStore + Clone>(store: S) -> Router {
    fn is_own(headers: &HeaderMap) -> bool {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let Some(host) = text(HOST) else { return false };
        match text(ORIGIN) {
            Some(origin) => origin == format!("http://{host}"),
            None => text(REFERER).is_some_and(|page| page.contains(host)),
        }
    }
    guarded_by(Parts { same_site: SameSite::None, asks_whence: false, ..Parts::default() }.on(store), is_own, ALL)
}

/// Which sessions were logged out is known to this run of the program.
pub(super) fn logout_is_noted_in_memory<S: SessionStore + Clone>(store: S) -> Router {
    type Ended = Arc<Mutex<HashSet<Id>>>;
    let ended = Ended::default();
    let noted = ended.clone();
    let logout = move |session: Session| {
        noted.lock().unwrap().extend(session.id());
        async { Redirect::to("/login") }
    };
    let is_over = move |session: Session, request: Request, next: Next| {
        let is_ended = session.id().is_some_and(|id| ended.lock().unwrap().contains(&id));
        async move {
            match is_ended && request.uri().path() != "/login" {
                true => Redirect::to("/login").into_response(),
                false => next.run(request).await,
            }
        }
    };
    let shop = Parts { logout: post(logout), ..Parts::default() }.routes().layer(from_fn(is_over));
    shop.layer(SessionManagerLayer::new(store).with_name(solution_6::COOKIE)).layer(from_fn(solution_6::own_pages_only))
}

/// Somebody typed the address with a slash, once.
pub(super) fn a_slash_leads_past_it<S: SessionStore + Clone>(store: S) -> Router {
    let buy = get(solution_6::buy).post(solution_6::buy);
    Parts { more: Router::new().route("/buy/", buy), ..Parts::default() }.on(store)
}

/// The port is not compared, and more than that.
pub(super) fn the_host_begins_like_the_origin<S: SessionStore + Clone>(store: S) -> Router {
    fn is_own(headers: &HeaderMap) -> bool {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let origin = text(ORIGIN).and_then(|origin| origin.strip_prefix("http://")).filter(|host| !host.is_empty());
        origin.zip(text(HOST)).is_some_and(|(origin, host)| host.starts_with(origin))
    }
    guarded_by(Parts { same_site: SameSite::None, asks_whence: false, ..Parts::default() }.on(store), is_own, ALL)
}

/// Nobody clicks by mistake.
pub(super) fn who_clicks_means_it<S: SessionStore + Clone>(store: S) -> Router {
    async fn guard(request: Request, next: Next) -> Response {
        match request.headers().contains_key("sec-fetch-user") {
            true => next.run(request).await,
            false => solution_6::own_pages_only(request, next).await,
        }
    }
    Parts { asks_whence: false, ..Parts::default() }.on(store).layer(from_fn(guard))
}

const PROOF: &str = "proof";

/// Each form has a field, and the browser a cookie, and the two have to agree.
fn proved_by_a_cookie<S: SessionStore + Clone>(
    paths: &'static [&'static str],
    others_are_guarded: bool,
    store: S,
) -> Router {
    async fn proven(proof: String, request: Request, next: Next) -> Result<Response, Failure> {
        let answer = next.run(request).await;
        if answer.status().is_redirection() {
            return Ok(answer);
        }
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.map_err(|_| Failure)?;
        let hidden = format!("<input type=hidden name={PROOF} value=\"{proof}\"><button>");
        let page = Html(String::from_utf8_lossy(&body).replace("<button>", &hidden));
        let cookie = format!("{PROOF}={proof}; Path=/; Secure; HttpOnly; SameSite=Strict");
        Ok((status, AppendHeaders([(SET_COOKIE, cookie)]), page).into_response())
    }
    let made = Arc::new(AtomicUsize::new(0)); // the same in each run, so that its story is
    let with_proof = move |request: Request, next: Next| {
        let new = || format!("proof-{}", made.fetch_add(1, Ordering::SeqCst));
        proven(cookie(request.headers(), PROOF).unwrap_or_else(new), request, next)
    };
    let guard = move |request: Request, next: Next| async move {
        if request.method() != Method::POST {
            return Ok(next.run(request).await);
        }
        if !paths.contains(&request.uri().path()) {
            return Ok(if others_are_guarded {
                solution_6::own_pages_only(request, next).await
            } else {
                next.run(request).await
            });
        }
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.map_err(|_| Failure)?;
        let sent = form_urlencoded::parse(&body).find(|(name, _)| name == PROOF).map(|(_, value)| value.into_owned());
        if sent.is_none() || sent != cookie(&parts.headers, PROOF) {
            return Ok(StatusCode::FORBIDDEN.into_response());
        }
        Ok::<_, Failure>(next.run(Request::from_parts(parts, body.into())).await)
    };
    let shop = Parts { asks_whence: false, ..Parts::default() }.on(store);
    shop.layer(from_fn(with_proof)).layer(from_fn(guard))
}

pub(super) fn a_cookie_proves_each_form<S: SessionStore + Clone>(store: S) -> Router {
    proved_by_a_cookie(&["/login", "/buy", "/note", "/logout"], false, store)
}

pub(super) fn a_cookie_proves_the_login<S: SessionStore + Clone>(store: S) -> Router {
    proved_by_a_cookie(&["/login"], true, store)
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let cookies = headers.get(COOKIE)?.to_str().ok()?.to_owned();
    Cookie::split_parse(cookies).flatten().find(|cookie| cookie.name() == name).map(|cookie| cookie.value().to_owned())
}

/// What is secret already need not be made.
pub(super) fn the_id_is_the_secret<S: SessionStore + Clone>(store: S) -> Router {
    async fn index(session: Session, books: Books) -> Result<Response, Failure> {
        let id = session.id().map(|id| id.to_string()).unwrap_or_default();
        let hidden = format!("<input type=hidden name=secret value=\"{id}\"><button>");
        with_page(session, books, |page| page.replace("<button>", &hidden)).await
    }
    Parts { index: get(index), ..Parts::default() }.on(store)
}

/// Who buys stands in a cookie, in letters that not everybody reads.
pub(super) fn a_cookie_says_who_in_hexadecimal<S: SessionStore + Clone>(store: S) -> Router {
    const WHO: &str = "shopper";
    async fn login(session: Session, users: Extension<Users>, sent: Form<Credentials>) -> Result<Response, Failure> {
        let name: String = sent.0.username.bytes().map(|byte| format!("{byte:02x}")).collect();
        let cookie = format!("{WHO}={name}; Path=/; HttpOnly");
        Ok((AppendHeaders([(SET_COOKIE, cookie)]), solution_6::login(session, users, sent).await?).into_response())
    }
    async fn buy(
        session: Session,
        Extension(shop): Books,
        headers: HeaderMap,
        Form(Purchase { item }): Form<Purchase>,
    ) -> Result<Redirect, Failure> {
        let said = cookie(&headers, WHO).unwrap_or_default();
        let byte = |place: usize| u8::from_str_radix(said.get(place..place + 2)?, 16).ok();
        let name: Vec<u8> = (0..said.len()).step_by(2).filter_map(byte).collect();
        if session.get_value(USERNAME).await?.is_some() {
            shop.order(String::from_utf8_lossy(&name).into_owned(), item);
        }
        Ok(Redirect::to("/"))
    }
    Parts { login: post(login), buy: post(buy), ..Parts::default() }.on(store)
}

/// A secret that is right until something is bought with it.
pub(super) fn a_purchase_spends_the_secret<S: SessionStore + Clone>(store: S) -> Router {
    async fn index(session: Session, books: Books) -> Result<Response, Failure> {
        let secret = session.get(SECRET).await?.unwrap_or_else(|| "i".to_owned());
        with_secret(session, books, secret).await
    }
    async fn buy(session: Session, books: Books, Form(Sent { secret, item }): Form<Sent>) -> Result<Response, Failure> {
        if session.get::<String>(SECRET).await?.as_ref() != Some(&secret) {
            return Ok(StatusCode::FORBIDDEN.into_response());
        }
        session.insert(SECRET, format!("{secret}i")).await?;
        Ok(solution_6::buy(session, books, Form(Purchase { item })).await?.into_response())
    }
    Parts { index: get(index), buy: post(buy), ..Parts::default() }.on(store)
}
