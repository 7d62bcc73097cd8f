//! Login, registration, logout, and the profile page.

use axum::{
    extract::State,
    http::{StatusCode, header::SET_COOKIE},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use lesson_4::{
    defence::{
        device::DeviceCookie,
        guesses::{LONGEST_NAME, LONGEST_PASSWORD, too_long},
        well_known::is_well_known,
    },
    request::Client,
};
use lesson_page::{Failure, Form};
use minijinja::{context, value::Serde};
use serde::{Deserialize, Deserializer};
use session_guard::may_run_again;
use session_inspector::Clock;

use crate::{
    flash, page,
    shop::{DEMO, Shop, Unavailable, Verified},
    visitor::{self, Visitor},
};

#[derive(Deserialize)]
pub(crate) struct Credentials {
    #[serde(deserialize_with = "in_small_letters")]
    username: String,
    password: String,
}

/// Converts a name to lower case, so that nobody can register `Alice` when `alice` exists.
fn in_small_letters<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(String::deserialize(deserializer)?.to_ascii_lowercase())
}

/// The minimum length of a password, in characters (ASVS 5.0 6.2.1: eight or more).
const SHORTEST_PASSWORD: usize = 8;

pub(crate) async fn form(visitor: Visitor) -> Result<Response, Failure> {
    login_page(&visitor, StatusCode::OK, "").await
}

/// The page with the forms for login and registration.
async fn login_page(
    Visitor { session, user }: &Visitor,
    status: StatusCode,
    problem: impl Into<String>,
) -> Result<Response, Failure> {
    let values = context! { problem => problem.into(), demo => Serde(DEMO) };
    Ok((status, page::render(session, user.as_ref(), "login.html", values).await?).into_response())
}

// ANCHOR: login
pub(crate) async fn login(
    State(shop): State<Shop>,
    visitor: Visitor,
    client: Client,
    device: DeviceCookie,
    clock: Clock,
    Form(Credentials { username, password }): Form<Credentials>,
) -> axum::response::Result<Response> {
    if let Some(problem) = too_long(&username, &password) {
        return Ok(login_page(&visitor, StatusCode::UNPROCESSABLE_ENTITY, problem).await?);
    }
    let Some(verified) = shop.verify_password(&username, password, &client, &device, clock.now()).await? else {
        return refused(&visitor).await;
    };
    may_run_again(true); // a login that loses against another request leaves nothing behind
    let login = visitor::new_login(&visitor, &client.agent, &clock).await?;
    if !shop.begin(&verified, &login).await? {
        return refused(&visitor).await; // the password was changed during the verification
    }
    visitor::log_in(&shop, visitor, verified.id, login).await?;
    welcome(&shop, &verified, &clock).await.map_err(Into::into)
}

async fn refused(visitor: &Visitor) -> axum::response::Result<Response> {
    Ok(login_page(visitor, StatusCode::UNAUTHORIZED, "Invalid credentials").await?)
}

/// Redirects to the profile, with a device cookie for this browser.
async fn welcome(shop: &Shop, verified: &Verified, clock: &Clock) -> Result<Response, Unavailable> {
    let device = shop.device_cookie(verified, clock.now()).await?;
    Ok((AppendHeaders([(SET_COOKIE, device)]), Redirect::to("/profile")).into_response())
}

pub(crate) async fn logout(State(shop): State<Shop>, user: visitor::User) -> axum::response::Result<Redirect> {
    shop.end(user.account.id, user.login).await?;
    user.session.flush().await.map_err(Failure::from)?;
    Ok(Redirect::to("/login"))
}
// ANCHOR_END: login

pub(crate) async fn register(
    State(shop): State<Shop>,
    visitor: Visitor,
    client: Client,
    clock: Clock,
    Form(Credentials { username, password }): Form<Credentials>,
) -> axum::response::Result<Response> {
    if let Some(problem) = wrong_name(&username).or_else(|| wrong_password(&password, &username)) {
        return Ok(login_page(&visitor, StatusCode::UNPROCESSABLE_ENTITY, problem).await?);
    }
    let login = visitor::new_login(&visitor, &client.agent, &clock).await?;
    let Some(verified) = shop.register(&username, password, &client, &login).await? else {
        return Ok(login_page(&visitor, StatusCode::CONFLICT, format!("The name {username} is taken.")).await?);
    };
    let session = visitor.session.clone();
    visitor::log_in(&shop, visitor, verified.id, login).await?;
    flash::add(&session, format!("Welcome, {username}")).await?;
    welcome(&shop, &verified, &clock).await.map_err(Into::into)
}

fn wrong_name(name: &str) -> Option<String> {
    let is_right = (1..=LONGEST_NAME).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (!is_right).then(|| "A name has one to forty letters, digits or hyphens.".to_owned())
}

// ANCHOR: wrong
/// Returns an error message if this account may not have this new password.
pub(crate) fn wrong_password(password: &str, name: &str) -> Option<String> {
    let length = password.chars().count();
    if !(SHORTEST_PASSWORD..=LONGEST_PASSWORD).contains(&length) {
        let lengths = format!("{SHORTEST_PASSWORD} to {LONGEST_PASSWORD}");
        return Some(format!("A password has {lengths} characters, and this one has {length}."));
    }
    let sentence = "This password is among the first that an attacker tries. Choose a longer one, such as four \
                    unrelated words.";
    is_well_known(password, &[name, "session", "workbook"]).then(|| sentence.to_owned())
}
// ANCHOR_END: wrong

/// Shows the user and the preferences. The article has a page with this name for each of them.
pub(crate) async fn profile(
    State(shop): State<Shop>,
    Visitor { session, user }: Visitor,
) -> axum::response::Result<Response> {
    let orders = match &user {
        Some(user) => shop.orders(user.id).await?,
        None => Vec::new(),
    };
    Ok(page::render(&session, user.as_ref(), "profile.html", context! { orders => Serde(orders) }).await?)
}
