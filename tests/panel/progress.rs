//! Tests the reader's progress in the sidebar and on the start page.

use crate::window::Window;

pub async fn what_was_read_and_passed_is_seen_in_the_sidebar_and_on_the_start_page_in_a_real_browser() {
    let window = Window::open("panel-progress").await;
    window.size(1440, 900).await;
    window.go("introduction").await;
    window.says("h2", "What have I done so far?").await;
    window.says_how_far(0, 0).await;
    window.says("a", "Continue here: What is a session?").await;
    assert_eq!(
        window.value("return document.querySelectorAll('.overview details:not(.labs)').length").await,
        checks::SUITES.len()
    );

    // A page counts as read when its end was visible.
    window.go("basics/what-is-a-session").await;
    assert_eq!(window.value("return document.querySelectorAll('.page-tick').length").await, 0);
    window.value("document.querySelector('.page-end').scrollIntoView()").await;
    window.find("#mdbook-sidebar a[href$='what-is-a-session.html'] .page-tick").await;
    window.go("introduction").await;
    window.says_how_far(1, 0).await;
    window.says("a", "Continue here: How do I write my first app with a session?").await;

    // A verdict from the terminal appears at once.
    window.scratch.answer(&window.scratch.solution());
    assert!(window.scratch.workbook("check 1").status.success());
    window.says_how_far(2, 1).await;
    window.says("summary", "Exercise 1, login: passed").await;
    window.find("#mdbook-sidebar a[href$='exercises/login.html'] .page-tick[aria-label='passed']").await;
    window.scratch.answer("// changed\n");
    window.says("summary", "Exercise 1, login: passed, changed since").await;

    // The button prints the overview without the rest of the page.
    window.value("window.print = () => { window.printed = document.documentElement.className; }").await;
    window.click(".overview button").await;
    assert!(window.value("return window.printed").await.as_str().unwrap().contains("record-only"));
    assert_eq!(window.value("return document.documentElement.classList.contains('record-only')").await, false);
    window.browser.close().await.unwrap();
}
