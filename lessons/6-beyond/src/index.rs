//! The start page: every topic with a demo.

use axum::{Router, response::Html, routing::get};
use lesson_page::Failure;
use minijinja::{context, value::Serde};
use serde::Serialize;

use crate::page::PAGES;

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
const TOPICS: &[Topic] = &[
    Topic {
        path: "/connection",
        title: "A connection that stays",
        about: "Server-sent events and a WebSocket that end with the session, and a page of mallory's that opens one.",
    },
    Topic {
        path: "/token",
        title: "A token instead of a session?",
        about: "A signed token that outlives its logout, and the list that ends it.",
    },
    Topic {
        path: "/api-page",
        title: "A page that is a program",
        about: "JSON and fetch with the session's cookie, and pages of other origins that try the same.",
    },
];

pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/", get(index))
}

async fn index() -> Result<Html<String>, Failure> {
    PAGES.render("index.html", context! { topics => Serde(TOPICS) })
}
