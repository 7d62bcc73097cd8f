//! A secret of the session that each of its forms contains (the synchronizer token pattern, ASVS 5.0 3.5.1).

use std::error::Error as _;

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{Method, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http_body_util::LengthLimitError;
use lesson_page::{BROKE_OFF, Failure, TOO_LONG};
use subtle::ConstantTimeEq;
use tower_sessions::{
    Session,
    session::{Error, Id},
};

/// The name of the hidden field.
pub const FIELD: &str = "csrf";
const KEY: &str = "csrf";
/// The maximum length of a form, in bytes. The server stores it in memory before it knows the sender.
const LONGEST: usize = 64 * 1024;

// ANCHOR: token
/// Returns the token for the forms of this session. The first call makes the token, and a session if there is none.
pub async fn token(session: &Session) -> Result<String, Error> {
    if let Some(token) = session.get(KEY).await? {
        return Ok(token);
    }
    let token = Id::default().to_string(); // 128 random bits, as secret as a session ID
    session.insert(KEY, &token).await?;
    Ok(token)
}

/// Removes the token, so that the next form gets a new one. Call it at a login, because an attacker may have read the
/// old token.
pub async fn rotate(session: &Session) -> Result<(), Error> {
    session.remove::<String>(KEY).await.map(drop)
}
// ANCHOR_END: token

// ANCHOR: require
/// Refuses a request that would change something if its form does not contain the session's token. Use it with
/// `from_fn`, inside the session layer, so that no handler can omit the check.
///
/// It accepts only forms in `application/x-www-form-urlencoded`. Any other body has no token.
pub async fn require_token(session: Session, request: Request, next: Next) -> Result<Response, Failure> {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(next.run(request).await);
    }
    let token: Option<String> = session.get(KEY).await?;
    let (parts, body) = request.into_parts();
    let form = match to_bytes(body, LONGEST).await {
        Ok(form) => form,
        Err(error) => return Ok(not_read(&error).into_response()),
    };
    let sent = form_urlencoded::parse(&form).find(|(name, _)| name == FIELD).map(|(_, value)| value);
    if !verify_token(token.as_deref(), sent.as_deref()) {
        let sentence = "This form is out of date, so nothing was done: go back, reload the page and try again.\n";
        return Ok((StatusCode::FORBIDDEN, sentence).into_response());
    }
    Ok(next.run(Request::from_parts(parts, Body::from(form))).await)
}

fn not_read(error: &axum::Error) -> (StatusCode, &'static str) {
    if error.source().is_some_and(|source| source.is::<LengthLimitError>()) {
        return (StatusCode::PAYLOAD_TOO_LARGE, TOO_LONG);
    }
    (StatusCode::BAD_REQUEST, BROKE_OFF)
}

/// Whether `sent`, the token in a form, is the session's token. The comparison takes constant time.
pub fn verify_token(token: Option<&str>, sent: Option<&str>) -> bool {
    token.zip(sent).is_some_and(|(token, sent)| token.as_bytes().ct_eq(sent.as_bytes()).into())
}
// ANCHOR_END: require

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_of_a_session_that_has_one_is_accepted() {
        assert!(verify_token(Some("secret"), Some("secret")));
        for (token, sent) in [
            (Some("secret"), None),
            (None, Some("")),
            (None, None),
            (Some("secret"), Some("secre")),
            (Some("a"), Some("b")),
        ] {
            assert!(!verify_token(token, sent), "{token:?} {sent:?}");
        }
    }
}
