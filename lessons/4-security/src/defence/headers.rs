//! What the browser is told to forbid.

use axum::{
    http::{
        HeaderName, HeaderValue,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
        },
    },
    response::Response,
};

// ANCHOR: headers
/// The headers of private pages that run no scripts.
#[derive(Clone, Debug)]
pub struct Headers(Vec<(HeaderName, HeaderValue)>);

impl Headers {
    /// `style` is what the policy says of the pages' one style sheet, such as `'sha256-…'`, and `frames` who may show
    /// them in a frame, such as `'none'`. With `https` the browser is told to come by TLS only, for a year: do not say
    /// it on a host that is ever served without.
    ///
    /// # Panics
    /// They have characters that no header may have.
    pub fn new(style: &str, frames: &str, https: bool) -> Self {
        // Nothing is allowed but what is named, and no script at all (3.4.3, 3.4.6).
        let policy = format!(
            "default-src 'none'; style-src {style}; img-src data:; form-action 'self'; base-uri 'none'; \
             frame-ancestors {frames}"
        );
        let mut headers = vec![
            (CONTENT_SECURITY_POLICY, policy.parse().expect("sources are text")),
            (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")), // 3.4.4
            (REFERRER_POLICY, HeaderValue::from_static("same-origin")),    // 3.4.5
            // Not in any cache: the next person at this computer presses "back" (14.3.2).
            (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        if https {
            headers.push((STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"))); // 3.4.1
        }
        Self(headers)
    }

    /// `response` with these headers. For `axum::middleware::map_response`.
    pub fn on(&self, mut response: Response) -> Response {
        response.headers_mut().extend(self.0.iter().cloned());
        response
    }
}
// ANCHOR_END: headers
