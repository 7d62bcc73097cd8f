//! The cookie's last touches: its own life, and a removal that browsers obey.

use axum::{
    extract::State,
    http::{HeaderValue, header::SET_COOKIE},
    response::Response,
};
use tower_sessions::cookie::Cookie;

use crate::settings::{Life, Settings};

// ANCHOR: finish
/// Gives the session cookie the life that [`Life`] says, and its removal the attributes it needs.
///
/// tower-sessions 0.15 makes one number of two: the cookie's `Max-Age` is the session's life at the server. And its
/// removal cookie has no `Secure`, so a browser refuses it for a name that begins with `__Host-`, and keeps the old one.
pub(crate) async fn finish(State(settings): State<Settings>, mut response: Response) -> Response {
    let life = response.extensions().get::<Life>().copied();
    let set: Vec<_> = response.headers().get_all(SET_COOKIE).iter().cloned().collect();
    response.headers_mut().remove(SET_COOKIE);
    for header in set {
        response.headers_mut().append(SET_COOKIE, finished(&settings, life, &header).unwrap_or(header));
    }
    response
}

/// The header of our own cookie as it should be; nothing for any other one.
fn finished(settings: &Settings, life: Option<Life>, header: &HeaderValue) -> Option<HeaderValue> {
    let mut cookie = Cookie::parse(header.to_str().ok()?).ok().filter(|cookie| cookie.name() == settings.cookie)?;
    if cookie.value().is_empty() {
        cookie.set_secure(true);
        cookie.set_http_only(true);
        cookie.set_same_site(settings.same_site);
    } else {
        cookie.set_max_age(life.and_then(|life| life.cookie));
    }
    cookie.to_string().parse().ok()
}
// ANCHOR_END: finish
