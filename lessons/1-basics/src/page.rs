//! What the visitor sees: templates, and the article's sentences.

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

/// `Logged in as JohnDoe`, or that nobody is.
pub(crate) fn who(user: Option<String>) -> Result<Html<String>, Failure> {
    PAGES.render("who.html", context! { user })
}

/// The article's sentence for what a redirect says was done. The address is the visitor's to write,
/// so only these words ever come out of it.
pub(crate) fn sentence(done: &str) -> Option<&'static str> {
    match done {
        "set" => Some("Session data set"),
        "logged_out" => Some("Logged out"),
        "cleared" => Some("Session cleared"),
        _ => None,
    }
}
