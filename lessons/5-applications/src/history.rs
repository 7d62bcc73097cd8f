//! The history of the pages that a visitor has seen.

use std::collections::VecDeque;

use axum::{
    extract::Request,
    http::{Method, header::CONTENT_TYPE},
    middleware::Next,
    response::{IntoResponse, Response},
};
use lesson_page::Failure;
use minijinja::{context, value::Serde};
use serde::{Deserialize, Serialize};
use tower_sessions::Session;

use crate::{page, session_data::SessionData, visitor::Visitor};

/// The maximum number of pages in the history.
const MOST: usize = 20;
/// The maximum length of a path that is recorded, in bytes.
const LONGEST: usize = 200;

/// Paths, the oldest first.
#[derive(Default, Deserialize, Serialize)]
struct History(VecDeque<String>);

impl SessionData for History {
    const KEY: &'static str = "history";
}

// ANCHOR: track
/// Records each page that a visitor with a session has seen. It creates no session for other visitors. Use it with
/// `from_fn`.
pub(crate) async fn track(session: Session, request: Request, next: Next) -> Result<Response, Failure> {
    let path = (request.method() == Method::GET).then(|| request.uri().path().to_owned());
    let response = next.run(request).await.into_response();
    let is_page = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if let Some(path) = path
        && is_page
        && response.status().is_success()
        && path.len() <= LONGEST
        && !session.is_empty().await
    {
        let mut history = History::load(&session).await?;
        history.0.push_back(path);
        while history.0.len() > MOST {
            history.0.pop_front();
        }
        history.save(&session).await?;
    }
    Ok(response)
}
// ANCHOR_END: track

pub(crate) async fn view(Visitor { session, user }: Visitor) -> Result<Response, Failure> {
    let history = History::load(&session).await?;
    page::render(&session, user.as_ref(), "history.html", context! { paths => Serde(&history.0) }).await
}
