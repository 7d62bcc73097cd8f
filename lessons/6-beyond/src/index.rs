//! The start page: every topic with a demo.

use axum::{Router, response::Html, routing::get};
use lesson_page::Failure;
use minijinja::{context, value::Serde};
use serde::Serialize;

use crate::{page::PAGES, two_at_once};

/// A topic, as the start page lists it.
#[derive(Serialize)]
struct Topic {
    /// Where its demo is.
    path: &'static str,
    title: &'static str,
    /// What somebody sees there, in a sentence.
    about: &'static str,
}

/// In the order of the book.
const TOPICS: &[Topic] = &[Topic {
    path: two_at_once::PATH,
    title: "Two at once",
    about: "Two tabs change one list, and two visitors ask for the last cup.",
}];

pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/", get(index))
}

async fn index() -> Result<Html<String>, Failure> {
    PAGES.render("index.html", context! { topics => Serde(TOPICS) })
}
