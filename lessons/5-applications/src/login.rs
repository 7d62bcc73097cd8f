//! In and out, and who one is.

use axum::{
    Form,
    extract::State,
    http::{StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Redirect, Response},
};
use lesson_4::request::Place;
use lesson_page::Failure;
use minijinja::{context, value::Serde};
use serde::Deserialize;
use session_inspector::{Clock, span};

use crate::{
    flash, page,
    shop::{DEMO, Refused, Shop},
    visitor::{self, Visitor},
};

#[derive(Deserialize)]
pub(crate) struct Credentials {
    username: String,
    password: String,
}

/// The shortest password that an account may have (ASVS 5.0 6.2.1: eight or more), and the longest (6.2.9: 64 have to
/// be possible), in characters.
const LENGTHS: std::ops::RangeInclusive<usize> = 8..=128;

pub(crate) async fn form(visitor: Visitor) -> Result<Response, Failure> {
    ask(&visitor, StatusCode::OK, "").await
}

/// The page that asks who it is.
async fn ask(
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
    place: Place,
    clock: Clock,
    Form(Credentials { username, password }): Form<Credentials>,
) -> axum::response::Result<Response> {
    let Some(account) = shop.knows(&username, password, &place, clock.now()).await? else {
        return Ok(ask(&visitor, StatusCode::UNAUTHORIZED, "Invalid credentials").await?);
    };
    visitor::log_in(&shop, visitor, account, &place.agent, &clock).await?;
    Ok(Redirect::to("/profile").into_response())
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
    place: Place,
    clock: Clock,
    Form(Credentials { username, password }): Form<Credentials>,
) -> axum::response::Result<Response> {
    if let Some(problem) = wrong_name(&username).or_else(|| wrong_password(&password)) {
        return Ok(ask(&visitor, StatusCode::UNPROCESSABLE_ENTITY, problem).await?);
    }
    let Some(account) = shop.register(&username, password).await? else {
        return Ok(ask(&visitor, StatusCode::CONFLICT, format!("The name {username} is taken.")).await?);
    };
    flash::say(&visitor.session, format!("Welcome, {username}")).await?;
    visitor::log_in(&shop, visitor, account, &place.agent, &clock).await?;
    Ok(Redirect::to("/profile").into_response())
}

fn wrong_name(name: &str) -> Option<String> {
    let fits = (1..=40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (!fits).then(|| "A name has one to forty letters, digits or hyphens.".to_owned())
}

/// What is wrong with a new password.
pub(crate) fn wrong_password(password: &str) -> Option<String> {
    let length = password.chars().count();
    let (least, most) = LENGTHS.into_inner();
    (!LENGTHS.contains(&length))
        .then(|| format!("A password has {least} to {most} characters, and this one has {length}."))
}

/// The article has two pages of this name, one for who it is and one for the settings: here they are one.
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

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Away(away) => away.into_response(),
            Self::Wait(wait) => {
                let seconds = u64::try_from(wait.whole_seconds()).unwrap_or_default() + 1;
                let wait = span(seconds.div_ceil(60) * 60);
                let sentence = format!("Too many wrong passwords. Please try again in {wait}.\n");
                (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, seconds.to_string())], sentence).into_response()
            }
        }
    }
}
