//! Tests the inspector's page in a real browser, with a small app.

mod chromium;
mod required;

use std::{process::ExitCode, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{Request, header},
    response::{Html, Redirect},
    routing::{get, post},
};
use chromium::{wait_for, wait_for_words};
use fantoccini::{Client, Locator};
use required::trial;
use serde_json::{Value, json};
use session_inspector::{Inspector, Limits, listen, serve_within};
use tower::ServiceExt;
use tower_sessions::{Expiry, MemoryStore, Session, SessionManagerLayer, SessionStore};

/// The longest time to wait for a page.
const AT_MOST: Duration = Duration::from_secs(120);

fn main() -> ExitCode {
    required::run(vec![
        trial!(async a_cookie_is_taken_from_the_page_and_the_list_shows_one_visitor, chromium::missing()),
        trial!(async a_request_is_edited_and_a_refusal_keeps_what_was_written, chromium::missing()),
        trial!(async the_bar_leads_beyond_the_next_limit, chromium::missing()),
        trial!(async eight_tabs_are_open_and_a_hidden_one_catches_up, chromium::missing()),
    ])
}

async fn start(session: Session) -> Html<String> {
    let user: Option<String> = session.get("user").await.unwrap();
    let user = user.unwrap_or_else(|| "stranger".to_owned());
    // A browser requests an icon if the page names none.
    let head = "<link rel=icon href=data:,>";
    Html(format!("{head}<h1>Hello {user}</h1><form method=post action=/login><button>Log in</button></form>"))
}

async fn log_in(session: Session) -> Redirect {
    session.insert("user", "alice").await.unwrap();
    Redirect::to("/")
}

fn app<S: SessionStore + Clone>(store: S) -> Router {
    let half_an_hour = Expiry::OnInactivity(time::Duration::minutes(30));
    let sessions = SessionManagerLayer::new(store).with_expiry(half_an_hour);
    Router::new().route("/", get(start)).route("/login", post(log_in)).layer(sessions)
}

/// An app, its inspector, and a browser.
struct Inspected {
    app: Router,
    port: u16,
    page: String,
    browser: Client,
    _chromium: chromium::Driver,
}

impl Inspected {
    async fn new() -> Self {
        let inspector = Inspector::default();
        let app = inspector.wrap(app(inspector.observe(MemoryStore::default())));
        let [port, page] = [serve(app.clone()).await, serve(inspector.page("'none'")).await];
        let chromium = chromium::start_chromium();
        let browser = chromium.browser().await;
        Self { app, port, page: format!("http://inspector.localhost:{page}/"), browser, _chromium: chromium }
    }

    /// Logs alice in with her browser, and then opens the inspector in it.
    async fn alice_logs_in(&self) {
        self.browser.goto(&format!("http://alice.localhost:{}/", self.port)).await.unwrap();
        self.click("button").await;
        wait_for_words(&self.browser, "h1", "Hello alice").await;
        self.browser.goto(&self.page).await.unwrap();
        wait_for_words(&self.browser, "p", "a new session: its ID is the value of cookie A").await;
    }

    /// Sends a request for this path, without a browser.
    async fn ask(&self, path: &str) {
        let request = Request::get(path).header(header::HOST, "bob.localhost").body(Body::empty()).unwrap();
        self.app.clone().oneshot(request).await.unwrap();
    }

    async fn click(&self, css: &str) {
        wait_for(&self.browser, css).await.click().await.unwrap();
    }

    async fn wait_for_path(&self, path: &str) {
        let found = self.browser.wait().at_most(AT_MOST).for_element(Locator::XPath(path)).await;
        found.unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    async fn value(&self, script: &str) -> Value {
        self.browser.execute(&format!("return {script}"), Vec::new()).await.unwrap()
    }

    async fn close(self) {
        self.browser.close().await.unwrap();
    }
}

async fn serve(app: Router) -> u16 {
    let listener = listen(0).await.unwrap();
    let port = listener.port();
    tokio::spawn(serve_within(Limits::default(), listener, app));
    port
}

async fn a_cookie_is_taken_from_the_page_and_the_list_shows_one_visitor() {
    let inspected = Inspected::new().await;
    inspected.alice_logs_in().await;
    assert_eq!(
        inspected.value("document.getElementById('news').textContent").await,
        "",
        "this was there before the page"
    );
    inspected.click(".new .cookie summary").await;
    inspected.click(".new [data-take]").await;
    inspected.click("dialog[open] form .actions button").await;
    inspected.wait_for_path("//li[@data-visitor='mallory']//dd[contains(., 'Hello alice')]").await;
    wait_for_words(&inspected.browser, "p", "sent from this page").await;
    let news = inspected.value("document.getElementById('news').textContent").await;
    assert_eq!(news, "mallory GET / 200: the session was read, nothing was written");

    let visitors = "[...document.getElementById('visitor').options].map((option) => option.value)";
    assert_eq!(inspected.value(visitors).await, json!(["", "alice", "mallory"]));
    let shown = "[...document.querySelectorAll('#events > li:not([hidden])')].map((item) => item.dataset.visitor)";
    assert_eq!(inspected.value(shown).await, json!(["mallory", "alice", "alice", "alice"]));
    inspected.click("#visitor option[value=mallory]").await;
    assert_eq!(inspected.value(shown).await, json!(["mallory"]));
    inspected.ask("/").await;
    inspected.wait_for_path("//option[@value='bob']").await;
    assert_eq!(inspected.value(shown).await, json!(["mallory"]), "and what comes later is not shown either");
    inspected.close().await;
}

async fn a_request_is_edited_and_a_refusal_keeps_what_was_written() {
    let inspected = Inspected::new().await;
    inspected.alice_logs_in().await;
    inspected.click("[data-visitor=alice] summary").await;
    inspected.click(".exchange > [open] [data-edit]").await;
    let target = wait_for(&inspected.browser, "dialog[open] [name=target]").await;
    assert_eq!(target.prop("value").await.unwrap().as_deref(), Some("/"));
    target.send_keys("a b").await.unwrap();
    inspected.click("dialog[open] form .actions button").await;
    wait_for_words(&inspected.browser, "p", "It was not sent: a path begins with / and has no space").await;
    target.clear().await.unwrap();
    target.send_keys("/edited").await.unwrap();
    inspected.click("dialog[open] option[value=bob]").await;
    inspected.click("dialog[open] form .actions button").await;
    inspected.wait_for_path("//li[@data-visitor='bob']//span[@class='target'][. = '/edited']").await;
    assert_eq!(inspected.value("document.querySelectorAll('dialog[open]').length").await, 0);
    inspected.close().await;
}

async fn the_bar_leads_beyond_the_next_limit() {
    let inspected = Inspected::new().await;
    inspected.alice_logs_in().await;
    wait_for_words(&inspected.browser, "p", "until its next limit").await;
    inspected.click("#before").await;
    wait_for_words(&inspected.browser, "p", "ahead").await;
    // The session may also expire by itself in the last ten seconds. The page looks the same then.
    inspected.click("#after").await;
    wait_for_words(&inspected.browser, "p", "Session A of alice has expired").await;
    inspected.click("[data-visitor=alice] summary").await;
    inspected.click(".exchange > [open] [data-again]").await;
    wait_for_words(&inspected.browser, "p", "session A had expired").await;
    inspected.wait_for_path("//section[@id='life'][@hidden]").await;
    inspected.close().await;
}

async fn eight_tabs_are_open_and_a_hidden_one_catches_up() {
    let inspected = Inspected::new().await;
    inspected.ask("/first").await;
    let first = inspected.browser.window().await.unwrap();
    for tab in 0..8 {
        if tab > 0 {
            let window = inspected.browser.new_window(true).await.unwrap().handle;
            inspected.browser.switch_to_window(window).await.unwrap();
        }
        inspected.browser.goto(&inspected.page).await.unwrap();
        inspected.wait_for_path("//span[@class='target'][. = '/first']").await;
        // A page that starts again from the beginning would lose this mark.
        inspected.value("document.querySelector('.exchange').id = 'seen'").await;
    }
    inspected.ask("/second").await;
    inspected.wait_for_path("//span[@class='target'][. = '/second']").await;
    inspected.browser.switch_to_window(first).await.unwrap();
    inspected.wait_for_path("//li[@id='seen']/preceding-sibling::li//span[@class='target'][. = '/second']").await;
    assert_eq!(inspected.value("document.querySelectorAll('.exchange').length").await, 2);
    inspected.close().await;
}
