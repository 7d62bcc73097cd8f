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
const TOPICS: &[Topic] = &[Topic {
        path: "/watching",
        title: "Watching it",
        about: "Metrics, a log and alarms without a session ID, and what has happened in your account.",
    },
Topic {
        path: "/elsewhere",
        title: "Signing in elsewhere",
        about: "A login with OpenID Connect at a provider of its own, and the logout from both.",
    },
Topic {
        path: "/token",
        title: "A token instead of a session?",
        about: "A signed token that outlives its logout, and the list that ends it.",
    },
];
    },
];

pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/", get(index))
}

async fn index() -> Result<Html<String>, Failure> {
    PAGES.render("index.html", context! { topics => Serde(TOPICS) })
}
