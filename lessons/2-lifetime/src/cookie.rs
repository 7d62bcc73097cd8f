//! The cookie's own life in the browser.

use axum::{extract::State, response::Response};
use lesson_page::removal;

use crate::settings::{Life, Settings};

// ANCHOR: age
/// Gives the session cookie the life that [`Life`] says, where tower-sessions 0.15 makes one number of two: the
/// cookie's `Max-Age` is the session's life at the server.
pub(crate) async fn age(State(settings): State<Settings>, mut response: Response) -> Response {
    let life = response.extensions().get::<Life>().copied();
    removal::change(&mut response, settings.cookie, |cookie| {
        if !cookie.value().is_empty() {
            cookie.set_max_age(life.and_then(|life| life.cookie));
        }
    });
    response
}
// ANCHOR_END: age
