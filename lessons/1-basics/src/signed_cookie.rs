//! The article's model: a signed cookie that holds the data itself. Anyone who has it can read it, and nobody can
//! revoke it.

use axum::{
    Router,
    response::{Html, Redirect},
    routing::{get, post},
};
use axum_extra::extract::{
    SignedCookieJar,
    cookie::{Cookie, Key, SameSite},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use lesson_page::Failure;
use session_inspector::Clock;

use crate::{page, server_side::Visitor, signed_value};

/// The cookie that carries the data.
pub(crate) const COOKIE: &str = "lesson-1-signed";
/// The length of the signature at the start of the cookie's value, in characters: HMAC-SHA256 in base64.
const SIGNATURE: usize = 44;

pub(crate) fn routes() -> Router<Key> {
    Router::new()
        .route("/set_session", post(set_session))
        .route("/get_session", get(get_session))
        .route("/logout", post(logout))
        .route("/clear_session", post(clear_session))
}

// ANCHOR: set
async fn set_session(jar: SignedCookieJar, clock: Clock) -> (SignedCookieJar, Redirect) {
    let visitor = Visitor { username: "JohnDoe".to_owned() };
    let value = signed_value::encode(COOKIE, &visitor, clock.now());
    (jar.add(cookie(value)), Redirect::to("/?cookie=set"))
}
// ANCHOR_END: set

// ANCHOR: get
async fn get_session(jar: SignedCookieJar, clock: Clock) -> Result<Html<String>, Failure> {
    page::who(read(&jar, &clock).map(|visitor| visitor.username))
}

pub(crate) fn read(jar: &SignedCookieJar, clock: &Clock) -> Option<Visitor> {
    let cookie = jar.get(COOKIE)?; // `None` if the signature is wrong
    signed_value::decode(COOKIE, cookie.value(), clock.now())
}
// ANCHOR_END: get

// ANCHOR: logout
async fn logout(jar: SignedCookieJar) -> (SignedCookieJar, Redirect) {
    (jar.remove(cookie(String::new())), Redirect::to("/?cookie=logged_out"))
}
// ANCHOR_END: logout

/// The session holds only the visitor, so clearing it and logging out are the same here.
async fn clear_session(jar: SignedCookieJar) -> (SignedCookieJar, Redirect) {
    (jar.remove(cookie(String::new())), Redirect::to("/?cookie=cleared"))
}

// ANCHOR: readable
/// Returns the data that anyone who has the cookie can read without the key.
pub(crate) fn without_the_key(value: &str) -> Option<String> {
    let payload = URL_SAFE_NO_PAD.decode(value.get(SIGNATURE..)?).ok()?;
    String::from_utf8(payload).ok()
}
// ANCHOR_END: readable

fn cookie(value: String) -> Cookie<'static> {
    Cookie::build((COOKIE, value)).path("/").http_only(true).secure(true).same_site(SameSite::Lax).build()
}
