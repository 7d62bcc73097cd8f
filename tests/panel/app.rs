//! Tests the learner's app in the panel.

use crate::window::Window;

pub async fn an_app_is_seen_as_a_visitor_and_anew_after_each_save_in_a_real_browser() {
    let window = Window::open("panel-app").await;
    window.size(1440, 900).await;
    let solution = window.scratch.solution();
    window.scratch.answer(&solution);
    window.go("exercises/login").await;
    window.click(".checks-part input[type=checkbox]").await;
    window.until("window.ace && ace.edit(document.querySelector('.ace-box')).getValue()").await;
    window.click("#tab-app").await;
    window.says("p", "You can log in as alice (wonderland), bob (builder)").await;

    // Alice logs in, and her inspector below the app shows it.
    window.frame("alice.exercise-1").await;
    window.find("input[name=username]").await.send_keys("alice").await.unwrap();
    window.find("input[name=password]").await.send_keys("wonderland").await.unwrap();
    window.click("form button").await;
    window.says("*", "alice").await;
    window.browser.enter_parent_frame().await.unwrap();
    window.find(".app-part iframe.inspector").await.enter_frame().await.unwrap();
    window.says("*", "POST").await;
    window.browser.enter_parent_frame().await.unwrap();

    // The frame shows a saved change without a click.
    window.click("#tab-code").await;
    window
        .write(&solution.replace(
            "async fn login_form() -> ",
            "async fn login_form() -> &'static str {\n    \"anew\"\n}\n\n#[allow(dead_code)]\nasync fn old_form() -> ",
        ))
        .await;
    window.press_save().await;
    window.find(".mark[hidden]").await;
    window.click("#tab-app").await;
    window.frame("alice.exercise-1").await;
    window.says("body", "anew").await;
    window.browser.enter_parent_frame().await.unwrap();

    // If the code does not compile, the previous version stays, and a sentence says so.
    window.click("#tab-code").await;
    window.write("fn app(").await;
    window.press_save().await;
    window.find(".mark[hidden]").await;
    window.click("#tab-app").await;
    window.says("p", "This is the previous version").await;
    window.says("pre", "exercises/1-login/src/lib.rs:1").await;
    window.frame("alice.exercise-1").await;
    window.says("body", "anew").await;
    window.browser.enter_parent_frame().await.unwrap();

    // If the app exits, a sentence says why, and a button starts it again at its first page. The last page would end it
    // again.
    window.click("#tab-code").await;
    let ends = "    Router::new().route(\"/end\", get(|| async { std::process::exit(3) as () }))\n";
    window.write(&solution.replacen("    Router::new()\n", ends, 1)).await;
    window.press_save().await;
    window.find(".mark[hidden]").await;
    window.click("#tab-app").await;
    window.until("!document.querySelector('.program-state').textContent").await;
    let go = "document.querySelector('.path').value = arguments[0]; document.querySelector('.address button').click()";
    window.browser.execute(go, vec!["/end".into()]).await.unwrap();
    window.click(".start-again:not([hidden])").await;
    window.frame("alice.exercise-1").await;
    window.find("input[name=username]").await;
    window.browser.enter_parent_frame().await.unwrap();

    // If the app does not answer, a sentence says so, and the same button ends the loop.
    window.click("#tab-code").await;
    let loops = "    Router::new().route(\"/loop\", get(|| async { loop { std::hint::spin_loop() } #[allow(unreachable_code)] () }))\n";
    let serial =
        "return fetch('/api/programs/exercise-1').then((answer) => answer.json()).then(({ serial }) => serial)";
    let before = window.value(serial).await;
    window.write(&solution.replacen("    Router::new()\n", loops, 1)).await;
    window.press_save().await;
    while window.value(serial).await == before {} // until it is built
    window.click("#tab-app").await;
    window.browser.execute(go, vec!["/loop".into()]).await.unwrap();
    window.says("p", "The program does not answer, perhaps because of an endless loop.").await;
    window.click(".start-again").await;
    window.until("document.querySelector('.start-again').hidden").await;
    window.frame("alice.exercise-1").await;
    window.find("input[name=username]").await;
    window.browser.close().await.unwrap();
}
