//! Tests the path from the introduction to a passed exercise 1, in one window. It uses only what a page shows.

use std::fs;

use crate::{others, scratch::project, window::Window};

const TICKED: &str = "document.querySelectorAll('main li.met .tick.good').length";
const EDITOR: &str = "ace.edit(document.querySelector('.ace-box'))";

/// Where the reader opens the demo and the app.
#[derive(Clone, Copy)]
enum Shown {
    InThePanel,
    InATab,
}

pub async fn somebody_reads_plays_writes_and_passes_in_a_real_browser() {
    travel(&Window::open("journey").await, Shown::InThePanel).await;
}

pub async fn the_same_path_works_in_firefox() {
    travel(&Window::open_in(others::start_firefox(), "journey-firefox", &[]).await, Shown::InThePanel).await;
}

pub async fn the_same_path_works_in_webkit() {
    forgets(&Window::open_in(others::start_webkit(), "journey-webkit", &[]).await).await;
    let window = Window::open_in(others::start_webkit(), "journey-webkit", &["--without-secure"]).await;
    window.go("basics/set-and-get").await;
    window.says("p", "it removes Secure from each cookie for your browser").await;
    travel(&window, Shown::InATab).await;
}

/// WebKit keeps no `Secure` cookie that it receives over plain http. The page says so, and what to do.
async fn forgets(window: &Window) {
    window.go("basics/set-and-get").await;
    window.says("p", "the demos forget you").await;
    window.frame("lesson-1").await;
    window.click("form[action='/set_session'] button").await;
    window.says("p", "Session data set").await;
    window.says("p", "You are not logged in").await;
    window.browser.clone().close().await.unwrap();
}

async fn travel(window: &Window, shown: Shown) {
    window.size(1440, 900).await;
    window.browser.goto(&window.address).await.unwrap();
    begin(window).await;
    play(window, shown).await;
    read_on_to_the_exercise(window).await;
    try_the_stub(window).await;
    write(window).await;
    pass(window).await;
    log_in(window, shown).await;
    look_back(window).await;
    nothing_was_asked_of_another_machine(window).await;
    window.browser.clone().close().await.unwrap();
}

async fn begin(window: &Window) {
    window.says("h1", "Introduction").await;
    window.says_how_far(0, 0).await;
    window.says("a", "Continue here: What is a session?").await;
    window.click(".overview .go-on a").await;
    window.says("h1", "What is a session?").await;
}

/// The demo sets a cookie, and the inspector shows the same one.
async fn play(window: &Window, shown: Shown) {
    enter(window, shown, "lesson-1").await;
    window.click("form[action='/set_session'] button").await;
    window.says("p", "Logged in as JohnDoe").await;
    let id = window.find("#server h3 + p code").await.text().await.unwrap();
    leave(window, shown).await;
    window.inspector().await;
    window.says("p", "a new session: its ID is the value of cookie A").await;
    let jar = "[...document.querySelectorAll('.new .value')].map((value) => value.textContent)";
    window.until(&format!("{jar}.includes('{id}')")).await;
    window.click("button[data-skip='1860']").await;
    window.says("p", "clock: 31 minutes ahead").await;
    window.browser.enter_parent_frame().await.unwrap();
}

async fn read_on_to_the_exercise(window: &Window) {
    for heading in [
        "How do I write my first app with a session?",
        "How do I remember a visitor?",
        "Can the cookie hold the data itself?",
        "How do you log a visitor out?",
    ] {
        // A page counts as read when its end was visible.
        window.value("document.querySelector('.page-end').scrollIntoView()").await;
        window.find("#mdbook-sidebar a.active .page-tick").await;
        window.click(".nav-wrapper .next").await;
        window.says("h1", heading).await;
    }
    window.click("main a[href$='exercises/login.html']").await;
    window.says("h1", "Exercise 1: login").await;
}

async fn try_the_stub(window: &Window) {
    window.says("p", "Not checked yet.").await;
    window.click(".checks-part button.main").await;
    window.says("b", "Not yet: 0 of 13.").await;
    window.says("b", "is still").await;
    window.click(".first .take-hint").await;
    window.says("b", "Hint 1: The form").await;
    assert_eq!(window.number(TICKED).await, 0.0);
}

/// Writes the answer and its templates in the editor.
async fn write(window: &Window) {
    window.click("#tab-code").await;
    for name in ["login.html", "protected.html"] {
        window.click(".code-view .bar button:nth-of-type(2)").await;
        window.find(".naming input").await.send_keys(&format!("templates/{name}")).await.unwrap();
        window.click(".naming button").await;
        window.until(&format!("document.querySelector('.code-view select').value === 'templates/{name}'")).await;
        window.write(&solution(&format!("templates/{name}"))).await;
    }
    window.click(".code-view option[value='src/lib.rs']").await;
    window.write(&solution("src/lib.rs")).await;
    window.value(&format!("{EDITOR}.navigateFileEnd()")).await;
    window.find(".ace_text-input").await.send_keys("// mine").await.unwrap();
    window.find(".mark:not([hidden])").await;
    let written = window.text().await;
    assert!(written.contains("// mine"), "{written}");
    window.press_save().await;
    window.file_is(&written).await;
}

async fn pass(window: &Window) {
    window.says("b", "Passed, all 13.").await;
    window.says("h3", "What you learned").await;
    window.until(&format!("{TICKED} === 13")).await;
}

/// Logs in as alice in the app that was just written.
async fn log_in(window: &Window, shown: Shown) {
    window.click("#tab-app").await;
    window.says("p", "You can log in as alice (wonderland)").await;
    enter(window, shown, "alice.exercise-1").await;
    window.find("input[name=username]").await.send_keys("alice").await.unwrap();
    window.find("input[name=password]").await.send_keys("wonderland").await.unwrap();
    window.click("form button").await;
    window.until("location.pathname === '/protected'").await;
    window.says("*", "alice").await;
    leave(window, shown).await;
    window.inspector().await;
    window.says("span", "/protected").await;
    window.until("document.querySelector('main').textContent.includes('username: \"alice\"')").await;
    window.browser.enter_parent_frame().await.unwrap();
}

/// Enters the frame or the tab that shows the program's page.
async fn enter(window: &Window, shown: Shown, host: &str) {
    match shown {
        Shown::InThePanel => window.frame(host).await,
        Shown::InATab => {
            window.click(&format!(".address a[href^='http://{host}']")).await;
            window.newest_tab().await;
        }
    }
}

async fn leave(window: &Window, shown: Shown) {
    match shown {
        Shown::InThePanel => window.browser.enter_parent_frame().await.unwrap(),
        Shown::InATab => {
            window.browser.close_window().await.unwrap();
            window.switch(0).await;
        }
    }
}

async fn look_back(window: &Window) {
    window.click("button[aria-controls='mdbook-sidebar']").await;
    let link = "#mdbook-sidebar a[href$='introduction.html']";
    window.until(&format!("document.querySelector(\"{link}\").getBoundingClientRect().left >= 0")).await; // it slides in
    window.click(link).await;
    window.says("h1", "Introduction").await;
    window.says_how_far(5, 1).await;
    window.says("summary", "Exercise 1, login: passed").await;
    window.find("#mdbook-sidebar a[href$='exercises/login.html'] .page-tick[aria-label='passed']").await;
}

async fn nothing_was_asked_of_another_machine(window: &Window) {
    let hosts = "return performance.getEntriesByType('resource').map(({ name }) => new URL(name).hostname)";
    let asked: Vec<String> = serde_json::from_value(window.value(hosts).await).unwrap();
    assert!(!asked.is_empty() && asked.iter().all(|host| host.ends_with("localhost")), "{asked:?}");
}

fn solution(path: &str) -> String {
    fs::read_to_string(project().join("solutions/1-login").join(path)).unwrap()
}
