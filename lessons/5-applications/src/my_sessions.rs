//! The list of a user's logins, and the ways to end them.

use axum::{
    extract::State,
    http::{StatusCode, header::SET_COOKIE},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use lesson_4::{
    defence::{device::DeviceCookie, guesses::too_long},
    request::Client,
};
use lesson_page::{Failure, Form, Path};
use minijinja::{context, value::Serde};
use serde::{Deserialize, Serialize};
use session_guard::{may_run_again, replace_id};
use session_inspector::{Clock, span};
use time::OffsetDateTime;

use crate::{
    flash,
    login::wrong_password,
    page,
    shop::{Login, Shop, Verified},
    visitor::User,
};

/// A login, as the template needs it.
#[derive(Serialize)]
struct Listed {
    id: i64,
    agent: String,
    begun: String,
    seen: String,
    is_this: bool,
}

pub(crate) async fn list(
    State(shop): State<Shop>,
    User { session, account, login }: User,
    clock: Clock,
) -> axum::response::Result<Response> {
    let now = clock.now();
    let logins = shop.logins(account.id, now).await?;
    let listed: Vec<_> = logins.into_iter().map(|one| listed(one, login, now)).collect();
    let is_recent = shop.is_recent(login, now).await?;
    let values = context! { logins => Serde(listed), is_recent => is_recent };
    Ok(page::render(&session, Some(&account), "sessions.html", values).await?)
}

fn listed(Login { id, agent, begun, seen }: Login, this: i64, now: OffsetDateTime) -> Listed {
    Listed { id, agent, begun: ago(begun, now), seen: ago(seen, now), is_this: id == this }
}

fn ago(then: OffsetDateTime, now: OffsetDateTime) -> String {
    match u64::try_from((now - then).whole_minutes()) {
        Ok(minutes) if minutes > 0 => format!("{} ago", span(minutes * 60)),
        _ => "just now".to_owned(),
    }
}

// ANCHOR: end
pub(crate) async fn end(
    State(shop): State<Shop>,
    User { session, account, login: this }: User,
    clock: Clock,
    Path(login): Path<i64>,
) -> axum::response::Result<Redirect> {
    is_recent(&shop, this, &clock).await?;
    if !shop.end(account.id, login).await? {
        return Err((StatusCode::NOT_FOUND, "You have no such session; it may have ended already.\n").into());
    }
    flash::add(&session, "Session ended").await?;
    Ok(Redirect::to("/sessions"))
}
// ANCHOR_END: end

pub(crate) async fn end_others(
    State(shop): State<Shop>,
    User { session, account, login }: User,
    clock: Clock,
) -> axum::response::Result<Redirect> {
    is_recent(&shop, login, &clock).await?;
    let ended = shop.end_all(account.id, Some(login)).await?;
    flash::add(&session, format!("Other sessions ended: {ended}")).await?;
    Ok(Redirect::to("/sessions"))
}

// ANCHOR: recent
/// Checks that the password was entered recently. A stolen or forgotten session alone must not end the others.
async fn is_recent(shop: &Shop, login: i64, clock: &Clock) -> axum::response::Result<()> {
    if shop.is_recent(login, clock.now()).await? {
        return Ok(());
    }
    Err((StatusCode::FORBIDDEN, "First enter your password again, on the page with your sessions.\n").into())
}

#[derive(Deserialize)]
pub(crate) struct Password {
    password: String,
}

/// Checks the user's password again. This counts as a login, so it also issues a new session ID.
pub(crate) async fn confirm(
    State(shop): State<Shop>,
    User { session, account, login }: User,
    client: Client,
    device: DeviceCookie,
    clock: Clock,
    Form(Password { password }): Form<Password>,
) -> axum::response::Result<Redirect> {
    let verified = verify(&shop, &account.name, password, &client, &device, &clock).await?;
    may_run_again(true); // a second confirmation has the same effect
    if !shop.confirm(&verified, login, clock.now()).await? {
        return Err(NOT_HERS.into());
    }
    replace_id(&session).await.map_err(Failure::from)?;
    Ok(Redirect::to("/sessions"))
}
// ANCHOR_END: recent

async fn verify(
    shop: &Shop,
    name: &str,
    password: String,
    client: &Client,
    device: &DeviceCookie,
    clock: &Clock,
) -> axum::response::Result<Verified> {
    if let Some(problem) = too_long(name, &password) {
        return Err((StatusCode::UNPROCESSABLE_ENTITY, problem).into());
    }
    let verified = shop.verify_password(name, password, client, device, clock.now()).await?;
    verified.ok_or_else(|| NOT_HERS.into())
}

const NOT_HERS: (StatusCode, &str) = (StatusCode::FORBIDDEN, "That is not your password, so nothing was changed.\n");

#[derive(Deserialize)]
pub(crate) struct Passwords {
    password: String,
    new_password: String,
}

// ANCHOR: password
/// Changes the password and ends all other logins, because another person may know the old password.
pub(crate) async fn change_password(
    State(shop): State<Shop>,
    User { session, account, login }: User,
    client: Client,
    device: DeviceCookie,
    clock: Clock,
    Form(Passwords { password, new_password }): Form<Passwords>,
) -> axum::response::Result<Response> {
    if let Some(problem) = wrong_password(&new_password, &account.name) {
        return Err((StatusCode::UNPROCESSABLE_ENTITY, format!("{problem}\n")).into());
    }
    let mut verified = verify(&shop, &account.name, password, &client, &device, &clock).await?;
    // This comes first, while nothing else is done: if another request has changed the session in the meantime, this
    // one starts again.
    may_run_again(true);
    replace_id(&session).await.map_err(Failure::from)?;
    may_run_again(false);
    let Some(ended) = shop.set_password(&mut verified, new_password, login).await? else {
        return Err((
            StatusCode::CONFLICT,
            "Your password has just been changed elsewhere; this change was not made.\n",
        )
            .into());
    };
    // From here on the password is changed, even if the session fails.
    flash::add(&session, format!("Password changed, other sessions ended: {ended}")).await.map_err(only_changed)?;
    let device = shop.device_cookie(&verified, clock.now()).await?;
    Ok((AppendHeaders([(SET_COOKIE, device)]), Redirect::to("/sessions")).into_response())
}
// ANCHOR_END: password

fn only_changed(error: impl Into<Failure>) -> (StatusCode, &'static str) {
    tracing::error!(error = ?error.into(), "a password was changed, and the session store failed");
    (StatusCode::SERVICE_UNAVAILABLE, "Your password was changed. Please log in again.\n")
}
