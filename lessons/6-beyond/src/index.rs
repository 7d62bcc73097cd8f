//! The start page: every topic with a demo.

use axum::{Router, response::Html, routing::get};
use lesson_page::Failure;
use minijinja::{context, value::Serde};
use serde::Serialize;

use crate::{page::PAGES, two_at_once};

/// A topic, as the start page lists it.
#[derive(Serialize)]
struct Topic {
    /// The path of its demo.
    path: &'static str,
    title: &'static str,
    /// A sentence about the demo.
    about: &'static str,
}

/// The topics, in the order of the book.
const TOPICS: &[Topic] = &[
    Topic {
        path: "/flask",
        title: "From Flask to axum, route by route",
        about: "Some routes are still Flask, some are axum already, and a visitor has one session in both.",
    },
    Topic {
        path: "/token",
        title: "A token instead of a session?",
        about: "A signed token that outlives its logout, and the list that ends it.",
    },
    Topic {
        path: "/elsewhere",
        title: "Login with OpenID Connect",
        about: "A login at another site, the provider, and a logout from both sites.",
    },
    Topic {
        path: "/api-page",
        title: "fetch and CORS",
        about: "A script that uses the session cookie with fetch, and pages of other origins that try the same.",
    },
    Topic {
        path: "/connection",
        title: "WebSocket and server-sent events",
        about: "Connections that end with the session, and a page of mallory's that opens one.",
    },
    Topic {
        path: two_at_once::PATH,
        title: "Two requests at once",
        about: "Two tabs change one list, and two visitors ask for the last cup.",
    },
    Topic {
        path: "/release",
        title: "Deploying a new release",
        about: "Old and new programs share your session: the format of a cart changes, a signing key is rotated, and \
                an instance stops.",
    },
    Topic {
        path: "/watching",
        title: "Log, metrics and alarms",
        about: "A log, metrics and alarms without session IDs, and a list of what happened in your account.",
    },
];

pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/", get(index))
}

async fn index() -> Result<Html<String>, Failure> {
    PAGES.render("index.html", context! { topics => Serde(TOPICS) })
}
