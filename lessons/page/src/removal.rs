//! A removal of the session cookie that browsers accept.

use axum::{
    extract::State,
    http::{HeaderValue, header::SET_COOKIE},
    response::Response,
};
use tower_sessions::cookie::{Cookie, SameSite};

// ANCHOR: complete
/// The settings of the session cookie. They must be the same as in the session layer.
#[derive(Clone, Copy, Debug)]
pub struct SessionCookie {
    /// The cookie's name.
    pub name: &'static str,
    /// The cookie's `SameSite` attribute.
    pub same_site: SameSite,
}

// ANCHOR: fix
/// Gives the removal of the session cookie the same attributes as the cookie. Use it with `map_response_with_state`,
/// outside the session layer.
///
/// The removal that tower-sessions 0.15 sends lacks `Secure`. For a name that begins with `__Host-`, a browser ignores
/// such a line (RFC 6265bis, section 5.7) and keeps the cookie.
pub async fn complete(
    State(SessionCookie { name, same_site }): State<SessionCookie>,
    mut response: Response,
) -> Response {
    change(&mut response, name, |cookie| {
        if cookie.value().is_empty() {
            cookie.set_secure(true);
            cookie.set_http_only(true);
            cookie.set_same_site(same_site);
        }
    });
    response
}
// ANCHOR_END: fix

/// Changes each `Set-Cookie` line for the cookie with this name, and leaves the other lines unchanged.
pub fn change(response: &mut Response, name: &str, change: impl Fn(&mut Cookie)) {
    let lines: Vec<_> = response.headers().get_all(SET_COOKIE).iter().cloned().collect();
    response.headers_mut().remove(SET_COOKIE);
    for line in lines {
        response.headers_mut().append(SET_COOKIE, changed(&line, name, &change).unwrap_or(line));
    }
}

fn changed(line: &HeaderValue, name: &str, change: impl Fn(&mut Cookie)) -> Option<HeaderValue> {
    let mut cookie = Cookie::parse(line.to_str().ok()?).ok().filter(|cookie| cookie.name() == name)?;
    change(&mut cookie);
    cookie.to_string().parse().ok()
}
// ANCHOR_END: complete
