//! Headers that restrict what a browser does with a page.

use axum::{
    Router,
    http::{
        HeaderName, HeaderValue,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
        },
    },
};
use tower_http::set_header::SetResponseHeaderLayer;

const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

// ANCHOR: headers
/// The headers of private pages without scripts.
#[derive(Clone, Debug)]
pub struct Headers(Vec<(HeaderName, HeaderValue)>);

impl Headers {
    /// Creates the headers. `style` is the policy's source for the only style sheet, such as `'sha256-…'`, and `frames`
    /// the sites that may show the pages in a frame, such as `'none'`. With `https`, HSTS makes the browser use only
    /// TLS, for a year, for this host and every host below it. Do not set it if any of them is served without TLS.
    ///
    /// # Panics
    /// If one of them has characters that are not allowed in a header.
    pub fn new(style: &str, frames: &str, https: bool) -> Self {
        // ANCHOR: policy
        // Allows only the named sources, and no scripts (3.4.3, 3.4.6).
        let policy = format!(
            "default-src 'none'; style-src {style}; img-src data:; form-action 'self'; base-uri 'none'; \
             frame-ancestors {frames}"
        );
        let mut headers = vec![
            (CONTENT_SECURITY_POLICY, policy.parse().expect("sources are text")),
            (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")), // 3.4.4
            (REFERRER_POLICY, HeaderValue::from_static("same-origin")),    // 3.4.5
            (CROSS_ORIGIN_OPENER_POLICY, HeaderValue::from_static("same-origin")), // 3.4.8
        ];
        // ANCHOR_END: policy
        if https {
            let hsts = HeaderValue::from_static("max-age=31536000; includeSubDomains"); // 3.4.1
            headers.push((STRICT_TRANSPORT_SECURITY, hsts));
        }
        Self(headers)
    }

    /// Wraps these pages, so that each response has each of these headers once, even if a handler has set one.
    pub fn around<S: Clone + Send + Sync + 'static>(self, pages: Router<S>) -> Router<S> {
        // No cache, because the next person at this computer may press "back" (14.3.2). A handler can override it.
        let no_store = HeaderValue::from_static("no-store");
        let pages = pages.layer(SetResponseHeaderLayer::if_not_present(CACHE_CONTROL, no_store));
        self.0
            .into_iter()
            .fold(pages, |pages, (name, value)| pages.layer(SetResponseHeaderLayer::overriding(name, value)))
    }
}
// ANCHOR_END: headers

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request, routing::get};
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_header_that_a_handler_has_said_is_not_said_twice() {
        let said = [(CACHE_CONTROL, "max-age=60"), (CONTENT_SECURITY_POLICY, "script-src *")];
        let pages = Router::new().route("/", get(async move || said));
        let request = Request::get("/").body(Body::empty()).unwrap();
        let answer = Headers::new("'none'", "'none'", false).around(pages).oneshot(request).await.unwrap();
        let all = |name| answer.headers().get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>();
        assert_eq!(all(CACHE_CONTROL), ["max-age=60"]);
        let policies = all(CONTENT_SECURITY_POLICY);
        assert!(policies.len() == 1 && policies[0].starts_with("default-src 'none'"), "{policies:?}");
    }
}
