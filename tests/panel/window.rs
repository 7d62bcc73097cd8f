//! Opens the studio of a copy of the workbook in a real browser.

use std::fs;

use fantoccini::{Client, elements::Element, wd::WindowHandle};
use serde_json::Value;

use crate::{
    chromium::{self, AT_MOST, Driver, Running, wait_for},
    scratch::Scratch,
};

pub struct Window {
    pub scratch: Scratch,
    pub browser: Client,
    pub address: String,
    _driver: Driver,
    studio: Option<Running>,
}

impl Window {
    pub async fn open(name: &str) -> Self {
        Self::open_in(chromium::start_chromium(), name, &[]).await
    }

    /// Like [`open`](Self::open), in another browser and with these arguments for the studio.
    pub async fn open_in(driver: Driver, name: &str, arguments: &[&str]) -> Self {
        let scratch = Scratch::new(name);
        let mut command = scratch.command(env!("CARGO_BIN_EXE_workbook"));
        command.args(arguments);
        let (studio, address) = chromium::start_studio(command, 0);
        let browser = driver.browser().await;
        Self { scratch, browser, address, _driver: driver, studio: Some(studio) }
    }

    /// Kills the studio.
    pub fn end_studio(&mut self) {
        self.studio = None;
    }

    /// Starts the studio again at the same address.
    pub fn start_studio(&mut self) {
        let port = self.address.trim_end_matches('/').rsplit_once(':').unwrap().1.parse().unwrap();
        let (studio, address) = chromium::start_studio(self.scratch.command(env!("CARGO_BIN_EXE_workbook")), port);
        assert_eq!(address, self.address);
        self.studio = Some(studio);
    }

    /// Sets a session in the demo of lesson 1, and enters the frame of its inspector.
    pub async fn set_a_session(&self) {
        self.frame("lesson-1").await;
        self.click("form[action='/set_session'] button").await;
        self.inspector().await;
        self.says("p", "a new session: its ID is the value of cookie A").await;
    }

    /// Makes exercise 1 fail at one check, and opens the tab with the checks.
    pub async fn fail_one_check(&self) {
        self.click("#tab-checks").await;
        self.scratch.answer(&self.scratch.solution().replace("session.cycle_id().await?;", ""));
        self.says("b", "Not yet: 12 of 13.").await;
    }

    /// Enters the frame with the steps of the failed check, which must be unfolded.
    pub async fn story(&self) {
        self.find(".story iframe").await.enter_frame().await.unwrap();
        self.says("h1", "What check 9 did").await;
    }

    pub async fn go(&self, page: &str) {
        self.browser.goto(&format!("{}{page}.html", self.address)).await.unwrap();
    }

    /// Opens a page in a new tab, and switches to it.
    pub async fn tab(&self, page: &str) -> WindowHandle {
        let handle = self.browser.new_window(true).await.unwrap().handle;
        self.browser.switch_to_window(handle.clone()).await.unwrap();
        self.go(page).await;
        handle
    }

    /// Switches to the tab that a link has just opened, and waits until it shows this host.
    pub async fn at(&self, host: &str) {
        let is_there = async || {
            let last = self.browser.windows().await.unwrap().pop().unwrap();
            self.browser.switch_to_window(last).await.unwrap();
            self.value("return location.host").await.as_str().unwrap_or_default().starts_with(host)
        };
        let waited = tokio::time::timeout(AT_MOST, async { while !is_there().await {} }).await;
        waited.unwrap_or_else(|_| panic!("no tab comes to {host}"));
    }

    /// Switches to the tab with this number, in the order in which they were opened.
    pub async fn switch(&self, place: usize) {
        let windows = self.browser.windows().await.unwrap();
        self.browser.switch_to_window(windows[place].clone()).await.unwrap();
    }

    /// Switches to the tab that a link is opening.
    pub async fn newest_tab(&self) {
        let own = self.browser.window().await.unwrap();
        loop {
            let all = self.browser.windows().await.unwrap();
            if let Some(other) = all.into_iter().find(|window| *window != own) {
                return self.browser.switch_to_window(other).await.unwrap();
            }
        }
    }

    pub async fn find(&self, css: &str) -> Element {
        wait_for(&self.browser, css).await
    }

    pub async fn click(&self, css: &str) {
        self.find(css).await.click().await.unwrap();
    }

    pub async fn says(&self, tag: &str, words: &str) {
        chromium::wait_for_words(&self.browser, tag, words).await;
    }

    /// Waits until the overview counts this many pages as read and this many exercises as passed.
    pub async fn says_how_far(&self, pages: usize, exercises: usize) {
        let all_pages = include_str!("../../book/src/SUMMARY.md").matches("](").count();
        let all_exercises = checks::SUITES.len();
        self.says("p", &format!("{pages} of {all_pages} pages, {exercises} of {all_exercises} exercises.")).await;
    }

    /// Runs a script on the page, and returns its value.
    pub async fn value(&self, script: &str) -> Value {
        self.browser.execute(script, Vec::new()).await.unwrap()
    }

    /// Waits until all animations of the page have ended. Those of folded parts never end, because they are not drawn.
    pub async fn is_still(&self) {
        let still = "const drawn = ({ effect }) => effect.target?.checkVisibility();
            return Promise.all(document.getAnimations().filter(drawn).map(({ finished }) => finished)).then(() => true)";
        self.value(still).await;
    }

    /// Waits until the expression is true on the page.
    pub async fn until(&self, expression: &str) {
        let script = format!("return Boolean({expression})");
        let is_true = async || while self.value(&script).await != true {};
        let waited = tokio::time::timeout(AT_MOST, is_true()).await;
        waited.unwrap_or_else(|_| panic!("{expression} does not become true"));
    }

    pub async fn number(&self, expression: &str) -> f64 {
        let script = format!("return Number({expression})");
        self.value(&script).await.as_f64().unwrap()
    }

    pub async fn size(&self, width: u32, height: u32) {
        self.browser.set_window_size(width, height).await.unwrap();
        self.until(&format!("innerWidth <= {width}")).await;
    }

    /// Presses a key on this element.
    pub async fn press(&self, css: &str, key: &str) {
        self.find(css).await;
        let script = "document.querySelector(arguments[0]).dispatchEvent(
                        new KeyboardEvent('keydown', { key: arguments[1], bubbles: true, cancelable: true }))";
        self.browser.execute(script, vec![css.into(), key.into()]).await.unwrap();
    }

    /// Enters the demo's frame, and waits until it shows this host.
    pub async fn frame(&self, host: &str) {
        let is_there = async || {
            self.browser.enter_parent_frame().await.unwrap();
            self.find("#panel iframe.demo").await.enter_frame().await.unwrap();
            self.value("return location.host").await.as_str().unwrap_or_default().starts_with(host)
        };
        let waited = tokio::time::timeout(AT_MOST, async { while !is_there().await {} }).await;
        waited.unwrap_or_else(|_| panic!("the frame does not come to {host}"));
    }

    /// Leaves the current frame and enters the frame of the inspector.
    pub async fn inspector(&self) {
        self.browser.enter_parent_frame().await.unwrap();
        self.find("#panel iframe.inspector").await.enter_frame().await.unwrap();
    }

    /// Returns the text in the editor.
    pub async fn text(&self) -> String {
        self.find(".ace_text-input").await;
        self.value("return ace.edit(document.querySelector('.ace-box')).getValue()").await.as_str().unwrap().to_owned()
    }

    /// Replaces the text in the editor.
    pub async fn write(&self, text: &str) {
        self.find(".ace_text-input").await;
        let script = "ace.edit(document.querySelector('.ace-box')).session.doc.setValue(arguments[0])";
        self.browser.execute(script, vec![text.into()]).await.unwrap();
    }

    /// Returns the text of the answer's file, which is empty while the file is missing.
    pub fn file(&self) -> String {
        fs::read_to_string(self.scratch.root().join("exercises/1-login/src/lib.rs")).unwrap_or_default()
    }

    /// Waits until the answer's file has this text.
    pub async fn file_is(&self, text: &str) {
        let is_written = async || {
            while self.file() != text {
                tokio::task::yield_now().await
            }
        };
        let waited = tokio::time::timeout(AT_MOST, is_written()).await;
        waited.unwrap_or_else(|_| panic!("not {text:?} is in the file, but {:?}", self.file()));
    }

    /// Presses Ctrl+S, wherever the cursor is.
    pub async fn press_save(&self) {
        let script =
            "const [on, is] = [document.activeElement, { key: 's', ctrlKey: true, bubbles: true, cancelable: true }];
                      on.dispatchEvent(new KeyboardEvent('keydown', is))";
        self.value(script).await;
    }
}
