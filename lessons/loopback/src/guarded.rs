//! Protects a page that shows visitors' requests and therefore their secrets.

use axum::{
    http::{
        HeaderName, HeaderValue,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
    response::Response,
};

/// Adds this content security policy and further headers to the page. No page of another origin can read any of it,
/// neither in a window nor as an image or a script, and no cache keeps a copy.
pub fn guarded(mut response: Response, policy: HeaderValue) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::{http::StatusCode, response::IntoResponse};

    use super::*;

    #[test]
    fn a_guarded_page_is_the_same_page_and_nobody_else_gets_it() {
        let page = (StatusCode::NOT_FOUND, [(CACHE_CONTROL, "public")], "nothing").into_response();
        let page = guarded(page, HeaderValue::from_static("default-src 'none'"));
        assert_eq!(page.status(), StatusCode::NOT_FOUND);
        for (name, value) in [
            ("content-security-policy", "default-src 'none'"),
            ("cache-control", "no-store"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(page.headers()[name], value, "{name}");
        }
    }
}
