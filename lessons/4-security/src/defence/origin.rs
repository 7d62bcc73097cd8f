//! Whose request is it? Asked of the browser, which knows.

use axum::{
    extract::Request,
    http::{
        HeaderMap, HeaderName, Method, StatusCode,
        header::{COOKIE, HOST, ORIGIN},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

// ANCHOR: check
/// Refuses a request that would change something and that a page of another origin began (ASVS 5.0 3.5.1).
///
/// For `axum::middleware::from_fn`. It needs no session and no token, and protects the login form too.
pub async fn check(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if reads || is_own(request.headers()) {
        return next.run(request).await;
    }
    let sentence = "This was not sent from a page of ours, so nothing was done. \
                    (A program that means it says Sec-Fetch-Site: none.)\n";
    (StatusCode::FORBIDDEN, sentence).into_response()
}

/// Whether a page of this very origin began the request, or the visitor did it herself.
fn is_own(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("not text"));
    // Every current browser says it, and no page can make it say something else. `same-site` is a neighbour
    // on another host or port, which may be anyone's.
    if let Some(site) = text(SEC_FETCH_SITE) {
        return matches!(site, "same-origin" | "none");
    }
    // A browser from before 2023 says at least where the page came from.
    if let Some(origin) = text(ORIGIN) {
        let host = origin.split_once("://").map(|(_, host)| host);
        return host.is_some() && host == text(HOST);
    }
    // No browser said anything. Without a cookie there is nobody whose session could be ridden.
    !headers.contains_key(COOKIE)
}
// ANCHOR_END: check

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_our_own_if_the_browser_says_so() {
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
            &[("origin", "null"), ("host", "shop.example")],
            &[("origin", "https://shop.example:8443"), ("host", "shop.example")],
            &[("origin", "null")],
            &[("cookie", "a=1")],
        ];
        let headers = |pairs: &[(&'static str, &'static str)]| {
            pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
        };
        for pairs in own {
            assert!(is_own(&headers(pairs)), "{pairs:?}");
        }
        for pairs in foreign {
            assert!(!is_own(&headers(pairs)), "{pairs:?}");
        }
    }
}
