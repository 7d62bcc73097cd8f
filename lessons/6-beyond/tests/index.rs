//! Tests all topics of the lesson together: their cookies, and the requests that they refuse.

use std::collections::BTreeSet;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{
        HeaderMap, Request, StatusCode,
        header::{CONTENT_TYPE, HOST, ORIGIN, SET_COOKIE},
        request::Builder,
    },
};
use tower::ServiceExt;
use tower_sessions::MemoryStore;

fn lesson() -> Router {
    lesson_6::app(MemoryStore::default())
}

fn request(method: &str, path: &str) -> Builder {
    let request = Request::builder().method(method).uri(path).header(HOST, "localhost:4006");
    request.header(CONTENT_TYPE, "application/x-www-form-urlencoded")
}

async fn send(app: &Router, request: Builder, form: &'static str) -> (StatusCode, HeaderMap, String) {
    let response = app.clone().oneshot(request.body(Body::from(form)).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
}

/// A form of each demo: its address, and its body.
const FORMS: &[(&str, &str)] = &[
    ("/flask/login", "user=alice"),
    ("/flask/cart", ""),
    ("/flask/logout", ""),
    ("/token/login", "username=alice"),
    ("/elsewhere/login", ""),
    ("/connection/login", "username=alice"),
    ("/two-at-once/uncompared/pear", ""),
    ("/two-at-once/compared/pear", ""),
    ("/two-at-once/stock/uncompared", ""),
    ("/two-at-once/stock/compared", ""),
    ("/two-at-once/stock/refill", ""),
    ("/release/renamed/1/add/cup", ""),
    ("/release/silent/1/add/cup", ""),
    ("/release/versioned/1/add/cup", ""),
    ("/release/key/1/remember", "name=alice"),
    ("/watching/wish", ""),
];

#[tokio::test(start_paused = true)]
async fn the_start_page_names_every_cookie_of_a_demo() {
    let app = lesson();
    let mut names = BTreeSet::new();
    for (path, form) in FORMS {
        let (_, headers, _) = send(&app, request("POST", path), form).await;
        let set = headers.get_all(SET_COOKIE).iter().filter_map(|line| line.to_str().ok()?.split('=').next());
        names.extend(set.map(str::to_owned));
    }
    let (_, _, page) = send(&app, request("GET", "/"), "").await;
    let named = page.split("<code>").skip(1).filter_map(|rest| rest.split("</code>").next()).map(str::to_owned);
    assert_eq!(named.collect::<BTreeSet<_>>(), names);
}

#[tokio::test(start_paused = true)]
async fn no_demo_accepts_a_form_of_another_site() {
    let app = lesson();
    for (path, form) in FORMS {
        for site in ["cross-site", "same-site"] {
            let forged = request("POST", path).header("sec-fetch-site", site);
            let (status, headers, _) = send(&app, forged, form).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{site} {path}");
            assert!(!headers.contains_key(SET_COOKIE), "{site} {path}");
        }
        let own = request("POST", path).header("sec-fetch-site", "same-origin");
        assert_ne!(send(&app, own, form).await.0, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn no_page_of_another_origin_logs_anybody_out_at_the_provider_or_answers_for_them() {
    let app = lesson();
    let provider = |path| {
        let request = Request::post(path).header(HOST, "id.localhost:4006");
        request.header(CONTENT_TYPE, "application/x-www-form-urlencoded")
    };
    let back = "http%3A%2F%2Flocalhost%3A4006%2Felsewhere%2Fback";
    let allow: &str = format!("client_id=lesson-6&redirect_uri={back}&person=alice").leak();
    for (path, form) in [("/logout", "person=alice"), ("/authorize", allow)] {
        for origin in ["http://evil.localhost:4006", "http://localhost:4006", "null"] {
            let (status, ..) = send(&app, provider(path).header(ORIGIN, origin), form).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{origin} {path}");
        }
        let (status, ..) = send(&app, provider(path).header(ORIGIN, "http://id.localhost:4006"), form).await;
        assert!(status.is_success() || status.is_redirection(), "{status} {path}");
    }
    let program = provider("/token").header(ORIGIN, "http://localhost:4006");
    let (status, _, body) = send(&app, program, "code=a&redirect_uri=b").await;
    assert_eq!((status, body.contains("invalid_client")), (StatusCode::BAD_REQUEST, true), "{body}");
    let (status, _, body) = send(&app, Request::post("/token").header(HOST, "id.localhost:4006"), "").await;
    assert_eq!((status, &*body), (StatusCode::BAD_REQUEST, r#"{"error":"invalid_request"}"#));
}

#[tokio::test]
async fn every_refusal_is_a_sentence_of_ours() {
    let app = lesson();
    let foreign = |path| request("POST", path).header("sec-fetch-site", "cross-site");
    let back = "/elsewhere/back?code=a&code=b&state=c";
    let of_provider = Request::get("/authorize?client_id=a").header(HOST, "id.localhost:4006");
    for (asked, status, sentence) in [
        (request("GET", back), 400, "This page does not expect the parameters in this address"),
        (request("GET", "/elsewhere?left=here&left=there"), 400, "This page does not expect the parameters"),
        (of_provider, 400, "This page does not expect the parameters"),
        (request("GET", "/release/versioned/9"), 404, "There is nothing at this address"),
        (request("GET", "/release/key/9"), 404, "The demo has releases 1 to 4"),
        (request("GET", "/no/such/page"), 404, "There is nothing at this address"),
        (request("GET", "/elsewhere/login"), 405, "This address does not accept this kind of request"),
        (request("GET", "/flask/login"), 405, "This address does not accept this kind of request"),
        (request("GET", "/connection/vulnerable"), 400, "This address is for a WebSocket"),
        (foreign("/elsewhere/login"), 403, "This request did not come from a page of this site"),
        (foreign("/token/login"), 403, "This request did not come from a page of this site"),
    ] {
        let (of_answer, headers, body) = send(&app, asked, "").await;
        assert_eq!((of_answer.as_u16(), body.starts_with(sentence)), (status, true), "{sentence}: {body}");
        let length = headers.get("content-length").map(|length| length.to_str().unwrap().to_owned());
        assert!(length.is_none_or(|length| length == body.len().to_string()), "{sentence}");
    }
}

#[tokio::test]
async fn the_friend_is_at_the_port_of_the_lesson_and_mallorys_page_is_where_the_page_says() {
    let app = lesson_6::app_on(4100, None, MemoryStore::default());
    for (host, is_refused, mallory) in [
        ("shop.localhost:4100", false, "on a neighboring host"),
        ("shop.localhost:4006", true, "on a neighboring host"),
        ("localhost:4100", true, "on another site"),
    ] {
        let (_, _, page) = send(&app, Request::get("/api-page").header(HOST, host), "").await;
        assert_eq!(page.contains("the friend is refused"), is_refused, "{host}");
        assert!(page.contains(mallory), "{host}: {page}");
        let login = Request::post("/connection/login").header(HOST, host);
        let login = login.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let (_, headers, _) = send(&app, login, "username=alice").await;
        let cookie = headers[SET_COOKIE].to_str().unwrap().split(';').next().unwrap();
        let page = Request::get("/connection").header(HOST, host).header("cookie", cookie);
        let (_, _, page) = send(&app, page, "").await;
        assert!(page.contains(mallory), "{host}: {page}");
    }
}
