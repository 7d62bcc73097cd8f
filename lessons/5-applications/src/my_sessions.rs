//! Where somebody is logged in, and how she ends that.

use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::{Redirect, Response},
};
use lesson_4::request::Place;
use lesson_page::Failure;
use minijinja::{context, value::Serde};
use serde::{Deserialize, Serialize};
use session_guard::{may_run_again, replace_id};
use session_inspector::{Clock, span};
use time::OffsetDateTime;

use crate::{
    flash,
    login::wrong_password,
    page,
    shop::{Login, Shop},
    visitor::User,
};

/// A login, as the page takes it.
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
    Ok(page::render(&session, Some(&account), "sessions.html", context! { logins => Serde(listed) }).await?)
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
    User { session, account, .. }: User,
    Path(login): Path<i64>,
) -> axum::response::Result<Redirect> {
    if !shop.end(account.id, login).await? {
        return Err((StatusCode::NOT_FOUND, "You have no such session; it may have ended already.\n").into());
    }
    flash::say(&session, "Session ended").await?;
    Ok(Redirect::to("/sessions"))
}

pub(crate) async fn end_others(
    State(shop): State<Shop>,
    User { session, account, login }: User,
) -> axum::response::Result<Redirect> {
    let ended = shop.end_all(account.id, Some(login)).await?;
    flash::say(&session, format!("Other sessions ended: {ended}")).await?;
    Ok(Redirect::to("/sessions"))
}
// ANCHOR_END: end

#[derive(Deserialize)]
pub(crate) struct Passwords {
    password: String,
    new_password: String,
}

// ANCHOR: password
/// Whoever knew the old password is logged out, everywhere but here.
pub(crate) async fn change_password(
    State(shop): State<Shop>,
    User { session, account, login }: User,
    place: Place,
    clock: Clock,
    Form(Passwords { password, new_password }): Form<Passwords>,
) -> axum::response::Result<Redirect> {
    if let Some(problem) = wrong_password(&new_password) {
        return Err((StatusCode::UNPROCESSABLE_ENTITY, format!("{problem}\n")).into());
    }
    if shop.knows(&account.name, password, &place, clock.now()).await?.is_none() {
        return Err((StatusCode::FORBIDDEN, "That is not your password, so it was not changed.\n").into());
    }
    // First, while nothing else is done yet: if another request has changed the session meanwhile, this one begins again.
    may_run_again(true);
    replace_id(&session).await.map_err(Failure::from)?;
    may_run_again(false);
    shop.set_password(account.id, new_password).await?;
    let ended = shop.end_all(account.id, Some(login)).await?;
    flash::say(&session, format!("Password changed, other sessions ended: {ended}")).await?;
    Ok(Redirect::to("/sessions"))
}
// ANCHOR_END: password
