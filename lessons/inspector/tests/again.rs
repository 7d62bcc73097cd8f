//! Tests the requests that the inspector's page sends: repeated, edited, or with another visitor's cookie.

use std::{convert::Infallible, future::pending, net::SocketAddr, sync::Arc};

use axum::{
    Extension, Form, Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, StatusCode, Uri, header},
    response::Response,
    routing::{any, get, post},
};
use futures_util::stream;
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::Value;
use session_inspector::{Exchange, FromPage, Inspector};
use tower::ServiceExt;
use tower_sessions::{MemoryStore, Session, SessionManagerLayer, SessionStore};

#[derive(Deserialize)]
struct Login {
    user: String,
    password: String,
}

async fn log_in(session: Session, Form(login): Form<Login>) -> Result<(), StatusCode> {
    if login.password != "correct horse" {
        return Err(StatusCode::FORBIDDEN);
    }
    session.insert("user", login.user).await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

async fn user(session: Session) -> String {
    let user: Option<String> = session.get("user").await.unwrap();
    user.unwrap_or_else(|| "nobody".to_owned())
}

async fn echo(method: Method, uri: Uri, headers: HeaderMap, body: String) -> String {
    let header = |name: &str| headers.get(name).map_or("none", |value| value.to_str().unwrap()).to_owned();
    format!(
        "{method} {uri} x-a={} cookie={} length={} {body}",
        header("x-a"),
        header("cookie"),
        header("content-length")
    )
}

fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/", get(user))
        .route("/login", post(log_in))
        .route("/echo", any(echo))
        .route("/unread", post(async || "unread"))
        .route("/endless", get(async || Body::from_stream(stream::repeat(Ok::<_, Infallible>(&[b'x'; 1024][..])))))
        .route("/silent", get(async || pending::<()>().await))
        .route("/peer", get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }))
        .layer(SessionManagerLayer::new(store))
}

/// An app behind the inspector, and the inspector's page.
struct Inspected {
    inspector: Inspector,
    app: Router,
    page: Router,
}

impl Inspected {
    fn new() -> Self {
        let inspector = Inspector::default();
        let app = inspector.wrap(app(inspector.observe(MemoryStore::default())));
        let page = inspector.page("'none'");
        Self { inspector, app, page }
    }

    /// Sends a visitor's request to this host, with this cookie and body.
    async fn visit(&self, host: &str, method: &str, target: &str, cookie: &str, body: &str) -> Response {
        let request = Request::builder().method(method).uri(target).header(header::HOST, format!("{host}:4001"));
        let request =
            request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").header("x-a", "browser");
        let request = request.header(header::COOKIE, cookie).header(header::CONTENT_LENGTH, body.len());
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let (parts, body) = self.app.clone().oneshot(request).await.unwrap().into_parts();
        Response::from_parts(parts, Body::from(body.collect().await.unwrap().to_bytes()))
    }

    async fn log_in(&self, host: &str) -> String {
        let answer = self.visit(host, "POST", "/login", "", &format!("user={host}&password=correct+horse")).await;
        answer.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned()
    }

    async fn ask(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> (StatusCode, String) {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::builder().method(method).uri(path).header(header::HOST, "inspector.localhost:4051");
        let request = request.header("sec-fetch-site", "same-origin");
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(Body::from(form));
        let answer = self.page.clone().oneshot(request.unwrap()).await.unwrap();
        let status = answer.status();
        let text = answer.into_body().collect().await.unwrap().to_bytes().to_vec();
        (status, String::from_utf8(text).unwrap())
    }

    /// Lets the page send a request with these fields, and returns the exchange.
    async fn send(&self, fields: &[(&str, &str)]) -> Exchange {
        let before = self.inspector.newest();
        let answer = self.ask("POST", "/send", fields).await;
        assert_eq!(answer, (StatusCode::NO_CONTENT, String::new()));
        let mut since = self.inspector.exchanges_since(before);
        assert_eq!(since.len(), 1);
        since.remove(0)
    }

    async fn refused(&self, fields: &[(&str, &str)]) -> (u16, String) {
        let before = self.inspector.newest();
        let (status, why) = self.ask("POST", "/send", fields).await;
        assert!(status != StatusCode::NO_CONTENT && self.inspector.newest() == before, "{fields:?}");
        (status.as_u16(), why)
    }

    async fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.ask("GET", path, &[]).await.1).unwrap()
    }
}

#[tokio::test]
async fn a_request_is_sent_again_as_it_was_with_the_secrets_that_the_page_does_not_show() {
    let inspected = Inspected::new();
    inspected.log_in("alice.localhost").await;
    let again = inspected.send(&[("number", "1")]).await;
    assert_eq!(again.response.status, 200, "the password was right");
    assert_eq!(again.request.body.text, "user=alice.localhost&password=•••");
    assert_eq!((again.visitor.as_str(), again.from_page), ("alice", Some(FromPage { again: Some(1) })));
    assert!(inspected.inspector.exchanges()[0].from_page.is_none());
}

#[tokio::test]
async fn anyone_with_a_copy_of_a_cookie_is_taken_for_its_owner() {
    let inspected = Inspected::new();
    let cookie = inspected.log_in("localhost").await;
    let taken = inspected
        .send(&[
            ("number", "1"),
            ("visitor", "mallory"),
            ("method", "GET"),
            ("target", "/"),
            ("cookie", &cookie),
            ("headers", "host: localhost:4001"),
            ("body", ""),
        ])
        .await;
    assert_eq!((taken.response.status, taken.response.body.says.as_deref()), (200, Some("localhost")));
    assert_eq!((taken.visitor.as_str(), taken.from_page), ("mallory", Some(FromPage { again: Some(1) })));
    // Another visitor already had the cookie, so it keeps its letter.
    inspected.visit("localhost", "GET", "/", &cookie, "").await;
    assert_eq!(inspected.inspector.exchanges().pop().unwrap().visitor, "A");
    let jars = inspected.json("/jars").await;
    assert_eq!((&jars["A"], &jars["mallory"]), (&Value::from(cookie.as_str()), &Value::from(cookie.as_str())));
}

#[tokio::test]
async fn what_is_edited_is_sent_so_and_the_rest_as_it_was() {
    let inspected = Inspected::new();
    inspected.visit("localhost", "POST", "/echo?a=1&token=t", "id=1; id=2", "x=1&password=p").await;
    let says = async |fields: &[(&str, &str)]| inspected.send(fields).await.response.body.text;
    let number = ("number", "1");
    assert_eq!(says(&[number]).await, "POST /echo?a=1&token=t x-a=browser cookie=id=1; id=2 length=14 x=1&password=p");
    assert_eq!(
        says(&[number, ("body", "x=22&password=•••"), ("target", "/echo?a=2&token=•••")]).await,
        "POST /echo?a=2&token=t x-a=browser cookie=id=1; id=2 length=15 x=22&password=p"
    );
    assert_eq!(
        says(&[number, ("method", "DELETE"), ("headers", "x-a: me\r\n\ncookie: id=3"), ("cookie", ""), ("body", "")])
            .await,
        "DELETE /echo?a=1&token=t x-a=me cookie=none length=none "
    );
}

#[tokio::test]
async fn a_plain_request_goes_to_the_host_that_was_asked_last() {
    let inspected = Inspected::new();
    let plain = inspected.send(&[]).await;
    assert_eq!((plain.request.method.as_str(), plain.request.target.as_str()), ("GET", "/"));
    assert_eq!((plain.visitor.as_str(), plain.from_page), ("", Some(FromPage { again: None })));
    inspected.visit("bob.localhost", "GET", "/", "", "").await;
    assert_eq!(inspected.send(&[]).await.visitor, "bob");
    assert_eq!(inspected.send(&[("visitor", "alice")]).await.visitor, "alice");
}

#[tokio::test]
async fn a_handler_can_ask_for_the_clients_address() {
    let inspected = Inspected::new();
    assert_eq!(inspected.send(&[("target", "/peer")]).await.response.body.text, "127.0.0.1:0");
    let peer: SocketAddr = "127.0.0.1:999".parse().unwrap();
    let request = Request::get("/peer").extension(ConnectInfo(peer)).body(Body::empty()).unwrap();
    inspected.app.clone().oneshot(request).await.unwrap();
    assert_eq!(inspected.send(&[("number", "2")]).await.response.body.text, "127.0.0.1:999");
}

#[tokio::test]
async fn what_is_no_request_is_refused_with_a_sentence() {
    let inspected = Inspected::new();
    for (field, value, rule) in [
        ("method", "A B", "a method is one word, such as GET"),
        ("target", "/a b", "a path begins with / and has no space"),
        ("target", "http://evil.example/", "a path begins with / and has no space"),
        ("headers", "a: b\nno colon", "a header is a name, a colon and a value"),
        ("headers", "a b: c", "a header is a name, a colon and a value"),
        ("cookie", "a=\n", "a Cookie header is one line without control characters"),
        ("visitor", "<b>", "a visitor's name has at most 32 letters and digits"),
        ("visitor", &"x".repeat(33), "a visitor's name has at most 32 letters and digits"),
    ] {
        let (status, why) = inspected.refused(&[(field, value)]).await;
        assert!(status == 422 && why.starts_with(&format!("It was not sent: {rule}. You wrote ")), "{why}");
    }
}

#[tokio::test]
async fn a_request_of_almost_64_kib_is_sent_again() {
    let inspected = Inspected::new();
    inspected.visit("localhost", "POST", "/echo", "", &"x".repeat(63 * 1024)).await;
    assert_eq!(inspected.send(&[("number", "1")]).await.request.body.bytes, 63 * 1024);
}

#[tokio::test]
async fn what_is_not_kept_is_not_sent() {
    let inspected = Inspected::new();
    let gone = (404, "Request 7 is no longer on the timeline.".to_owned());
    assert_eq!(inspected.refused(&[("number", "7")]).await, gone);
    let why = "it was longer than 64 KiB, or the app did not read it to its end";
    inspected.visit("localhost", "POST", "/echo", "", &"x".repeat(65 * 1024)).await;
    inspected.visit("localhost", "POST", "/unread", "", "unread").await;
    for number in ["1", "2"] {
        let expected = (404, format!("Request {number} was not kept: {why}."));
        assert_eq!(inspected.refused(&[("number", number)]).await, expected);
        assert_eq!(inspected.ask("GET", &format!("/requests/{number}"), &[]).await.0, StatusCode::NOT_FOUND);
    }
    inspected.inspector.clear();
    assert_eq!(inspected.refused(&[("number", "1")]).await.0, 404);
}

#[tokio::test(start_paused = true)]
async fn an_app_that_does_not_answer_is_not_waited_for() {
    let inspected = Inspected::new();
    let answer = inspected.ask("POST", "/send", &[("target", "/silent")]).await;
    assert_eq!(answer, (StatusCode::GATEWAY_TIMEOUT, "The app did not answer within 10 seconds.".to_owned()));
    assert_eq!(inspected.inspector.exchanges().pop().unwrap().response.status, 499);
}

#[tokio::test]
async fn one_mebibyte_is_read_of_an_answer_that_does_not_end() {
    let body = Inspected::new().send(&[("target", "/endless")]).await.response.body;
    assert_eq!(body.bytes, 1025 * 1024, "the last piece is beyond the limit");
}

#[tokio::test]
async fn an_inspector_does_not_keep_its_app() {
    let inspector = Inspector::default();
    let owned = Arc::new(());
    let app = app(inspector.observe(MemoryStore::default())).layer(Extension(owned.clone()));
    let inspected = Inspected { app: inspector.wrap(app), page: inspector.page("'none'"), inspector };
    inspected.send(&[]).await;
    let Inspected { inspector, app, page } = inspected;
    drop(app);
    assert_eq!(Arc::strong_count(&owned), 1);
    let inspected = Inspected { inspector, app: Router::new(), page };
    assert_eq!(inspected.refused(&[]).await, (404, "The app is not running.".to_owned()));
}

#[tokio::test]
async fn a_past_request_can_be_edited_and_copied() {
    let inspected = Inspected::new();
    inspected.visit("alice.localhost", "POST", "/echo?token=t", "id=1", "password=p").await;
    let shown = inspected.json("/requests/1").await;
    let expected = serde_json::json!({
        "method": "POST", "target": "/echo?token=•••", "cookie": "id=1", "body": "password=•••",
        "headers": "host: alice.localhost:4001\ncontent-type: application/x-www-form-urlencoded\nx-a: browser\n",
        "curl": "# replace each ••• with the secret\ncurl -i -X POST --globoff --path-as-is -b 'id=1' \
                 -H 'content-type: application/x-www-form-urlencoded' -H 'x-a: browser' \
                 --data-raw 'password=•••' 'http://alice.localhost:4001/echo?token=•••'",
    });
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn a_jar_holds_the_cookies_that_were_sent_and_set_and_not_removed() {
    let inspected = Inspected::new();
    let alice = inspected.log_in("alice.localhost").await;
    let bob = inspected.log_in("bob.localhost").await;
    inspected.visit("bob.localhost", "GET", "/echo", &format!("{bob}; theme=dark"), "").await;
    // The store does not know mallory's ID, so the answer tells the browser to delete the cookie.
    inspected.visit("mallory.localhost", "GET", "/", "id=AAAAAAAAAAAAAAAAAAAAAA; theme=light", "").await;
    let expected = serde_json::json!({ "alice": alice, "bob": format!("{bob}; theme=dark"), "mallory": "theme=light" });
    assert_eq!(inspected.json("/jars").await, expected);
}

#[tokio::test]
async fn no_other_origin_sends_or_reads_anything() {
    let inspected = Inspected::new();
    inspected.log_in("alice.localhost").await;
    for (method, path) in [
        ("POST", "/send"),
        ("GET", "/jars"),
        ("GET", "/requests/1"),
        ("GET", "/timeline.json"),
        ("GET", "/timeline.md"),
    ] {
        for site in ["cross-site", "same-site"] {
            let request = Request::builder().method(method).uri(path).header(header::HOST, "inspector.localhost");
            let request = request.header("sec-fetch-site", site).body(Body::empty()).unwrap();
            assert_eq!(inspected.page.clone().oneshot(request).await.unwrap().status(), 403, "{method} {path} {site}");
        }
    }
    assert_eq!(inspected.inspector.newest(), 1);
}

#[tokio::test]
async fn the_timeline_is_exported_as_json_and_as_markdown() {
    let inspected = Inspected::new();
    inspected.log_in("alice.localhost").await;
    inspected.inspector.skip(std::time::Duration::from_secs(60));
    let events = inspected.json("/timeline.json").await;
    assert_eq!(events, serde_json::to_value(inspected.inspector.events()).unwrap());
    let (_, markdown) = inspected.ask("GET", "/timeline.md", &[]).await;
    let told: Vec<_> = inspected.inspector.transcript().split("\n\n").map(|told| told.trim_end().to_owned()).collect();
    let expected = format!(
        "# What the session inspector saw\n\n## 1, alice\n\n```text\n{}\n```\n\n## 2\n\n```text\n{}\n```\n",
        told[0], told[1]
    );
    assert_eq!(markdown, expected);
}
