//! Tests the claims of lesson 1. The names begin with the number of the article's block (S01 set-up, S02 set and get,
//! S03 deletion, S20 clear).

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
    response::Response,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use http_body_util::BodyExt;
use lesson_1::signed_value::MAX_AGE;
use session_inspector::{Inspector, Operation};
use sha1::Sha1;
use tower::ServiceExt;
use tower_sessions::MemoryStore;

/// A browser with one cookie, and the lesson that it visits, behind its inspector.
struct Visitor {
    inspector: Inspector,
    app: Router,
    cookie: Option<String>,
}

impl Visitor {
    fn new() -> Self {
        let inspector = Inspector::default();
        let app = inspector.wrap(lesson_1::app(inspector.observe(MemoryStore::default())));
        Self { inspector, app, cookie: None }
    }

    async fn send(&mut self, method: &str, path: &str) -> (StatusCode, String) {
        let response = self.send_with(method, path, self.cookie.clone()).await;
        for set in response.headers().get_all(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            self.cookie = (!pair.ends_with('=')).then(|| pair.to_owned());
        }
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn send_with(&self, method: &str, path: &str, cookie: Option<String>) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        self.app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    async fn sees(&mut self, path: &str, words: &str) {
        let (status, page) = self.send("GET", path).await;
        assert_eq!(status, StatusCode::OK);
        assert!(page.contains(words), "{path} should say {words:?}:\n{page}");
    }
}

/// The book shows the transcript of this test.
fn snapshot(name: &str, visitor: &Visitor) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, visitor.inspector.transcript());
    });
}

#[tokio::test]
async fn s02_a_value_that_was_set_can_be_read() {
    let mut visitor = Visitor::new();
    assert_eq!(visitor.send("POST", "/set_session").await.0, StatusCode::SEE_OTHER);
    visitor.sees("/get_session", "Logged in as JohnDoe").await;
    snapshot("set_get", &visitor);
    for (done, sentence) in [("set", "Session data set"), ("logged_out", "Logged out"), ("cleared", "Session cleared")]
    {
        visitor.sees(&format!("/?server={done}"), sentence).await;
    }
    visitor.sees("/", "Logged in as <b>JohnDoe</b>").await;
}

#[tokio::test]
async fn a_visitor_with_nothing_to_remember_gets_no_cookie_and_no_record() {
    let mut visitor = Visitor::new();
    for path in ["/", "/get_session"] {
        visitor.sees(path, "You are not logged in").await;
    }
    assert_eq!(visitor.cookie, None);
    assert!(visitor.inspector.exchanges().iter().all(|exchange| exchange.calls.is_empty()));
}

#[tokio::test]
async fn the_store_is_asked_only_for_a_page_that_asks_the_session() {
    let mut visitor = Visitor::new();
    visitor.send("POST", "/set_session").await;
    for (path, calls) in [("/get_session", 1), ("/cookie/get_session", 0)] {
        visitor.send("GET", path).await;
        assert_eq!(visitor.inspector.exchanges().pop().unwrap().calls.len(), calls, "{path}");
    }
}

#[tokio::test]
async fn setting_the_same_value_again_saves_nothing_and_sends_no_cookie() {
    let mut visitor = Visitor::new();
    visitor.send("POST", "/set_session").await;
    visitor.send("POST", "/set_session").await;
    let again = visitor.inspector.exchanges().pop().unwrap();
    assert!(again.calls.iter().all(|call| call.operation == Operation::Load), "{again:?}");
    assert!(again.response.set_cookies.is_empty(), "{again:?}");
}

#[tokio::test]
async fn a_session_id_is_22_characters() {
    let mut visitor = Visitor::new();
    visitor.send("POST", "/set_session").await;
    assert_eq!(visitor.cookie.unwrap().strip_prefix("lesson-1=").unwrap().len(), 22);
}

#[tokio::test]
async fn the_demo_shows_what_can_be_read_in_a_signed_cookie() {
    let mut visitor = Visitor::new();
    visitor.send("POST", "/cookie/set_session").await;
    visitor.sees("/", "&quot;username&quot;:&quot;JohnDoe&quot;").await;
}

#[tokio::test]
async fn s02_in_the_cookie_model_the_store_is_never_asked() {
    let mut visitor = Visitor::new();
    visitor.send("POST", "/cookie/set_session").await;
    visitor.sees("/cookie/get_session", "Logged in as JohnDoe").await;
    assert!(visitor.inspector.exchanges().iter().all(|exchange| exchange.calls.is_empty()));
    snapshot("cookie_set_get", &visitor);
}

#[tokio::test]
async fn s03_after_a_logout_the_old_cookie_is_useless() {
    let mut visitor = Visitor::new();
    visitor.send("POST", "/set_session").await;
    let copy = visitor.cookie.clone();
    visitor.send("POST", "/logout").await;
    assert_eq!(visitor.cookie, None, "the browser was told to delete it");
    visitor.cookie = copy;
    visitor.sees("/get_session", "You are not logged in").await;
    snapshot("logout", &visitor);
}

#[tokio::test]
async fn s03_a_signed_cookie_still_logs_in_after_the_logout() {
    let mut visitor = Visitor::new();
    visitor.send("POST", "/cookie/set_session").await;
    let copy = visitor.cookie.clone();
    visitor.send("POST", "/cookie/logout").await;
    assert_eq!(visitor.cookie, None, "the browser was told to delete it");
    visitor.cookie = copy;
    visitor.sees("/cookie/get_session", "Logged in as JohnDoe").await;
    snapshot("cookie_logout", &visitor);
}

#[tokio::test]
async fn a_signed_cookie_is_accepted_for_two_weeks_and_no_longer() {
    let mut visitor = Visitor::new();
    visitor.send("POST", "/cookie/set_session").await;
    visitor.inspector.clock().skip(MAX_AGE.unsigned_abs() - Duration::from_mins(1));
    visitor.sees("/cookie/get_session", "Logged in as JohnDoe").await;
    visitor.inspector.clock().skip(Duration::from_mins(2));
    visitor.sees("/cookie/get_session", "You are not logged in").await;
}

#[tokio::test]
async fn after_the_logout_mallorys_copy_works_in_one_model_and_not_in_the_other() {
    for (prefix, verdict) in [("", "Mallory is not logged in."), ("/cookie", "Mallory is logged in.")] {
        let mut visitor = Visitor::new();
        visitor.sees(&format!("{prefix}/replay"), "She has nothing to send yet").await;
        visitor.send("POST", &format!("{prefix}/set_session")).await;
        visitor.sees("/", "JohnDoe").await;
        visitor.sees(&format!("{prefix}/replay"), "Mallory is logged in.").await;
        visitor.send("POST", &format!("{prefix}/logout")).await;
        visitor.sees(&format!("{prefix}/replay"), verdict).await;
    }
}

#[tokio::test]
async fn s20_clear_empties_the_record_and_keeps_the_session() {
    let mut visitor = Visitor::new();
    visitor.send("POST", "/set_session").await;
    let before = visitor.cookie.clone();
    visitor.send("POST", "/clear_session").await;
    assert_eq!(visitor.cookie, before, "the session keeps its ID");
    visitor.sees("/get_session", "You are not logged in").await;
    snapshot("clear", &visitor);
    let copy = visitor.cookie.clone();
    visitor.send("POST", "/set_session").await;
    visitor.cookie = copy;
    visitor.sees("/get_session", "Logged in as JohnDoe").await; // a copy of the old cookie works again
}

#[tokio::test]
async fn clear_does_not_adopt_an_id_that_nobody_issued() {
    let visitor = Visitor::new();
    let planted = "lesson-1=AAAAAAAAAAAAAAAAAAAAAA".to_owned();
    visitor.send_with("POST", "/clear_session", Some(planted)).await;
    let exchange = visitor.inspector.exchanges().pop().unwrap();
    assert!(exchange.response.set_cookies.iter().all(|cookie| cookie.value.is_empty()), "{exchange:?}");
    assert_eq!(exchange.session.after, None);
}

#[tokio::test]
async fn s01_a_signed_cookie_is_readable_without_the_key_and_a_changed_one_is_refused() {
    let mut visitor = Visitor::new();
    visitor.send("POST", "/cookie/set_session").await;
    let cookie = visitor.cookie.clone().unwrap();
    let (name, value) = cookie.split_once('=').unwrap();
    let (signature, payload) = value.split_at(value.rfind("%3D").unwrap() + 3); // base64's `=`, encoded for the header
    let readable = String::from_utf8(URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    assert!(readable.contains(r#""data":{"username":"JohnDoe"}"#), "{readable}");
    let changed = URL_SAFE_NO_PAD.encode(readable.replace("JohnDoe", "Admin"));
    visitor.cookie = Some(format!("{name}={signature}{changed}"));
    visitor.sees("/cookie/get_session", "You are not logged in").await;
}

// ANCHOR: flask_cookie
/// Makes a cookie in Flask's format: data, the time in seconds, and a signature, joined with dots.
fn flask_cookie(key: &str, data: &str, seconds: u32) -> String {
    let sign = |key: &[u8], text: &str| {
        let mut hmac = Hmac::<Sha1>::new_from_slice(key).unwrap();
        hmac.update(text.as_bytes());
        hmac.finalize().into_bytes()
    };
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let signed = format!("{}.{}", encode(data.as_bytes()), encode(&seconds.to_be_bytes()));
    let derived = sign(key.as_bytes(), "cookie-session");
    format!("{signed}.{}", encode(&sign(&derived, &signed)))
}
// ANCHOR_END: flask_cookie

// ANCHOR: forged
#[test]
fn s01_anyone_who_knows_the_articles_key_can_make_any_cookie() {
    let made_by_flask = "eyJ1c2VybmFtZSI6IkpvaG5Eb2UifQ.ZVPxAA.eBEStZ96ykEV1FibiUSOTl5HeLY";
    let made_here = flask_cookie("your_secret_key", r#"{"username":"JohnDoe"}"#, 1_700_000_000);
    assert_eq!(made_here, made_by_flask);
}
// ANCHOR_END: forged

#[tokio::test]
async fn reading_changes_nothing() {
    for method in ["GET", "HEAD"] {
        for path in [
            "/set_session",
            "/logout",
            "/clear_session",
            "/cookie/set_session",
            "/cookie/logout",
            "/cookie/clear_session",
        ] {
            let visitor = Visitor::new();
            let response = visitor.send_with(method, path, None).await;
            assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn what_the_address_says_is_not_echoed() {
    let mut visitor = Visitor::new();
    let (_, page) = visitor.send("GET", "/?server=%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert!(!page.contains("alert(1)"));
}

/// In a thousand IDs, each of the 128 bits is sometimes 0 and sometimes 1. Random IDs fail this once in 10^298 runs.
#[test]
fn every_one_of_the_128_bits_of_an_id_varies() {
    let ids: Vec<_> = (0..1000).map(|_| tower_sessions::session::Id::default().0).collect();
    let (ones, zeros) = ids.iter().fold((0, 0), |(ones, zeros), id| (ones | id, zeros | !id));
    assert_eq!((ones, zeros), (-1_i128, -1_i128));
}

#[tokio::test]
async fn every_page_of_a_cookie_is_httponly_secure_and_samesite() {
    for path in ["/set_session", "/cookie/set_session"] {
        let visitor = Visitor::new();
        let response = visitor.send_with("POST", path, None).await;
        let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap();
        for attribute in ["HttpOnly", "Secure", "SameSite"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
    }
}
