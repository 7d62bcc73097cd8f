//! Tests the labs of lesson 4, beside the pages about an attack.

use crate::window::Window;

/// Clicks a button or link of the lab, and waits for an element of the next page.
async fn press(window: &Window, css: &str, then: &str) {
    window.click(css).await;
    window.find(then).await;
}

pub async fn an_attack_is_run_seen_and_tried_by_hand_beside_its_page_in_a_real_browser() {
    let window = Window::open("panel-lab").await;
    window.size(1440, 900).await;
    window.go("security/csrf").await;
    window.frame("lesson-4").await;
    window.says("h1", "Let alice press a button that buys").await;

    // The verdict is near the button, and the orders prove it.
    press(&window, "button.main", "#verdict.bad").await;
    window.says("td", "alice: a yacht").await;
    let near = "const [button, verdict] = ['button.main', '#verdict'].map((css) => document.querySelector(css).getBoundingClientRect());
                return verdict.top - button.bottom < 60 && verdict.bottom < innerHeight";
    assert_eq!(window.value(near).await, true);
    press(&window, ".choice a:nth-of-type(2)", "#hint").await;
    press(&window, "button.main", "#verdict.good").await;
    window.says("p", "Bob, an honest visitor, was served after the attack.").await;
    press(&window, ".choice a:nth-of-type(1)", "#verdict.bad").await;

    // The inspector shows each request with its sender.
    window.browser.enter_parent_frame().await.unwrap();
    window.find("#panel iframe.inspector").await.enter_frame().await.unwrap();
    window.says("h2", "An attack on the vulnerable shop: Let alice press a button that buys").await;
    for (visitor, request) in [("alice", "/buy"), ("bob", "/note")] {
        window.until(&format!(
            "[...document.querySelectorAll('[data-visitor={visitor}] .target')].some((target) => target.textContent === '{request}')"
        )).await;
    }
    window.browser.enter_parent_frame().await.unwrap();

    // The reader carries out the attack by hand, with mallory's page on another site.
    window.frame("lesson-4").await;
    press(&window, "[action$='/reset?shop=vulnerable'] button", "#hint").await;
    window.says("p", "nothing has happened here yet").await;
    window.click("details[open] a[target]").await;
    window.at("vulnerable.lesson-4.").await;
    window.find("[action='/login'] [name=password]").await.send_keys("sunshine").await.unwrap();
    press(&window, "[action='/login'] button", "[action='/logout']").await;
    window.browser.close_window().await.unwrap();
    window.switch(0).await;
    window.frame("lesson-4").await;
    window.click("#bait").await;
    window.at("evil.localhost").await;
    press(&window, "#bait", "[action='/logout']").await;
    window.browser.close_window().await.unwrap();
    window.switch(0).await;
    window.frame("lesson-4").await;
    window.value("location.reload()").await;
    window.says("td", "alice: a yacht").await;

    window.go("introduction").await;
    window.says("summary", "Labs: 1 of 8 tried").await;
    window.find(".labs .tick + a[href$='security/csrf.html']").await;
    window.browser.close().await.unwrap();
}
