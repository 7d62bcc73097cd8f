//! The preferences of a visitor.

use axum::{
    Form,
    extract::rejection::FormRejection,
    http::StatusCode,
    response::{Redirect, Response},
};
use lesson_page::Failure;
use minijinja::context;
use serde::{Deserialize, Serialize};

use crate::{flash, page, session_data::SessionData, visitor::Visitor};

// ANCHOR: preferences
// ANCHOR: whole
/// All preferences in one value, so that they are saved completely or not at all.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Preferences {
    pub(crate) theme: Theme,
    pub(crate) notifications: Notifications,
}
// ANCHOR_END: whole

/// The colors of the pages.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Theme {
    #[default]
    Light,
    Dark,
}

/// Whether the pages show news.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Notifications {
    #[default]
    Enabled,
    Disabled,
}

impl SessionData for Preferences {
    const KEY: &'static str = "preferences";
}

// ANCHOR: set
pub(crate) async fn set(
    Visitor { session, .. }: Visitor,
    form: Result<Form<Preferences>, FormRejection>,
) -> axum::response::Result<Redirect> {
    let Ok(Form(preferences)) = form else {
        let sentence = "Nothing was saved: theme is light or dark, and notifications are enabled or disabled.\n";
        return Err((StatusCode::UNPROCESSABLE_ENTITY, sentence).into());
    };
    preferences.save(&session).await?;
    flash::add(&session, "Preferences saved").await?;
    Ok(Redirect::to("/set_preferences"))
}
// ANCHOR_END: set
// ANCHOR_END: preferences

impl Theme {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

impl Notifications {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        }
    }
}

pub(crate) async fn form(Visitor { session, user }: Visitor) -> Result<Response, Failure> {
    page::render(&session, user.as_ref(), "preferences.html", context! {}).await
}
