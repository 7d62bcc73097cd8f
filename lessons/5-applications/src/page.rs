//! Renders a page with the parts that all pages share.

use std::sync::LazyLock;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use lesson_page::{Failure, Pages};
use minijinja::{Value, context};
use tower_sessions::Session;

use crate::{
    cart::Cart,
    flash,
    preferences::{Notifications, Preferences},
    session_data::SessionData,
    shop::{Account, Role},
};

macro_rules! templates {
    ($($name:literal),*) => { &[$(($name, include_str!(concat!("../templates/", $name)))),*] };
}

pub(crate) static PAGES: LazyLock<Pages> = LazyLock::new(|| {
    Pages::new(
        "Lesson 5: applications",
        templates![
            "shop.html",
            "hello.html",
            "login.html",
            "profile.html",
            "dashboard.html",
            "cart.html",
            "history.html",
            "preferences.html",
            "sessions.html"
        ],
    )
});

// ANCHOR: render
/// Renders the page `name` with these values, and with the theme and the messages of this visitor.
pub(crate) async fn render(
    session: &Session,
    user: Option<&Account>,
    name: &str,
    values: Value,
) -> Result<Response, Failure> {
    let Preferences { theme, notifications } = Preferences::load(session).await?;
    let common = context! {
        user => user.map(|user| user.name.as_str()),
        is_admin => user.is_some_and(|user| user.role == Role::Admin),
        theme => theme.name(),
        notifications => notifications.name(),
        has_news => notifications == Notifications::Enabled,
        cart_count => Cart::load(session).await?.count(),
        messages => flash::take(session).await?,
    };
    Ok(PAGES.render(name, context! { ..values, ..common })?.into_response())
}
// ANCHOR_END: render

pub(crate) async fn not_found() -> (StatusCode, &'static str) {
    (StatusCode::NOT_FOUND, "There is no such page in this shop.\n")
}
