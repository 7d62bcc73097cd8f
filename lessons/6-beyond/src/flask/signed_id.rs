//! `SESSION_USE_SIGNER` of Flask-Session 0.8: an ID followed by a signature.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, header::COOKIE},
    middleware::Next,
    response::Response,
};
use lesson_page::removal;
use session_guard::readable_cookies;

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
pub async fn signed_id(State(cookie): State<SignedId>, request: Request, next: Next) -> Response {
    // The session layer decodes names, so another name could become ours after this check.
    let mut request = readable_cookies(request).await;
    match HeaderValue::try_from(cookie.unsigned(request.headers())) {
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
    /// Returns the cookies for the session layer: all others, and ours if it has a valid signature. Of several with our
    /// name, Flask uses the first.
    fn unsigned(&self, headers: &HeaderMap) -> String {
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let (mut kept, mut ours) = (Vec::new(), None);
        for pair in lines.flat_map(|line| line.split(';')) {
            match pair.split_once('=') {
                Some((name, value)) if name.trim() == self.name => _ = ours.get_or_insert(value.trim()),
                _ => kept.push(pair.trim().to_owned()),
            }
        }
        kept.extend(ours.and_then(|value| self.keys.unsign(value)).map(|id| format!("{}={id}", self.name)));
        kept.join("; ")
    }
}
