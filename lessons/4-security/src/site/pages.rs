//! The handlers of the shop.

use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::{Html, Redirect},
};
use lesson_page::{Failure, Form};
use minijinja::{context, value::Serde};
use serde::{Deserialize, Serialize};
use session_guard::{may_run_again, replace_id};
use session_inspector::Clock;
use tower_sessions::{Session, session::Error};

use super::{Site, visitor::Visitor};
use crate::{
    defence::{Defence, csrf, device::DeviceCookie},
    page::PAGES,
    request::Client,
    shop::{ACCOUNTS, Role},
};

/// The maximum length of a visitor's text, in characters.
const LONGEST: usize = 500;

pub(crate) async fn index(State(site): State<Site>, visitor: Visitor) -> Result<Html<String>, Failure> {
    let token = match site.defences.has(Defence::CsrfToken) {
        true => Some(csrf::token(&visitor.session).await?),
        false => None,
    };
    let email = visitor.username.as_deref().and_then(|username| site.shop.email(username));
    PAGES.render(
        "shop.html",
        context! {
            site => site.name,
            username => visitor.username,
            is_admin => visitor.role == Some(Role::Admin),
            moved => visitor.moved,
            token => token,
            escape => site.defences.has(Defence::Escape),
            step_up => site.defences.has(Defence::StepUp),
            email => email,
            banner => site.shop.banner(),
            notes => Serde(site.shop.notes()),
            orders => Serde(site.shop.orders()),
            wishes => Serde(Wishes::load(&visitor.session).await?),
            accounts => Serde(ACCOUNTS),
        },
    )
}

#[derive(Deserialize)]
pub(crate) struct Item {
    item: String,
}

pub(crate) async fn buy(
    State(site): State<Site>,
    visitor: Visitor,
    Form(Item { item }): Form<Item>,
) -> axum::response::Result<Redirect> {
    site.shop.order(visitor.name()?, check_length(item)?);
    Ok(Redirect::to("/"))
}

/// Buys on a GET, as in the article, so a link is enough.
pub(crate) async fn buy_by_get(
    State(site): State<Site>,
    visitor: Visitor,
    Query(Item { item }): Query<Item>,
) -> axum::response::Result<Redirect> {
    site.shop.order(visitor.name()?, check_length(item)?);
    Ok(Redirect::to("/"))
}

/// The wishes of a visitor, who does not need to log in.
#[derive(Default, Deserialize, Serialize)]
struct Wishes(Vec<String>);

impl Wishes {
    const KEY: &str = "wishes";

    async fn load(session: &Session) -> Result<Self, Error> {
        Ok(session.get(Self::KEY).await?.unwrap_or_default())
    }
}

pub(crate) async fn wish(visitor: Visitor, Form(Item { item }): Form<Item>) -> axum::response::Result<Redirect> {
    let mut wishes = Wishes::load(&visitor.session).await.map_err(Failure::from)?;
    wishes.0.truncate(9);
    wishes.0.insert(0, check_length(item)?);
    visitor.session.insert(Wishes::KEY, wishes).await.map_err(Failure::from)?;
    Ok(Redirect::to("/"))
}

#[derive(Deserialize)]
pub(crate) struct Text {
    text: String,
}

pub(crate) async fn note(
    State(site): State<Site>,
    visitor: Visitor,
    Form(Text { text }): Form<Text>,
) -> axum::response::Result<Redirect> {
    site.shop.write(&visitor.name()?, &check_length(text)?);
    Ok(Redirect::to("/"))
}

#[derive(Deserialize)]
pub(crate) struct Email {
    email: String,
    #[serde(default)]
    password: String,
}

// ANCHOR: email
/// Changes the email address. It controls the account, because a new password is sent to it.
pub(crate) async fn email(
    State(site): State<Site>,
    visitor: Visitor,
    client: Client,
    device: DeviceCookie,
    clock: Clock,
    Form(Email { email, password }): Form<Email>,
) -> axum::response::Result<Redirect> {
    let username = visitor.name()?;
    // ANCHOR: step_up
    if site.defences.has(Defence::StepUp)
        && !site.verify_password(&username, password, &client, &device, clock.now()).await?
    {
        return Err((StatusCode::FORBIDDEN, "That is not your password, so nothing was changed.\n").into());
    }
    // ANCHOR_END: step_up
    let email = check_length(email)?;
    if site.defences.has(Defence::StepUp) && site.defences.has(Defence::RenewAtLogin) {
        // After a check of the password, the ID is replaced (7.2.4). This comes first, while nothing else is done: if
        // another request has changed the session in the meantime, this one starts again.
        may_run_again(true);
        replace_id(&visitor.session).await.map_err(Failure::from)?;
        may_run_again(false);
    }
    site.shop.set_email(&username, email);
    Ok(Redirect::to("/"))
}
// ANCHOR_END: email

pub(crate) async fn banner(
    State(site): State<Site>,
    visitor: Visitor,
    Form(Text { text }): Form<Text>,
) -> axum::response::Result<Redirect> {
    if visitor.role != Some(Role::Admin) {
        return Err((StatusCode::FORBIDDEN, "Only an admin may do this.\n").into());
    }
    site.shop.set_banner(check_length(text)?);
    Ok(Redirect::to("/"))
}

fn check_length(text: String) -> Result<String, (StatusCode, String)> {
    let sentence = match text.chars().count() {
        0 => "Please fill in something.\n".to_owned(),
        count if count > LONGEST => format!("That is {count} characters, and the limit is {LONGEST}.\n"),
        _ => return Ok(text),
    };
    Err((StatusCode::UNPROCESSABLE_ENTITY, sentence))
}
