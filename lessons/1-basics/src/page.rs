//! The pages that the visitor sees: templates, and the article's sentences.

use std::sync::LazyLock;

use axum::response::Html;
use lesson_page::{Failure, Pages};
use minijinja::context;

pub(crate) static PAGES: LazyLock<Pages> = LazyLock::new(|| {
    Pages::new(
        "Lesson 1: basics",
        &[
            ("index.html", include_str!("../templates/index.html")),
            ("who.html", include_str!("../templates/who.html")),
            ("replay.html", include_str!("../templates/replay.html")),
        ],
    )
});

/// The page that says `Logged in as JohnDoe`, or that nobody is logged in.
pub(crate) fn who(user: Option<String>) -> Result<Html<String>, Failure> {
    PAGES.render("who.html", context! { user })
}

/// The article's sentence for the action that a redirect names. A visitor can type any address, so the page shows only
/// these fixed sentences.
pub(crate) fn sentence(done: &str) -> Option<&'static str> {
    match done {
        "set" => Some("Session data set"),
        "logged_out" => Some("Logged out"),
        "cleared" => Some("Session cleared"),
        _ => None,
    }
}
