//! Tests the place of the panel on the page.

use axum::Router;
use tower_http::services::ServeDir;

use crate::{chromium, scratch::project, window::Window};

const WIDTH: &str = "document.getElementById('panel').getBoundingClientRect().width";

pub async fn the_panel_has_its_place_on_wide_and_narrow_windows_in_a_real_browser() {
    let window = Window::open("panel-layout").await;
    window.size(1440, 900).await;
    window.go("basics/set-and-get").await;
    window.find("html.panel-shown #panel iframe.demo").await;

    // The reader can set the width, also with the keyboard, and the next page keeps it.
    let before = window.number(WIDTH).await;
    window.press("#panel .separator", "ArrowLeft").await;
    assert_eq!(window.number(WIDTH).await, before + 32.0);
    assert_eq!(
        window.number("document.querySelector('.separator').getAttribute('aria-valuenow')").await,
        before + 32.0
    );
    window.go("basics/log-out").await;
    window.until(&format!("{WIDTH} === {}", before + 32.0)).await;
    window.press("#panel .separator", "Enter").await;
    assert_eq!(window.number(WIDTH).await, before);

    // Keys that are pressed in the panel do not turn the page.
    window.press("#panel .closer", "ArrowRight").await;
    window.press("#panel .closer", "s").await;
    assert_eq!(window.value("return location.pathname").await, "/basics/log-out.html");
    assert_eq!(
        window.value("return document.getElementById('mdbook-search-wrapper').classList.contains('hidden')").await,
        true
    );

    // A closed panel stays closed until the reader presses its button or the first link of the page.
    window.click("#panel .closer").await;
    window.find("html:not(.panel-shown)").await;
    window.go("basics/set-and-get").await;
    window.find(".panel-opener").await;
    assert_eq!(
        window.value("return document.querySelectorAll('#panel iframe[src]').length").await,
        0,
        "nothing is started"
    );
    window.value("document.querySelector('.skip-link').click()").await;
    window.find("html.panel-shown #panel:focus").await;
    window.find("#panel iframe.demo[src]").await;
    assert_eq!(window.value("return document.querySelector('a, button, input').className").await, "skip-link");

    // A narrow window shows either the text or the panel.
    window.size(390, 844).await;
    window.find("html:not(.panel-shown)").await;
    assert_eq!(window.value("return document.getElementById('mdbook-body-container').inert").await, false);
    window.click(".panel-switch button:nth-of-type(2)").await;
    window.find("html.panel-shown").await;
    let panel = "const { top, bottom, width } = document.getElementById('panel').getBoundingClientRect();
                 return [top, bottom <= innerHeight, width === document.documentElement.clientWidth, document.getElementById('mdbook-body-container').inert]";
    assert_eq!(window.value(panel).await, serde_json::json!([0, true, true, true]));
    window.click(".panel-switch button:nth-of-type(1)").await;
    window.find("html:not(.panel-shown)").await;
    window.browser.close().await.unwrap();
}

pub async fn nothing_of_the_text_is_cut_beside_the_panel_in_a_real_browser() {
    let window = Window::open("panel-cut").await;
    window.size(1440, 900).await;
    let summary = std::fs::read_to_string(project().join("book/src/SUMMARY.md")).unwrap();
    let pages: Vec<_> = summary.split('(').filter_map(|rest| rest.split_once(".md)")).map(|(page, _)| page).collect();
    assert!(pages.len() > 50, "{pages:?}");
    let mut cut = Vec::new();
    for page in pages {
        window.go(page).await;
        window.value("return document.fonts.ready.then(() => true)").await;
        for width in [1440, 1280, 1000] {
            window.size(width, 900).await;
            let parts = "[...document.querySelectorAll('main *')].filter((part) => part.clientWidth > 0 && part.scrollWidth > part.clientWidth)";
            let told = format!(
                "return {parts}.map(({{ tagName, textContent }}) => `${{tagName}} ${{textContent.slice(0, 60)}}`)"
            );
            let cut_here: Vec<String> = serde_json::from_value(window.value(&told).await).unwrap();
            cut.extend(cut_here.into_iter().map(|part| format!("{page} at {width}: {part}")));
        }
    }
    assert!(cut.is_empty(), "{}", cut.join("\n"));
    window.browser.close().await.unwrap();
}

pub async fn a_demo_is_seen_as_one_visitor_or_another_and_where_the_page_speaks_of_it_in_a_real_browser() {
    let window = Window::open("panel-visitors").await;
    window.size(1440, 900).await;
    window.go("basics/set-and-get").await;
    let as_visitor = async |name: &str| {
        window.browser.enter_parent_frame().await.unwrap();
        let choose = format!(
            "const visitor = document.querySelector('.visitor'); visitor.value = '{name}'; visitor.dispatchEvent(new Event('change'))"
        );
        window.find("#panel .visitor").await;
        window.value(&choose).await;
    };
    let history = window.value("return history.length").await;
    as_visitor("alice").await;
    window.frame("alice.lesson-1").await;
    window.click("form[action='/set_session'] button").await;
    window.says("p", "Logged in as JohnDoe").await;
    as_visitor("bob").await;
    window.frame("bob.lesson-1").await;
    window.says("p", "You are not logged in").await;
    as_visitor("alice").await;
    window.frame("alice.lesson-1").await;
    window.says("p", "Logged in as JohnDoe").await;
    window.browser.enter_parent_frame().await.unwrap();
    // The history has alice's own steps, and none of the panel's.
    assert!(window.value("return history.length").await.as_u64() <= history.as_u64().map(|length| length + 1));

    for (page, visitor, host, heading) in [
        ("security/csrf", "alice", "alice.lesson-4", "Let alice press a button that buys"),
        ("security/cookie", "alice", "alice.lesson-4", "Read the data in the cookie"),
        ("applications/preferences", "alice", "alice.lesson-5", "Preferences"),
    ] {
        window.go(page).await;
        as_visitor(visitor).await;
        window.frame(host).await;
        window.says("h1", heading).await;
        window.browser.enter_parent_frame().await.unwrap();
    }

    // A link to a program that the reader starts in a terminal has that program's own address.
    window.go("backends/where").await;
    window.find("main a[href='http://localhost:4003/']").await;
    window.browser.close().await.unwrap();
}

pub async fn without_the_studio_the_book_is_a_book_in_a_real_browser() {
    let book = tempfile::tempdir().unwrap();
    workbook::book::build(project(), book.path(), None).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let pages = Router::new().fallback_service(ServeDir::new(book.path()));
    let served = tokio::spawn(async { axum::serve(listener, pages).await });
    let chromium = chromium::start_chromium();
    let browser = chromium.browser().await;
    for page in ["basics/log-out", "exercises/login", "introduction"] {
        browser.goto(&format!("{address}/{page}.html")).await.unwrap();
        chromium::wait_for(&browser, "main h1").await;
        let found = "return [document.querySelectorAll('#panel, .overview, .skip-link, .panel-switch').length, typeof window.studio,
                             performance.getEntriesByType('resource').filter(({ name }) => /\\/(api|editor)\\//.test(name)).length]";
        let found = browser.execute(found, Vec::new()).await.unwrap();
        assert_eq!(found, serde_json::json!([0, "undefined", 0]), "{page}");
    }
    browser.close().await.unwrap();
    served.abort();
}
