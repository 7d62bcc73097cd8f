//! The lifetime of the cookie in the browser.

use axum::{extract::State, response::Response};
use lesson_page::removal;

use crate::settings::{Life, Settings};

// ANCHOR: age
/// Gives the session cookie the `Max-Age` of its [`Life`]. tower-sessions 0.15 itself uses one number for both: the
/// cookie's `Max-Age` is the session's lifetime on the server.
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
