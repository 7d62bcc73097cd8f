//! Filters the cookies of a request before the session layer reads them.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, header::COOKIE},
};

// ANCHOR: readable
/// Keeps only the cookies that tower-sessions reads exactly as they were sent. Use it with `map_request`, outside the
/// session layer. [`guard`](crate::guard()) does this, too.
///
/// It drops cookies that another host of the same domain may have set for an attack: those with a byte outside
/// printable ASCII, because they make the cookie parser skip the whole header, and those with a `%` in the name. The
/// parser reads `%5F%5FHost-id` as `__Host-id`. A browser does not, so it lets any host of the domain set that cookie.
pub async fn readable_cookies(mut request: Request) -> Request {
    leave_readable_cookies(request.headers_mut());
    request
}

pub(crate) fn leave_readable_cookies(headers: &mut HeaderMap) {
    let is_plain = |cookies: &HeaderValue| cookies.to_str().is_ok_and(|cookies| !cookies.contains('%'));
    if headers.get_all(COOKIE).iter().all(is_plain) {
        return;
    }
    let pairs = headers.get_all(COOKIE).iter().flat_map(|cookies| cookies.as_bytes().split(|byte| *byte == b';'));
    let readable: Vec<_> = pairs.filter(|pair| is_readable(pair)).collect();
    match HeaderValue::from_bytes(&readable.join(&b';')) {
        Ok(cookies) if !readable.is_empty() => drop(headers.insert(COOKIE, cookies)),
        _ => drop(headers.remove(COOKIE)),
    }
}

// ANCHOR: is_readable
fn is_readable(pair: &[u8]) -> bool {
    let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
    !name.contains(&b'%') && pair.iter().all(|byte| (b' '..=b'~').contains(byte))
}
// ANCHOR_END: is_readable
// ANCHOR_END: readable

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[tokio::test]
    async fn a_request_keeps_everything_but_cookies_that_no_parser_should_see() {
        let request = |cookies: &[&str]| {
            let start = Request::post("/buy?item=cup").header("origin", "http://localhost");
            let request = cookies.iter().fold(start, |request, cookies| request.header(COOKIE, *cookies));
            request.body(Body::empty()).unwrap()
        };
        for (sent, left) in [
            (&["id=1; theme=100%25"][..], "id=1; theme=100%25"),
            (&["id=1; %5F_Host-id=2; a=é; b=3"], "id=1; b=3"),
            (&["%69d=2", "id=1"], "id=1"),
            (&["%69d=2"], ""),
        ] {
            let request = readable_cookies(request(sent)).await;
            assert_eq!((request.method().as_str(), request.uri().to_string().as_str()), ("POST", "/buy?item=cup"));
            assert_eq!(request.headers()["origin"], "http://localhost");
            let cookies: Vec<_> = request.headers().get_all(COOKIE).iter().map(|it| it.to_str().unwrap()).collect();
            assert_eq!(cookies.join("; "), left);
        }
    }
}
