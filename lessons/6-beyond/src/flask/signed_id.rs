//! `SESSION_USE_SIGNER` of Flask-Session 0.8: an ID followed by a signature.

use axum::{
    extract::{Request, State},
    http::{HeaderValue, header::COOKIE},
    middleware::Next,
    response::Response,
};
use lesson_page::removal;

use super::cookie::Keys;

/// The cookie of Flask-Session.
#[derive(Clone, Debug)]
pub struct SignedId {
    /// `SESSION_COOKIE_NAME`
    pub name: &'static str,
    /// Made by [`Keys::for_ids`]
    pub keys: Keys,
}

// ANCHOR: signed_id
/// Removes the signature from the ID in a request, and adds one to the ID in an answer. Use it with
/// `from_fn_with_state`, around the session layer. An ID without a valid signature does not reach that layer.
pub async fn signed_id(State(cookie): State<SignedId>, mut request: Request, next: Next) -> Response {
    let lines = request.headers().get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| cookie.unsigned(pair.trim()));
    let pairs: Vec<_> = pairs.collect();
    match HeaderValue::try_from(pairs.join("; ")) {
        Ok(pairs) if !pairs.is_empty() => drop(request.headers_mut().insert(COOKIE, pairs)),
        _ => drop(request.headers_mut().remove(COOKIE)),
    }
    let mut response = next.run(request).await;
    removal::change(&mut response, cookie.name, |set| {
        if !set.value().is_empty() {
            set.set_value(cookie.keys.sign(set.value()));
        }
    });
    response
}
// ANCHOR_END: signed_id

impl SignedId {
    /// The cookie pair for the session layer, or `None` if it is our cookie without a valid signature.
    fn unsigned(&self, pair: &str) -> Option<String> {
        match pair.split_once('=') {
            Some((name, value)) if name == self.name => Some(format!("{name}={}", self.keys.unsign(value)?)),
            _ => Some(pair.to_owned()),
        }
    }
}
