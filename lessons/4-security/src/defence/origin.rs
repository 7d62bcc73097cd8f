//! The origin check: the browser names the site whose page started a request.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tower_http::csrf::{CsrfLayer, ProtectionError};

// ANCHOR: check
/// Refuses a request that would change something and that a page of another origin started (ASVS 5.0 3.5.1). It needs
/// neither a session nor a token, so it also protects the login form.
///
/// The library trusts `Sec-Fetch-Site`. Without that header it compares `Origin` with the host of the request. A
/// request with neither header passes.
pub fn check() -> CsrfLayer<fn(ProtectionError) -> Response> {
    CsrfLayer::new().with_rejection_response(refused)
}

fn refused(_: ProtectionError) -> Response {
    let sentence = "This request did not come from a page of this site, so nothing was done. (If your own program sent \
                    it, add the header Sec-Fetch-Site: none.)\n";
    (StatusCode::FORBIDDEN, sentence).into_response()
}
// ANCHOR_END: check

#[cfg(test)]
mod tests {
    use axum::{
        Router,
        body::Body,
        http::{HeaderName, Method, Request},
        routing::any,
    };
    use tower::ServiceExt;

    use super::*;

    type Headers = [(&'static str, &'static str)];

    async fn passes(method: Method, uri: &str, headers: &Headers) -> bool {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(HeaderName::from_static(name), *value);
        }
        let shop = Router::new().route("/buy", any(async || "bought")).layer(check());
        let answer = shop.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        answer.status() != StatusCode::FORBIDDEN
    }

    #[tokio::test]
    async fn a_request_is_our_own_if_the_browser_says_so() {
        let own = [
            &[("sec-fetch-site", "same-origin")][..],
            &[("sec-fetch-site", "none")],
            &[("origin", "https://shop.example"), ("host", "shop.example"), ("cookie", "a=1")],
            &[("host", "shop.example")],
        ];
        let foreign = [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://shop.example"), ("host", "shop.example")],
            &[("origin", "https://evil.example"), ("host", "shop.example")],
            &[("origin", "https://shop.example.evil.example"), ("host", "shop.example")],
            &[("origin", "null"), ("host", "shop.example")],
            &[("origin", "https://shop.example:8443"), ("host", "shop.example")],
            &[("origin", "null")],
        ];
        for headers in own {
            assert!(passes(Method::POST, "/buy", headers).await, "{headers:?}");
        }
        for headers in foreign {
            assert!(!passes(Method::POST, "/buy", headers).await, "{headers:?}");
            assert!(passes(Method::GET, "/buy", headers).await, "a GET reads: {headers:?}");
        }
    }

    /// The cases in which the library's check is less strict than one could expect.
    #[tokio::test]
    async fn the_check_accepts_some_requests_without_all_headers() {
        // Current browsers send at least one of the headers with a POST. A cookie alone proves nothing, and passes.
        assert!(passes(Method::POST, "/buy", &[("host", "shop.example"), ("cookie", "a=1")]).await);
        // In HTTP/2 the host is in the request target, and there is no `Host`.
        let origin = [("origin", "https://shop.example")];
        assert!(passes(Method::POST, "https://shop.example/buy", &origin).await);
        assert!(!passes(Method::POST, "https://other.example/buy", &origin).await);
        // The library compares the host but not the scheme, so a request from an http page passes at https.
        let plain = [("origin", "http://shop.example"), ("host", "shop.example")];
        assert!(passes(Method::POST, "/buy", &plain).await);
    }
}
