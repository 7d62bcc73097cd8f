//! Shops that mallory still gets something out of, and shops that alice gets nothing out of.

use std::sync::{Arc, Mutex};

use axum::{
    Extension, Form, Router,
    extract::{Query, Request},
    http::{
        HeaderMap, Method, StatusCode,
        header::{CONTENT_TYPE, COOKIE, ORIGIN, SET_COOKIE},
    },
    middleware::{Next, from_fn},
    response::{AppendHeaders, Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::Users;
use minijinja::HtmlEscape;
use serde::Deserialize;
use solution_6::{Credentials, Failure, Purchase, Text, USERNAME, shop::Shop};
use tower_sessions::{
    Session, SessionManagerLayer, SessionStore,
    cookie::{Cookie, SameSite},
};

use super::Parts;

type Accounts = Extension<Users>;
type Books = Extension<Shop>;

pub(super) fn nobody_may_post<S: SessionStore + Clone>(store: S) -> Router {
    async fn refuse(request: Request, next: Next) -> Response {
        match *request.method() {
            Method::POST if request.uri().path() != "/login" => StatusCode::FORBIDDEN.into_response(),
            _ => next.run(request).await,
        }
    }
    Parts::default().on(store).layer(from_fn(refuse))
}

/// Lets a POST in if its Origin is right.
fn guarded(shop: Router, is_right: fn(Option<&str>) -> bool, paths: &'static [&'static str]) -> Router {
    guarded_by(shop, move |headers| is_right(headers.get(ORIGIN).and_then(|origin| origin.to_str().ok())), paths)
}

/// Lets a POST to these addresses in if its headers are right.
pub(super) fn guarded_by<F>(shop: Router, are_right: F, paths: &'static [&'static str]) -> Router
where
    F: Fn(&HeaderMap) -> bool + Clone + Send + Sync + 'static,
{
    let guard = move |request: Request, next: Next| {
        let is_guarded = request.method() == Method::POST && paths.contains(&request.uri().path());
        let is_refused = is_guarded && !are_right(request.headers());
        async move {
            match is_refused {
                true => StatusCode::FORBIDDEN.into_response(),
                false => next.run(request).await,
            }
        }
    };
    shop.layer(from_fn(guard))
}

const OURS: &str = "http://localhost";
pub(super) const ALL: &[&str] = &["/login", "/buy", "/note", "/logout"];

pub(super) fn expects_another_origin<S: SessionStore + Clone>(store: S) -> Router {
    guarded(Parts::default().on(store), |origin| origin == Some("https://shop.example"), ALL)
}

pub(super) fn no_logout_any_more<S: SessionStore + Clone>(store: S) -> Router {
    Parts { logout: post(|| async { StatusCode::FORBIDDEN }), ..Parts::default() }.on(store)
}

pub(super) fn greets_with_the_last_login<S: SessionStore + Clone>(store: S) -> Router {
    type Last = Extension<Arc<Mutex<String>>>;
    async fn login(
        session: Session,
        users: Accounts,
        Extension(last): Last,
        form: Form<Credentials>,
    ) -> Result<Response, Failure> {
        let username = form.0.username.clone();
        let answer = solution_6::login(session, users, form).await?;
        if answer.status() == StatusCode::SEE_OTHER {
            *last.lock().unwrap() = username;
        }
        Ok(answer)
    }
    async fn index(session: Session, books: Books, Extension(last): Last) -> Result<Response, Failure> {
        let last = last.lock().unwrap().clone();
        if let Some(own) = session.get::<String>(USERNAME).await?.filter(|own| *own != last) {
            let last = HtmlEscape(&last);
            return Ok(Html(format!("Hello, {last}, or you, {}?", HtmlEscape(&own))).into_response());
        }
        solution_6::index(session, books).await
    }
    let parts = Parts { index: get(index), login: post(login), ..Parts::default() };
    parts.on(store).layer(Extension(Arc::<Mutex<String>>::default()))
}

/// The solution's login, but for whom this lets in.
fn believing<S: SessionStore + Clone>(believes: fn(&Users, &Credentials) -> bool, store: S) -> Router {
    let login = move |session: Session, users: Accounts, Form(sent): Form<Credentials>| async move {
        match believes(&users, &sent) {
            true => named(&session, sent).await,
            false => solution_6::login(session, users, Form(sent)).await,
        }
    };
    entering(post(login), store)
}

pub(super) fn unknown_users_are_let_in<S: SessionStore + Clone>(store: S) -> Router {
    believing(|users, sent| users.role(&sent.username).is_none(), store)
}

pub(super) fn no_password_is_let_in<S: SessionStore + Clone>(store: S) -> Router {
    believing(|users, sent| users.role(&sent.username).is_some() && sent.password.is_empty(), store)
}

pub(super) fn trims_the_password<S: SessionStore + Clone>(store: S) -> Router {
    believing(|users, sent| users.verify(&sent.username, sent.password.trim()), store)
}

pub(super) fn notes_are_cut<S: SessionStore + Clone>(store: S) -> Router {
    async fn note(session: Session, books: Books, Form(Text { mut text }): Form<Text>) -> Result<Redirect, Failure> {
        text.truncate(200);
        solution_6::note(session, books, Form(Text { text })).await
    }
    Parts { note: post(note), ..Parts::default() }.on(store)
}

fn entering<S: SessionStore + Clone>(login: axum::routing::MethodRouter, store: S) -> Router {
    Parts { login, ..Parts::default() }.on(store)
}

async fn named(session: &Session, Credentials { username, .. }: Credentials) -> Result<Response, Failure> {
    session.insert(USERNAME, username).await?;
    Ok(Redirect::to("/").into_response())
}

async fn keeping_the_id(
    session: Session,
    Extension(users): Accounts,
    Form(sent): Form<Credentials>,
) -> Result<Response, Failure> {
    if !users.verify(&sent.username, &sent.password) {
        return Ok(StatusCode::UNAUTHORIZED.into_response());
    }
    named(&session, sent).await
}

pub(super) fn login_keeps_the_id<S: SessionStore + Clone>(store: S) -> Router {
    entering(post(keeping_the_id), store)
}

pub(super) fn the_form_renews_the_id<S: SessionStore + Clone>(store: S) -> Router {
    async fn form(session: Session) -> Result<Html<String>, Failure> {
        session.cycle_id().await?;
        solution_6::login_form().await
    }
    Parts { login_form: get(form), login: post(keeping_the_id), ..Parts::default() }.on(store)
}

async fn ending_form(session: Session) -> Result<Html<String>, Failure> {
    session.flush().await?;
    solution_6::login_form().await
}

pub(super) fn the_form_ends_the_session<S: SessionStore + Clone>(store: S) -> Router {
    Parts { login_form: get(ending_form), login: post(keeping_the_id), ..Parts::default() }.on(store)
}

pub(super) fn a_link_to_the_login_logs_out<S: SessionStore + Clone>(store: S) -> Router {
    Parts { login_form: get(ending_form), ..Parts::default() }.on(store)
}

pub(super) fn login_flushes_and_inserts<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(
        session: Session,
        Extension(users): Accounts,
        Form(sent): Form<Credentials>,
    ) -> Result<Response, Failure> {
        if !users.verify(&sent.username, &sent.password) {
            return Ok(StatusCode::UNAUTHORIZED.into_response());
        }
        session.flush().await?;
        named(&session, sent).await
    }
    entering(post(login), store)
}

pub(super) fn login_renews_for_strangers_only<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(
        session: Session,
        Extension(users): Accounts,
        Form(sent): Form<Credentials>,
    ) -> Result<Response, Failure> {
        if !users.verify(&sent.username, &sent.password) {
            return Ok(StatusCode::UNAUTHORIZED.into_response());
        }
        if session.get_value(USERNAME).await?.is_none() {
            session.cycle_id().await?;
        }
        named(&session, sent).await
    }
    entering(post(login), store)
}

const ENDED: &str = "__Host-exercise-6=; Path=/; Secure; Max-Age=0";

pub(super) fn logout_ends_the_cookie<S: SessionStore + Clone>(store: S) -> Router {
    async fn logout() -> impl IntoResponse {
        (AppendHeaders([(SET_COOKIE, ENDED)]), Redirect::to("/login"))
    }
    Parts { logout: post(logout), ..Parts::default() }.on(store)
}

/// Another site's form brings no cookie along, and still gets an answer that takes it away.
pub(super) fn logout_takes_any_cookie_away<S: SessionStore + Clone>(store: S) -> Router {
    async fn logout(session: Session) -> Result<Response, Failure> {
        session.flush().await?;
        Ok((AppendHeaders([(SET_COOKIE, ENDED)]), Redirect::to("/login")).into_response())
    }
    Parts { logout: post(logout), asks_whence: false, ..Parts::default() }.on(store)
}

/// Takes the name out of a copy of the session that is never saved.
pub(super) fn logout_changes_a_copy<S: SessionStore + Clone>(store: S) -> Router {
    let sessions = store.clone();
    let logout = move |session: Session| {
        let copy = Session::new(session.id(), Arc::new(sessions.clone()), None);
        async move {
            copy.remove::<String>(USERNAME).await?;
            Ok::<_, Failure>((AppendHeaders([(SET_COOKIE, ENDED)]), Redirect::to("/login")))
        }
    };
    Parts { logout: post(logout), ..Parts::default() }.on(store)
}

pub(super) fn a_link_still_buys<S: SessionStore + Clone>(store: S) -> Router {
    Parts { buy: get(solution_6::buy).post(solution_6::buy), ..Parts::default() }.on(store)
}

/// For advertisements.
pub(super) fn a_link_to_the_shop_buys<S: SessionStore + Clone>(store: S) -> Router {
    async fn index(session: Session, books: Books, request: Request) -> Result<Response, Failure> {
        match Query::<Purchase>::try_from_uri(request.uri()) {
            Ok(Query(offer)) => Ok(solution_6::buy(session, books, Form(offer)).await?.into_response()),
            Err(_) => solution_6::index(session, books).await,
        }
    }
    Parts { index: get(index), ..Parts::default() }.on(store)
}

pub(super) fn a_link_still_writes<S: SessionStore + Clone>(store: S) -> Router {
    Parts { note: get(solution_6::note).post(solution_6::note), ..Parts::default() }.on(store)
}

pub(super) fn a_link_logs_out<S: SessionStore + Clone>(store: S) -> Router {
    Parts { logout: get(solution_6::logout).post(solution_6::logout), ..Parts::default() }.on(store)
}

pub(super) fn cookie_goes_along<S: SessionStore + Clone>(store: S) -> Router {
    Parts { same_site: SameSite::None, asks_whence: false, ..Parts::default() }.on(store)
}

pub(super) fn any_localhost_will_do<S: SessionStore + Clone>(store: S) -> Router {
    let shop = Parts { same_site: SameSite::None, asks_whence: false, ..Parts::default() }.on(store);
    guarded(shop, |origin| origin.is_some_and(|origin| origin.ends_with("localhost")), ALL)
}

/// The cookie goes anywhere, and the Origin has to be right.
fn asking_the_origin<S: SessionStore + Clone>(is_right: fn(Option<&str>) -> bool, store: S) -> Router {
    guarded(Parts { same_site: SameSite::None, asks_whence: false, ..Parts::default() }.on(store), is_right, ALL)
}

pub(super) fn the_origin_begins_right<S: SessionStore + Clone>(store: S) -> Router {
    asking_the_origin(|origin| origin.is_some_and(|origin| origin.starts_with(OURS)), store)
}

pub(super) fn the_origin_may_be_null<S: SessionStore + Clone>(store: S) -> Router {
    asking_the_origin(|origin| matches!(origin, Some("null" | OURS)), store)
}

pub(super) fn the_origin_may_be_missing<S: SessionStore + Clone>(store: S) -> Router {
    asking_the_origin(|origin| origin.is_none_or(|origin| origin == OURS), store)
}

pub(super) fn only_buying_is_guarded<S: SessionStore + Clone>(store: S) -> Router {
    let shop = Parts { same_site: SameSite::None, asks_whence: false, ..Parts::default() }.on(store);
    guarded(shop, |origin| origin == Some(OURS), &["/buy"])
}

/// A logout reads no form, so that any `enctype` will do.
pub(super) fn only_what_most_forms_send_is_guarded<S: SessionStore + Clone>(store: S) -> Router {
    async fn guard(request: Request, next: Next) -> Response {
        let is_a_form =
            request.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/x-www-form-urlencoded");
        match is_a_form {
            true => solution_6::own_pages_only(request, next).await,
            false => next.run(request).await,
        }
    }
    let parts = Parts { same_site: SameSite::None, asks_whence: false, ..Parts::default() };
    parts.on(store).layer(from_fn(guard))
}

pub(super) fn one_token_for_all<S: SessionStore + Clone>(store: S) -> Router {
    const TOKEN: &str = "6c1f0a2b7d";
    #[derive(Deserialize)]
    struct With<T> {
        token: String,
        #[serde(flatten)]
        sent: T,
    }
    async fn index(session: Session, books: Books) -> Result<Response, Failure> {
        let hidden = format!("<input type=hidden name=token value={TOKEN}><button>");
        with_page(session, books, |page| page.replace("<button>", &hidden)).await
    }
    async fn buy(
        session: Session,
        books: Books,
        Form(With { token, sent }): Form<With<Purchase>>,
    ) -> Result<Response, Failure> {
        match token.as_str() {
            TOKEN => Ok(solution_6::buy(session, books, Form(sent)).await?.into_response()),
            _ => Ok(StatusCode::FORBIDDEN.into_response()),
        }
    }
    async fn note(
        session: Session,
        books: Books,
        Form(With { token, sent }): Form<With<Text>>,
    ) -> Result<Response, Failure> {
        match token.as_str() {
            TOKEN => Ok(solution_6::note(session, books, Form(sent)).await?.into_response()),
            _ => Ok(StatusCode::FORBIDDEN.into_response()),
        }
    }
    let parts = Parts {
        index: get(index),
        buy: post(buy),
        note: post(note),
        same_site: SameSite::None,
        asks_whence: false,
        ..Parts::default()
    };
    parts.on(store)
}

const TOKEN: &str = "token";

/// The cookie goes anywhere, and each form holds a secret of the session, which this compares with what was sent.
fn asking_a_token<S: SessionStore + Clone>(is_right: fn(Option<&str>, &str) -> bool, store: S) -> Router {
    async fn index(session: Session, books: Books) -> Result<Response, Failure> {
        if let (None, Some(name)) = (session.get_value(TOKEN).await?, session.get::<String>(USERNAME).await?) {
            // No check guesses it, and it is the same in every run.
            session.insert(TOKEN, format!("secret of {name}")).await?;
        }
        let token = session.get::<String>(TOKEN).await?.unwrap_or_default();
        let hidden = format!("<input type=hidden name=token value=\"{}\"><button>", HtmlEscape(&token));
        with_page(session, books, |page| page.replace("<button>", &hidden)).await
    }
    async fn login(session: Session, users: Extension<Users>, sent: Form<Credentials>) -> Result<Response, Failure> {
        let answer = solution_6::login(session.clone(), users, sent).await?;
        if answer.status().is_redirection() {
            session.remove_value(TOKEN).await?; // the next page makes a new one
        }
        Ok(answer)
    }
    let door = move |session: Session, request: Request, next: Next| async move {
        if request.method() != Method::POST || request.uri().path() == "/login" {
            return Ok(next.run(request).await);
        }
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.map_err(|_| Failure)?;
        let sent = form_urlencoded::parse(&body).find(|(name, _)| name == TOKEN).map(|(_, value)| value);
        let own = session.get::<String>(TOKEN).await?.unwrap_or_default();
        if !is_right(sent.as_deref(), &own) {
            return Ok(StatusCode::FORBIDDEN.into_response());
        }
        Ok::<_, Failure>(next.run(Request::from_parts(parts, body.into())).await)
    };
    let sessions = SessionManagerLayer::new(store).with_name(solution_6::COOKIE).with_same_site(SameSite::None);
    let shop = Parts { index: get(index), login: post(login), ..Parts::default() };
    shop.routes().layer(from_fn(door)).layer(sessions)
}

pub(super) fn the_token_may_be_missing<S: SessionStore + Clone>(store: S) -> Router {
    asking_a_token(|sent, own| sent.is_none_or(|sent| sent == own), store)
}

pub(super) fn the_token_may_be_empty<S: SessionStore + Clone>(store: S) -> Router {
    asking_a_token(|sent, own| sent.is_some_and(|sent| sent.is_empty() || sent == own), store)
}

/// Every form but the login's holds a secret.
pub(super) fn the_login_has_no_token<S: SessionStore + Clone>(store: S) -> Router {
    asking_a_token(|sent, own| !own.is_empty() && sent == Some(own), store)
}

pub(super) fn the_login_is_not_guarded<S: SessionStore + Clone>(store: S) -> Router {
    let shop = Parts { asks_whence: false, ..Parts::default() }.on(store);
    guarded(shop, |origin| origin == Some(OURS), &["/buy", "/note", "/logout"])
}

/// What the solution was before: a neighbour is the same site.
pub(super) fn lax_is_enough<S: SessionStore + Clone>(store: S) -> Router {
    Parts { logout: post(ending_what_it_got), asks_whence: false, ..Parts::default() }.on(store)
}

pub(super) fn strict_is_enough<S: SessionStore + Clone>(store: S) -> Router {
    let logout = post(ending_what_it_got);
    Parts { logout, same_site: SameSite::Strict, asks_whence: false, ..Parts::default() }.on(store)
}

async fn ending_what_it_got(session: Session) -> Result<Redirect, Failure> {
    session.flush().await?;
    Ok(Redirect::to("/login"))
}

pub(super) fn the_same_site_will_do<S: SessionStore + Clone>(store: S) -> Router {
    let is_here = |headers: &HeaderMap| headers.get("sec-fetch-site").is_none_or(|site| site != "cross-site");
    guarded_by(Parts { asks_whence: false, ..Parts::default() }.on(store), is_here, ALL)
}

pub(super) fn every_host_of_the_domain_will_do<S: SessionStore + Clone>(store: S) -> Router {
    let shop = Parts { asks_whence: false, ..Parts::default() }.on(store);
    guarded(shop, |origin| matches!(origin, Some(OURS | "http://neighbour.localhost")), ALL)
}

pub(super) fn a_plain_name<S: SessionStore + Clone>(store: S) -> Router {
    Parts { cookie: "exercise-6", ..Parts::default() }.on(store)
}

pub(super) fn a_secure_name<S: SessionStore + Clone>(store: S) -> Router {
    Parts { cookie: "__Secure-exercise-6", ..Parts::default() }.on(store)
}

/// So that nobody is logged out by the new name.
pub(super) fn the_old_name_is_good_too<S: SessionStore + Clone>(store: S) -> Router {
    async fn renamed(mut request: Request, next: Next) -> Response {
        let cookies = request.headers().get(COOKIE).and_then(|cookies| cookies.to_str().ok()).unwrap_or_default();
        if !cookies.contains("__Host-") {
            let renamed = cookies.replace("exercise-6=", "__Host-exercise-6=").parse();
            renamed.into_iter().for_each(|cookies| drop(request.headers_mut().insert(COOKIE, cookies)));
        }
        next.run(request).await
    }
    Parts::default().on(store).layer(from_fn(renamed))
}

/// The solution's page, changed.
pub(super) async fn with_page(
    session: Session,
    books: Books,
    change: impl FnOnce(String) -> String,
) -> Result<Response, Failure> {
    let answer = solution_6::index(session, books).await?;
    if answer.status() != StatusCode::OK {
        return Ok(answer);
    }
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.map_err(|_| Failure)?;
    Ok(Html(change(String::from_utf8_lossy(&body).into_owned())).into_response())
}

fn raw(page: &str) -> String {
    page.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#x2f;", "/")
        .replace("&#x27;", "'")
        .replace("&amp;", "&")
}

/// What follows these words in each line of the page, as the stub shows it.
fn unescaped(page: &str, words: &str) -> String {
    let line = |line: &str| match line.split_once(words) {
        Some((who, what)) => format!("{who}{words}{}", raw(what)),
        None => line.to_owned(),
    };
    page.split("<li>").map(line).collect::<Vec<_>>().join("<li>")
}

pub(super) fn notes_are_safe<S: SessionStore + Clone>(store: S) -> Router {
    async fn index(session: Session, books: Books) -> Result<Response, Failure> {
        with_page(session, books, |page| unescaped(&page, " wrote: ")).await
    }
    Parts { index: get(index), ..Parts::default() }.on(store)
}

/// Their quotation marks end the attribute.
pub(super) fn addresses_become_links<S: SessionStore + Clone>(store: S) -> Router {
    fn linked(word: &str) -> String {
        let end = word.find("</li>").unwrap_or(word.len());
        let (address, rest) = (raw(&word[..end]), &word[end..]);
        match address.starts_with("http://") {
            true => format!("<a href=\"{address}\">{}</a>{rest}", HtmlEscape(&address)),
            false => word.to_owned(),
        }
    }
    async fn index(session: Session, books: Books) -> Result<Response, Failure> {
        with_page(session, books, |page| page.split(' ').map(linked).collect::<Vec<_>>().join(" ")).await
    }
    Parts { index: get(index), ..Parts::default() }.on(store)
}

pub(super) fn items_are_safe<S: SessionStore + Clone>(store: S) -> Router {
    async fn index(session: Session, books: Books) -> Result<Response, Failure> {
        with_page(session, books, |page| unescaped(&page, " bought ")).await
    }
    Parts { index: get(index), ..Parts::default() }.on(store)
}

pub(super) fn script_tags_are_taken_out<S: SessionStore + Clone>(store: S) -> Router {
    async fn note(session: Session, books: Books, Form(Text { text }): Form<Text>) -> Result<Redirect, Failure> {
        let text = text.replace("<script>", "").replace("</script>", "");
        solution_6::note(session, books, Form(Text { text })).await
    }
    async fn index(session: Session, books: Books) -> Result<Response, Failure> {
        with_page(session, books, |page| unescaped(&page, " wrote: ")).await
    }
    Parts { index: get(index), note: post(note), ..Parts::default() }.on(store)
}

pub(super) fn all_tags_are_taken_out<S: SessionStore + Clone>(store: S) -> Router {
    async fn note(session: Session, books: Books, Form(Text { text }): Form<Text>) -> Result<Redirect, Failure> {
        let text = text.replace(['<', '>'], "");
        solution_6::note(session, books, Form(Text { text })).await
    }
    Parts { note: post(note), ..Parts::default() }.on(store)
}

pub(super) fn escaped_when_stored_too<S: SessionStore + Clone>(store: S) -> Router {
    async fn note(session: Session, books: Books, Form(Text { text }): Form<Text>) -> Result<Redirect, Failure> {
        let text = text.replace('<', "&lt;");
        solution_6::note(session, books, Form(Text { text })).await
    }
    Parts { note: post(note), ..Parts::default() }.on(store)
}

pub(super) fn scripts_read_the_cookie<S: SessionStore + Clone>(store: S) -> Router {
    Parts { http_only: false, ..Parts::default() }.on(store)
}

/// A script of the shop's own wants to know the session.
pub(super) fn a_readable_copy<S: SessionStore + Clone>(store: S) -> Router {
    async fn index(session: Session, books: Books) -> Result<Response, Failure> {
        let id = session.id().map(|id| id.to_string()).unwrap_or_default();
        let copy = AppendHeaders([(SET_COOKIE, format!("sid={id}; Path=/; SameSite=Strict"))]);
        Ok((copy, solution_6::index(session, books).await?).into_response())
    }
    Parts { index: get(index), ..Parts::default() }.on(store)
}

#[derive(Deserialize)]
struct Claimed {
    username: Option<String>,
    item: String,
}

/// The stub's own field.
async fn with_field(session: Session, books: Books) -> Result<Response, Failure> {
    let own = session.get::<String>(USERNAME).await?.unwrap_or_default();
    let own = HtmlEscape(&own);
    with_page(session, books, |page| {
        page.replace("action=\"/buy\">", &format!("action=\"/buy\"><input type=hidden name=username value=\"{own}\">"))
    })
    .await
}

pub(super) fn the_form_says_who<S: SessionStore + Clone>(store: S) -> Router {
    async fn buy(session: Session, Extension(shop): Books, Form(sent): Form<Claimed>) -> Result<Redirect, Failure> {
        if session.get_value(USERNAME).await?.is_some() {
            shop.order(sent.username.unwrap_or_default(), sent.item);
        }
        Ok(Redirect::to("/"))
    }
    Parts { index: get(with_field), buy: post(buy), ..Parts::default() }.on(store)
}

/// The field is gone from the page, and is believed if somebody sends it.
pub(super) fn the_form_may_say_who<S: SessionStore + Clone>(store: S) -> Router {
    async fn buy(session: Session, Extension(shop): Books, Form(sent): Form<Claimed>) -> Result<Redirect, Failure> {
        if let Some(own) = session.get::<String>(USERNAME).await? {
            shop.order(sent.username.unwrap_or(own), sent.item);
        }
        Ok(Redirect::to("/"))
    }
    Parts { buy: post(buy), ..Parts::default() }.on(store)
}

pub(super) fn a_cookie_says_who<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Accounts, form: Form<Credentials>) -> Result<Response, Failure> {
        let cookie = Cookie::build(("username", form.0.username.clone())).path("/").http_only(true).build();
        Ok((
            AppendHeaders([(SET_COOKIE, cookie.encoded().to_string())]),
            solution_6::login(session, users, form).await?,
        )
            .into_response())
    }
    async fn buy(
        session: Session,
        Extension(shop): Books,
        headers: HeaderMap,
        Form(Purchase { item }): Form<Purchase>,
    ) -> Result<Redirect, Failure> {
        let cookies = headers.get(COOKIE).and_then(|cookies| cookies.to_str().ok()).unwrap_or_default();
        let claimed =
            Cookie::split_parse_encoded(cookies.to_owned()).flatten().find(|cookie| cookie.name() == "username");
        if let (Some(_), Some(claimed)) = (session.get_value(USERNAME).await?, claimed) {
            shop.order(claimed.value().to_owned(), item);
        }
        Ok(Redirect::to("/"))
    }
    Parts { login: post(login), buy: post(buy), ..Parts::default() }.on(store)
}
