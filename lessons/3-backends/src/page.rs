//! The pages that the visitor sees: templates, and the article's sentences.

use std::sync::LazyLock;

use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
    response::Redirect,
};
use lesson_page::Pages;
use serde::Deserialize;

pub(crate) static PAGES: LazyLock<Pages> = LazyLock::new(|| {
    Pages::new(
        "Lesson 3: backends",
        &[
            ("index.html", include_str!("../templates/index.html")),
            ("who.html", include_str!("../templates/who.html")),
            ("front.html", include_str!("../templates/front.html")),
        ],
    )
});

/// The last action, which a redirect passes on to the next page.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Done {
    #[default]
    Nothing,
    Set,
    Cleared,
    LoggedOut,
}

impl Done {
    /// Returns the article's sentence.
    pub(crate) fn sentence(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Set => Some("Session data set"),
            Self::Cleared => Some("Session cleared"),
            Self::LoggedOut => Some("Logged out"),
        }
    }

    /// Redirects to the index, which shows the sentence.
    pub(crate) fn back(self) -> Redirect {
        Redirect::to(match self {
            Self::Nothing => "/",
            Self::Set => "/?done=set",
            Self::Cleared => "/?done=cleared",
            Self::LoggedOut => "/?done=logged_out",
        })
    }
}

impl<S: Sync> FromRequestParts<S> for Done {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        /// A visitor can type any address. An unknown word shows no sentence.
        #[derive(Deserialize)]
        struct Said {
            done: Done,
        }
        Ok(Query::try_from_uri(&parts.uri).map(|Query(Said { done })| done).unwrap_or_default())
    }
}
