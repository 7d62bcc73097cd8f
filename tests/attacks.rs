//! Runs the attacks of lesson 4 that need a browser in a real one. The tests look at the orders in the shop and at the
//! cookies that mallory's site has collected.

mod chromium;
mod required;

use std::process::ExitCode;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request},
    response::Html,
    routing::{get, post},
};
use chromium::{wait_for, wait_for_words};
use fantoccini::Client;
use http_body_util::BodyExt;
use lesson_4::{
    defence::{
        Defence::{Escape, Headers, HttpOnly},
        Defences, origin,
        password::Passwords,
    },
    shop::{ACCOUNTS, Shop},
};
use required::trial;
use tokio::net::TcpListener;
use tower::ServiceExt;
use tower_sessions::MemoryStore;

fn main() -> ExitCode {
    required::run(vec![
        trial!(async s17_forms_and_links_of_another_site, chromium::missing()),
        trial!(async s15_a_neighbouring_host_tosses_a_session_into_the_browser, chromium::missing()),
        trial!(async s17_over_plain_http_a_browser_says_no_sec_fetch_site_and_its_origin_decides, chromium::missing()),
        trial!(async s15_a_script_on_the_shops_own_page, chromium::missing()),
    ])
}

/// An app on its own port. A test can also send it requests without a browser.
struct Site {
    router: Router,
    port: u16,
}

impl Site {
    async fn serve(router: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(axum::serve(listener, router.clone()).into_future());
        Self { router, port }
    }

    fn host(&self, label: &str) -> String {
        format!("{label}.localhost:{}", self.port)
    }

    /// Returns the start page as a stranger sees it: with the orders, or with the cookies that mallory has got.
    async fn books(&self, label: &str) -> String {
        let request = Request::get("/").header("host", self.host(label)).body(Body::empty()).unwrap();
        let page = self.router.clone().oneshot(request).await.unwrap().into_body().collect().await.unwrap();
        String::from_utf8(page.to_bytes().to_vec()).unwrap()
    }
}

async fn log_in(browser: &Client, host: &str, name: &str) {
    let (_, password, _) = ACCOUNTS.into_iter().find(|account| account.0 == name).unwrap();
    browser.goto(&format!("http://{host}/")).await.unwrap();
    fill(browser, "[action='/login'] [name=username]", name).await;
    fill(browser, "[action='/login'] [name=password]", password).await;
    press(browser, "[action='/login'] button").await;
    wait_for_words(browser, "p", &format!("Logged in as {name}")).await;
}

async fn log_out(browser: &Client) {
    press(browser, "[action='/logout'] button").await;
    wait_for_words(browser, "p", "You are not logged in").await;
}

async fn buy(browser: &Client, item: &str, name: &str) {
    fill(browser, "[action='/buy'] [name=item]", item).await;
    press(browser, "[action='/buy'] button").await;
    wait_for_words(browser, "p", &format!("{name}: {item}")).await;
}

async fn fill(browser: &Client, css: &str, text: &str) {
    let field = wait_for(browser, css).await;
    field.clear().await.unwrap();
    field.send_keys(text).await.unwrap();
}

/// Clicks an element. If another page replaces this one in between, it clicks the element of the new page.
async fn press(browser: &Client, css: &str) {
    while let Err(error) = wait_for(browser, css).await.click().await {
        let is_replaced =
            error.is_stale_element_reference() || error.to_string().contains("does not belong to the document");
        assert!(is_replaced, "{css}: {error}");
    }
}

/// Opens mallory's page for this shop, presses its button, and waits for a page that says `words`.
async fn take_the_bait(browser: &Client, site: &Site, page: &str, at: &str, words: &str) {
    browser.goto(&format!("http://{}/{page}?at={}", site.host("evil"), site.host(at))).await.unwrap();
    press(browser, "#bait").await;
    wait_for_words(browser, "body", words).await;
}

async fn s17_forms_and_links_of_another_site() {
    let chromium = chromium::start_chromium();
    let site = Site::serve(lesson_4::app(MemoryStore::default())).await;
    let browser = chromium.browser().await;

    for (page, refusal) in [
        ("csrf-by-link", "so a link does nothing here"),
        (
            "csrf-by-form",
            "This request did not come from a page of \
                                                                            this site",
        ),
    ] {
        for (at, words, orders) in [("vulnerable", "The vulnerable shop", 1), ("hardened", refusal, 0)] {
            log_in(&browser, &site.host(at), "alice").await;
            let before = site.books(at).await.matches("alice: a yacht").count();
            take_the_bait(&browser, &site, page, at, words).await;
            let after = site.books(at).await.matches("alice: a yacht").count();
            assert_eq!(after - before, orders, "{page} at the {at} shop");
            browser.goto(&format!("http://{}/", site.host(at))).await.unwrap();
            buy(&browser, "a teapot", "alice").await;
            log_out(&browser).await;
        }
    }

    take_the_bait(&browser, &site, "login-csrf", "vulnerable", "Logged in as mallory").await;
    buy(&browser, "a diary", "mallory").await;
    assert!(site.books("vulnerable").await.contains("mallory: a diary"));
    take_the_bait(&browser, &site, "login-csrf", "hardened", "This request did not come from a page of this site")
        .await;
    browser.goto(&format!("http://{}/", site.host("hardened"))).await.unwrap();
    wait_for_words(&browser, "p", "You are not logged in").await;
    browser.close().await.unwrap();
}

/// Returns the session cookie at the host whose page the browser shows, under either of the shop's names.
async fn session_cookie(browser: &Client) -> String {
    let cookies = browser.get_all_cookies().await.unwrap();
    let found = cookies.iter().find(|cookie| ["shop", "__Host-shop"].contains(&cookie.name()));
    found.expect("somebody is logged in").value().to_owned()
}

async fn s15_a_neighbouring_host_tosses_a_session_into_the_browser() {
    let chromium = chromium::start_chromium();
    let site = Site::serve(lesson_4::app(MemoryStore::default())).await;
    let browser = chromium.browser().await;
    for (at, whose) in [("vulnerable", "mallory"), ("hardened", "alice")] {
        // The browser takes `localhost` for a top-level domain, so the hosts share the domain `shop.localhost` instead.
        let (shop, neighbour) = (site.host(&format!("{at}.shop")), site.host("evil.shop"));
        log_in(&browser, &shop, "mallory").await;
        let id = session_cookie(&browser).await;
        browser.delete_all_cookies().await.unwrap();

        log_in(&browser, &shop, "alice").await;
        browser.goto(&format!("http://{neighbour}/tossed-session?at={shop}")).await.unwrap();
        fill(&browser, "[name=id]", &id).await;
        press(&browser, "#bait").await;
        wait_for_words(&browser, "p", &format!("Logged in as {whose}")).await;
        buy(&browser, "a diary", whose).await;
        assert!(site.books(at).await.contains(&format!("{whose}: a diary")), "{at}");
    }
    browser.close().await.unwrap();
}

/// Two hosts with a form for the shop, and a shop that shows the headers of the request.
fn plain_http_shop() -> Router {
    async fn forms(headers: HeaderMap) -> Html<String> {
        let port = headers["host"].to_str().unwrap().rsplit_once(':').unwrap().1.to_owned();
        Html(format!("<form method=post action=http://shop.example:{port}/buy><button>Buy</button></form>"))
    }
    async fn buy(headers: HeaderMap) -> String {
        let said = |name| headers.get(name).map_or("nothing", |value| value.to_str().unwrap());
        format!("bought; Sec-Fetch-Site says {}, Origin says {}", said("sec-fetch-site"), said("origin"))
    }
    Router::new().route("/", get(forms)).route("/buy", post(buy)).layer(origin::check())
}

async fn s17_over_plain_http_a_browser_says_no_sec_fetch_site_and_its_origin_decides() {
    let chromium = chromium::start_chromium();
    let Site { port, .. } = Site::serve(plain_http_shop()).await;
    let browser = chromium.browser().await;
    let refused = "This request did not come from a page of this site".to_owned();
    let bought = format!("bought; Sec-Fetch-Site says nothing, Origin says http://shop.example:{port}");
    for (from, words) in [("shop", bought), ("evil", refused)] {
        browser.goto(&format!("http://{from}.example:{port}/")).await.unwrap();
        press(&browser, "button").await;
        wait_for_words(&browser, "body", &words).await;
    }
    browser.close().await.unwrap();
}

async fn s15_a_script_on_the_shops_own_page() {
    let chromium = chromium::start_chromium();
    let mallorys = Site::serve(lesson_4::app(MemoryStore::default())).await;
    let browser = chromium.browser().await;
    browser.goto(&format!("http://{}/notes?at=any.localhost", mallorys.host("evil"))).await.unwrap();
    let note = wait_for(&browser, "pre").await.text().await.unwrap().replace('\n', " ");

    // The name of the site, its defenses, whether the script buys as alice, and whether it sends her cookie.
    let sites = [
        ("nothing", Defences::none(), true, true),
        ("http-only", Defences::none().and(&[HttpOnly]), true, false),
        ("policy", Defences::none().and(&[Headers]), false, false),
        ("escaped", Defences::none().and(&[Escape]), false, false),
        ("everything", Defences::all(), false, false),
    ];
    for (name, defences, rides, steals) in sites {
        let is_hidden = defences.has(HttpOnly);
        let shop = Shop::new(Passwords::quick());
        let site = Site::serve(lesson_4::shop_with(defences, shop, MemoryStore::default())).await;
        let host = site.host(name);
        log_in(&browser, &host, "mallory").await;
        fill(&browser, "[action='/note'] [name=text]", &note).await;
        press(&browser, "[action='/note'] button").await;
        wait_for_words(&browser, "p", "mallory: Nice shop!").await;
        log_out(&browser).await;

        log_in(&browser, &host, "alice").await;
        wait_for_words(&browser, "p", "mallory: Nice shop!").await;
        let id = session_cookie(&browser).await;
        // Waits for the requests of the script, if it can run.
        let asked = "return performance.getEntriesByType('resource').map((entry) => entry.name).join()";
        let asked = loop {
            let asked = browser.execute(asked, Vec::new()).await.unwrap().as_str().unwrap().to_owned();
            if !rides || (asked.contains("/buy") && asked.contains("/collect")) {
                break asked;
            }
        };
        assert_eq!(asked.contains("/buy"), rides, "{name}: {asked}");
        browser.goto(&format!("http://{host}/")).await.unwrap();
        buy(&browser, "a teapot", "alice").await;
        assert_eq!(site.books(name).await.contains("alice: a yacht"), rides, "{name}");
        assert_eq!(mallorys.books("evil").await.contains(&id), steals, "{name}");
        let readable = browser.execute("return document.cookie", Vec::new()).await.unwrap();
        assert_eq!(readable.as_str().unwrap().contains(&id), !is_hidden, "{name}");
    }
    browser.close().await.unwrap();
}
