//! Tests a page with a script: which origins may send a request with the session cookie, and which may read the answer.

#[path = "../../../tests/chromium/mod.rs"]
mod chromium;
#[path = "../../../tests/required/mod.rs"]
mod required;
mod visitor;

use std::{
    process::ExitCode,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, Method,
        header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, COOKIE, HOST, ORIGIN, SET_COOKIE},
    },
    middleware::{Next, from_fn_with_state},
};
use checks::{Answer, Browser, Miss, Trial};
use chromium::{wait_for, wait_for_words};
use fantoccini::{Client, Locator};
use lesson_6::app_for;
use required::trial;
use serde_json::{Value, json};
use session_guard::version::{conflict, gone};
use tokio::net::TcpListener;
use tower::ServiceExt;
use tower_sessions::{
    MemoryStore, SessionStore,
    session::{Id, Record},
    session_store::Error,
};
use visitor::Visitor;

fn main() -> ExitCode {
    required::run(vec![
        trial!(async a_body_counts_as_json_only_if_it_says_so),
        trial!(async a_form_of_a_neighboring_host_is_refused_before_the_body_is_read),
        trial!(async a_program_gets_401_and_no_redirect_to_a_page),
        trial!(async a_refusal_is_json_and_tells_nothing_of_the_program),
        trial!(async a_login_by_json_renews_the_id_and_a_logout_ends_the_session),
        trial!(async an_answer_that_depends_on_the_cookie_is_kept_by_no_cache),
        trial!(async a_friend_reads_the_answers_of_every_layer),
        trial!(async the_page_says_where_the_friend_is_not_on_the_list),
        trial!(async what_scripts_of_four_origins_send_and_read, chromium::missing()),
        trial!(async without_credentials_a_script_of_another_origin_is_a_stranger, chromium::missing()),
        trial!(async a_program_takes_the_page_after_a_redirect_for_an_answer, chromium::missing()),
    ])
}

/// An origin on the list of the app.
const FRIEND: &str = "https://app.shop.example";

fn trial() -> Trial {
    Trial::of(|store| app_for(&[FRIEND], store))
}

async fn send(who: &Browser<'_>, path: &str, body: Value) -> Result<Answer, Miss> {
    who.post_bytes(path, "application/json", body.to_string().into_bytes()).await
}

async fn log_in(who: &Browser<'_>) -> Result<(), Miss> {
    send(who, "/api-page/login", json!({ "username": "alice" })).await?.has_status(200)
}

async fn orders(who: &Browser<'_>) -> Value {
    let answer = who.get("/api-page/me").await.unwrap();
    serde_json::from_str::<Value>(&answer.body).unwrap()["orders"].clone()
}

async fn a_body_counts_as_json_only_if_it_says_so() {
    let trial = trial();
    let alice = trial.browser("alice");
    log_in(&alice).await.unwrap();
    let body = json!({ "item": "yacht" }).to_string().into_bytes();
    // The three types that a form on any site can send, no type, and types that only end like JSON.
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "",
        "text/example+json",
        "image/svg+json",
    ] {
        let answer = alice.post_bytes("/api-page/order", kind, body.clone()).await.unwrap();
        answer.has_status(415).unwrap();
    }
    assert_eq!(orders(&alice).await, json!([]));
    let said = alice.post_bytes("/api-page/order", "text/example+json", body.clone()).await.unwrap();
    assert!(said.body.contains("application/json, or a type such as application/example+json"), "{}", said.body);
    for kind in ["application/json; charset=utf-8", "application/example+json"] {
        alice.post_bytes("/api-page/order", kind, body.clone()).await.unwrap().has_status(201).unwrap();
    }
    assert_eq!(orders(&alice).await, json!(["yacht", "yacht"]));
    // A form with `enctype="text/plain"` sends a field's name, `=`, and its value. The careless route accepts that.
    let field = [r#"{"item": "yacht", "ignored": ""#, r#""}"#].join("=").into_bytes();
    alice.post_bytes("/api-page/careless/order", "text/plain", field).await.unwrap().has_status(201).unwrap();
}

async fn a_form_of_a_neighboring_host_is_refused_before_the_body_is_read() {
    let trial = trial();
    let alice = trial.browser("alice");
    log_in(&alice).await.unwrap();
    let answer = alice.post_from_neighbour("/api-page/order", &[("item", "yacht")]).await.unwrap();
    answer.has_status(403).unwrap();
    let answer = alice.post_from("http://evil.localhost", "/api-page/login", &[("username", "bob")]).await.unwrap();
    answer.has_status(403).unwrap();
    assert_eq!(orders(&alice).await, json!([]));
}

async fn a_program_gets_401_and_no_redirect_to_a_page() {
    let trial = trial();
    let bob = trial.browser("bob");
    let answer = bob.get("/api-page/me").await.unwrap();
    answer.has_status(401).unwrap();
    assert_eq!(answer.body, r#"{"error":"Log in first."}"#);
    send(&bob, "/api-page/order", json!({ "item": "cup" })).await.unwrap().has_status(401).unwrap();
    bob.get("/api-page/careless/redirects").await.unwrap().redirects_to("/api-page").unwrap();
}

async fn a_refusal_is_json_and_tells_nothing_of_the_program() {
    let trial = trial();
    let bob = trial.browser("bob");
    log_in(&bob).await.unwrap();
    for (body, status) in [
        (r#"{"item": "boat"}"#.to_owned(), 422),
        (r#"{"item": 5}"#.to_owned(), 422),
        ("{}".to_owned(), 422),
        ("{".to_owned(), 400),
        (String::new(), 400),
        (format!(r#"{{"item": "{}"}}"#, "a".repeat(3 << 20)), 413),
    ] {
        let answer = bob.post_bytes("/api-page/order", "application/json", body.into_bytes()).await.unwrap();
        answer.has_status(status).unwrap();
        let said: Value = serde_json::from_str(&answer.body).unwrap();
        let sentence = said["error"].as_str().unwrap();
        assert!(!sentence.contains("item") && !sentence.contains("line"), "{sentence}");
    }
    let stranger = send(&trial.browser("x"), "/api-page/login", json!({ "username": "mallory" })).await.unwrap();
    stranger.has_status(422).unwrap();
    let wrong = bob.get("/api-page/order").await.unwrap();
    wrong.has_status(405).unwrap();
    let said: Value = serde_json::from_str(&wrong.body).unwrap();
    assert!(said["error"].as_str().unwrap().contains("does not accept this method"), "{said}");
}

async fn a_login_by_json_renews_the_id_and_a_logout_ends_the_session() {
    let trial = trial();
    let alice = trial.browser("alice");
    log_in(&alice).await.unwrap();
    let before = alice.copied_by("mallory");
    send(&alice, "/api-page/login", json!({ "username": "bob" })).await.unwrap().has_status(200).unwrap();
    before.get("/api-page/me").await.unwrap().has_status(401).unwrap();
    let copy = alice.copied_by("mallory");
    send(&alice, "/api-page/logout", json!({})).await.unwrap().has_status(204).unwrap();
    copy.get("/api-page/me").await.unwrap().has_status(401).unwrap();
}

async fn an_answer_that_depends_on_the_cookie_is_kept_by_no_cache() {
    let trial = trial();
    let alice = trial.browser("alice");
    let answer = alice.get("/api-page/me").await.unwrap();
    assert_eq!(answer.headers["cache-control"], "no-store");
    let vary: Vec<_> = answer.headers.get_all("vary").iter().map(|value| value.to_str().unwrap()).collect();
    let vary = vary.join(", ");
    assert!(vary.contains("cookie") && vary.contains("origin"), "{vary}");
}

/// A store whose saves fail with this error while the flag is set.
#[derive(Clone, Debug)]
struct Refusing(MemoryStore, fn() -> Error, Arc<AtomicBool>);

#[async_trait]
impl SessionStore for Refusing {
    async fn create(&self, record: &mut Record) -> Result<(), Error> {
        self.0.create(record).await
    }

    async fn save(&self, record: &Record) -> Result<(), Error> {
        if self.2.load(Ordering::Relaxed) { Err(self.1()) } else { self.0.save(record).await }
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>, Error> {
        self.0.load(id).await
    }

    async fn delete(&self, id: &Id) -> Result<(), Error> {
        self.0.delete(id).await
    }
}

async fn a_friend_reads_the_answers_of_every_layer() {
    let away = || Error::Backend("connection refused".to_owned());
    for (refuses, status) in [(conflict as fn() -> Error, 409), (gone, 409), (away, 503)] {
        let fails = Arc::new(AtomicBool::new(false));
        let app = app_for(&[FRIEND], Refusing(MemoryStore::default(), refuses, fails.clone()));
        let log_in = async |cookie: &str, origin: &str| {
            let request = Request::post("/api-page/login").header(HOST, "shop.localhost").header(COOKIE, cookie);
            let request = request.header(ORIGIN, origin).header(CONTENT_TYPE, "application/json");
            app.clone().oneshot(request.body(Body::from(r#"{"username":"alice"}"#)).unwrap()).await.unwrap()
        };
        let first = log_in("", FRIEND).await;
        let cookie = first.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap();
        fails.store(true, Ordering::Relaxed);
        let (again, foreign) = (log_in(cookie, FRIEND).await, log_in(cookie, "https://evil.example").await);
        for (answer, status, reads) in [(&first, 200, true), (&again, status, true), (&foreign, 403, false)] {
            assert_eq!(answer.status(), status);
            let allowed = answer.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN).map(HeaderValue::as_bytes);
            assert_eq!(allowed, reads.then_some(FRIEND.as_bytes()), "{status}");
            assert_eq!(answer.headers()[CACHE_CONTROL], "no-store", "{status}");
        }
    }
}

/// The number of each try, with the request that arrived and the status of its answer.
type Arrived = Arc<Mutex<Vec<(usize, String)>>>;

async fn note(State(arrived): State<Arrived>, request: Request, next: Next) -> axum::response::Response {
    let number = request.uri().query().and_then(|query| query.strip_prefix("try=")?.parse().ok());
    let (method, path) = (request.method().clone(), request.uri().path().replace("/api-page", ""));
    let said = said(&method, request.headers());
    let answer = next.run(request).await;
    if let Some(number) = number {
        let line = format!("{method} {path}{said}: {}", answer.status().as_u16());
        arrived.lock().unwrap().push((number, line));
    }
    answer
}

fn said(method: &Method, headers: &HeaderMap) -> String {
    let of = |name| headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default();
    let kind = if method == Method::POST { format!(" as {}", of("content-type")) } else { String::new() };
    let cookie = if of("cookie").contains("__Host-lesson-6=") { "with the cookie" } else { "without a cookie" };
    format!("{kind}, {}, {cookie}", of("sec-fetch-site"))
}

async fn the_page_says_where_the_friend_is_not_on_the_list() {
    let app = app_for(&["http://friend.shop.localhost:4006"], MemoryStore::default());
    for (host, is_listed) in [("shop.localhost:4006", true), ("shop.localhost:4007", false), ("localhost:4006", false)]
    {
        let page = Visitor::new("alice", &app).get(&format!("http://{host}/api-page")).await.body;
        assert_eq!(!page.contains("names only http:&#x2f;&#x2f;friend.shop.localhost:4006"), is_listed, "{page}");
    }
}

/// The shop at `shop.localhost`, with another app of the same site at `friend.shop.localhost`.
struct Site {
    port: u16,
    arrived: Arrived,
}

impl Site {
    async fn serve() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, arrived) = (listener.local_addr().unwrap().port(), Arrived::default());
        let friend = format!("http://friend.shop.localhost:{port}");
        let app: Router = app_for(&[&friend], MemoryStore::default());
        let app = app.layer(from_fn_with_state(arrived.clone(), note));
        tokio::spawn(axum::serve(listener, app).into_future());
        Self { port, arrived }
    }

    fn at(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}/api-page{path}", self.port)
    }

    /// Opens a browser and logs alice in.
    async fn alice(&self, chromium: &chromium::Driver) -> Client {
        let browser = chromium.browser().await;
        browser.goto(&self.at("shop.localhost", "")).await.unwrap();
        wait_for(&browser, "[data-path=login]").await.click().await.unwrap();
        wait_for_words(&browser, "li", "login: 200").await;
        browser
    }

    /// Opens a page of this origin that tries to send requests. Lists the requests that arrived, and the answers that
    /// the page could read.
    async fn tries(&self, browser: &Client, host: &str) -> String {
        let page = format!("/elsewhere?at=shop.localhost:{}", self.port);
        browser.goto(&self.at(host, &page)).await.unwrap();
        wait_for_words(browser, "p", "That was all.").await;
        let arrived: Vec<_> = self.arrived.lock().unwrap().drain(..).collect();
        let mut told = String::new();
        for (number, line) in browser.find_all(Locator::Css("li")).await.unwrap().into_iter().enumerate() {
            for (_, came) in arrived.iter().filter(|(of, _)| *of == number) {
                told += &format!("  {came}\n");
            }
            told += &format!("      {}\n", line.text().await.unwrap());
        }
        told
    }
}

async fn what_scripts_of_four_origins_send_and_read() {
    let chromium = chromium::start_chromium();
    let site = Site::serve().await;
    let browser = site.alice(&chromium).await;
    let mut told = String::new();
    for (host, who) in [
        ("friend.shop.localhost", "the same site, and on the list"),
        ("mallory.shop.localhost", "the same site, and not on the list"),
        ("evil.localhost", "another site"),
        ("shop.localhost", "the shop itself"),
    ] {
        let tries = site.tries(&browser, host).await;
        told += &format!("A page of {host}, {who}:\n{tries}\n");
    }
    browser.close().await.unwrap();
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("origins", told);
    });
}

/// Runs a script on the page, and returns its result.
async fn run(browser: &Client, script: &str) -> Value {
    let script = format!("const done = arguments[0]; ({script})().then(done, (error) => done(String(error)))");
    browser.execute_async(&script, Vec::new()).await.unwrap()
}

async fn without_credentials_a_script_of_another_origin_is_a_stranger() {
    let chromium = chromium::start_chromium();
    let site = Site::serve().await;
    let browser = site.alice(&chromium).await;
    browser.goto(&site.at("friend.shop.localhost", "/elsewhere")).await.unwrap();
    let me = site.at("shop.localhost", "/me");
    for (options, status) in [("{}", 401), ("{ credentials: 'include' }", 200)] {
        assert_eq!(run(&browser, &format!("async () => (await fetch('{me}', {options})).status")).await, status);
    }
    browser.close().await.unwrap();
}

async fn a_program_takes_the_page_after_a_redirect_for_an_answer() {
    let chromium = chromium::start_chromium();
    let site = Site::serve().await;
    let browser = chromium.browser().await;
    browser.goto(&site.at("shop.localhost", "")).await.unwrap();
    let ask = |path: &str| {
        format!(
            "async () => {{ const r = await fetch('/api-page/{path}'); \
             return [r.status, r.redirected, r.headers.get('content-type')]; }}"
        )
    };
    assert_eq!(run(&browser, &ask("me")).await, json!([401, false, "application/json"]));
    let redirected = run(&browser, &ask("careless/redirects")).await;
    assert_eq!(redirected, json!([200, true, "text/html; charset=utf-8"]));
    browser.close().await.unwrap();
}
