//! Takes pictures of the studio, for the README and for anyone who changes its look:
//!
//! ```sh
//! WORKBOOK_SCREENSHOTS=look cargo test --test panel screenshots    # all of them, into target/tmp/screenshots
//! WORKBOOK_SCREENSHOTS=keep cargo test --test panel screenshots    # and those that the book shows into book/src
//! ```

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use axum::http::Method;
use base64::{Engine, prelude::BASE64_STANDARD};
use fantoccini::wd::WebDriverCompatibleCommand;
use serde_json::{Value, json};
use url::{ParseError, Url};

use crate::{chromium, required::Missing, scratch::project, window::Window};

const ASK: &str = "WORKBOOK_SCREENSHOTS";

/// The pictures in the README and the introduction.
const KEPT: [&str; 4] = ["lesson-light-wide", "failing-light-wide", "passed-navy-wide", "lab-navy-wide"];

pub fn missing() -> Option<Missing> {
    let reason = || format!("nobody asks for pictures: {ASK} is not set");
    let unwanted = env::var_os(ASK).is_none().then(|| Missing { what: "screenshots", reason: reason() });
    unwanted.or_else(chromium::missing)
}

pub async fn screenshots() {
    let window = Window::open("panel-screenshots").await;
    lesson(&window).await;
    lab(&window).await;
    failing(&window).await;
    passed(&window).await;
    window.go("introduction").await;
    window.says("summary", "Exercise 1, login: passed").await;
    take(&window, "overview").await;
    window.browser.close().await.unwrap();
}

async fn lesson(window: &Window) {
    for page in ["basics/what-is-a-session", "basics/set-and-get"] {
        window.go(page).await;
        window.value("document.querySelector('.page-end').scrollIntoView()").await;
        window.find(&format!("#mdbook-sidebar a[href$='{page}.html'] .page-tick")).await;
    }
    window.value("scrollTo(0, 0)").await;
    window.set_a_session().await;
    window.browser.enter_parent_frame().await.unwrap();
    take(window, "lesson").await;
}

async fn lab(window: &Window) {
    window.go("security/csrf").await;
    window.frame("lesson-4").await;
    window.click("form[action^='/attacks/'] button").await;
    window.says("p", "The attack succeeded.").await;
    window.browser.enter_parent_frame().await.unwrap();
    take(window, "lab").await;
}

async fn failing(window: &Window) {
    window.go("exercises/login").await;
    window.fail_one_check().await;
    window.click(".first .story summary").await;
    window.story().await;
    window.browser.enter_parent_frame().await.unwrap();
    window.value("document.querySelector('#requirements').scrollIntoView()").await;
    take(window, "failing").await;
}

async fn passed(window: &Window) {
    window.click("#tab-code").await;
    window.scratch.answer(&window.scratch.solution());
    window.says("b", "Passed, all 13.").await;
    take(window, "passed").await;
}

/// Takes pictures of the current page: light and dark, wide and narrow.
async fn take(window: &Window, name: &str) {
    for theme in ["light", "navy"] {
        window.value(&format!("document.getElementById('mdbook-theme-{theme}').click()")).await;
        for (width, size) in [("wide", [1440, 900]), ("narrow", [390, 844])] {
            let [width_in_pixels, height] = size;
            let size = json!({ "width": width_in_pixels, "height": height, "deviceScaleFactor": 1, "mobile": false });
            devtools(window, "Emulation.setDeviceMetricsOverride", size).await;
            window.until(&format!("innerWidth === {width_in_pixels}")).await;
            turn(window, if width == "narrow" { "last-child" } else { "first-child" }).await;
            window.is_still().await;
            keep(&format!("{name}-{theme}-{width}"), &picture(window).await);
        }
    }
    turn(window, "first-child").await;
    devtools(window, "Emulation.clearDeviceMetricsOverride", json!({})).await;
}

/// Selects the text or the panel in a narrow window, and closes the sidebar.
async fn turn(window: &Window, button: &str) {
    let script = "document.querySelector(`.panel-switch button:${arguments[0]}`)?.click();
                  const sidebar = document.getElementById('mdbook-sidebar-toggle-anchor');
                  if (innerWidth < 1000 && sidebar.checked) sidebar.click();";
    window.browser.execute(script, vec![button.into()]).await.unwrap();
}

async fn picture(window: &Window) -> Vec<u8> {
    let taken = devtools(window, "Page.captureScreenshot", json!({ "format": "webp", "quality": 72 })).await;
    BASE64_STANDARD.decode(taken["data"].as_str().unwrap()).unwrap()
}

fn keep(name: &str, picture: &[u8]) {
    let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
    fs::create_dir_all(&all).unwrap();
    let book = (KEPT.contains(&name) && env::var(ASK).is_ok_and(|asked| asked == "keep"))
        .then(|| project().join("book/src/pictures"));
    let places: Vec<PathBuf> = [all].into_iter().chain(book).collect();
    places.iter().for_each(|folder| fs::write(folder.join(format!("{name}.webp")), picture).unwrap());
}

/// Sends a command in Chromium's own protocol, because WebDriver has neither narrow windows nor WebP.
async fn devtools(window: &Window, command: &'static str, parameters: Value) -> Value {
    window.browser.issue_cmd(DevTools { command, parameters }).await.unwrap()
}

#[derive(Debug)]
struct DevTools {
    command: &'static str,
    parameters: Value,
}

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "cmd": self.command, "params": self.parameters }).to_string()))
    }
}
