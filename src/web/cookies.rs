//! Cookies for a browser such as WebKit, which refuses `Secure` cookies over plain HTTP, even from this machine.

use axum::{
    Router,
    http::{HeaderMap, HeaderValue, header::SET_COOKIE},
    middleware,
    response::Response,
};

/// The header that tells the book's pages that `Secure` is removed, so that they can mention it.
const DONE: &str = "x-workbook-without-secure";

/// Returns the same studio, which removes `Secure` from each cookie for the browser. The inspector still shows the
/// cookie as the program has sent it, because it is between the program and the studio.
pub fn without_secure(studio: Router) -> Router {
    studio.layer(middleware::map_response(async |mut response: Response| {
        take_secure(response.headers_mut());
        response.headers_mut().insert(DONE, HeaderValue::from_static("1"));
        response
    }))
}

fn take_secure(headers: &mut HeaderMap) {
    let cookies: Vec<_> = headers.get_all(SET_COOKIE).iter().map(plain).collect();
    headers.remove(SET_COOKIE);
    for cookie in cookies {
        headers.append(SET_COOKIE, cookie);
    }
}

/// Removes `Secure` from a cookie. A cookie that is not text stays unchanged.
fn plain(cookie: &HeaderValue) -> HeaderValue {
    let Ok(text) = cookie.to_str() else { return cookie.clone() };
    let (value, attributes) = text.split_once(';').unwrap_or((text, ""));
    let kept = attributes.split(';').filter(|attribute| !attribute.trim().eq_ignore_ascii_case("secure"));
    let all: Vec<_> = [value].into_iter().chain(kept.filter(|attribute| !attribute.trim().is_empty())).collect();
    HeaderValue::from_str(&all.join(";")).unwrap_or_else(|_| cookie.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secure_is_taken_from_each_cookie_and_nothing_else() {
        let mut headers = HeaderMap::new();
        for cookie in ["id=Secure; HttpOnly; Secure; Path=/", "a=b;secure", "c=; Max-Age=0"] {
            headers.append(SET_COOKIE, HeaderValue::from_static(cookie));
        }
        take_secure(&mut headers);
        let left: Vec<_> = headers.get_all(SET_COOKIE).iter().collect();
        assert_eq!(left, ["id=Secure; HttpOnly; Path=/", "a=b", "c=; Max-Age=0"]);
    }
}
