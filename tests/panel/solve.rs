//! Solves an exercise in the panel, from the stub to a pass.

use crate::window::Window;

const SIGN: &str = "document.querySelector('.checks-view .summary')?.textContent";

/// Starts a second run after the next run has begun.
const THEN_ANOTHER: &str = "
    const ask = window.fetch;
    window.fetch = async (...request) => {
      const answer = await ask(...request);
      if (String(request[0]).endsWith('/check')) { window.fetch = ask; ask('/api/exercises/1/check', { method: 'POST' }); }
      return answer;
    };";

pub async fn an_exercise_is_tried_helped_with_and_solved_in_a_real_browser() {
    let window = Window::open("panel-solve").await;
    window.go("exercises/login").await;
    window.says("p", "Not checked yet.").await;
    window.until("window.ace && ace.edit(document.querySelector('.ace-box')).getValue()").await;
    let stub = window.file();

    // Hints open in order. A locked one stays closed.
    window.find("main details:nth-of-type(3).locked").await;
    window.value("document.querySelector('main details:nth-of-type(3) summary').click()").await;
    assert_eq!(window.value("return document.querySelector('main details:nth-of-type(3)').open").await, false);
    window.value("document.querySelector('main details:nth-of-type(1) summary').click()").await;
    window.find("main details:nth-of-type(2):not(.locked)").await;

    // A save starts a check. The editor marks the line that does not compile.
    window.write(&stub.replace("fn app<S", "fn app<<S")).await;
    window.press_save().await;
    window.says("b", "It does not compile.").await;
    window.says("pre", "exercises/1-login/src/lib.rs:16").await;
    let marked = "ace.edit(document.querySelector('.ace-box')).session.getAnnotations().map(({ row, type }) => `${row} ${type}`).join()";
    window.until(&format!("{marked} === '15 error'")).await;
    window.click(".error .place").await;
    window.until("ace.edit(document.querySelector('.ace-box')).getCursorPosition().row === 15").await;

    // For the stub, the panel shows the first failure in full, and one line for each of the others. The failure links
    // to the line of code and to a hint.
    window.write(&stub).await;
    window.press_save().await;
    window.says("b", "Not yet: 0 of 13.").await;
    window.until(&format!("{marked} === ''")).await;
    assert_eq!(
        window.value("return document.querySelectorAll('.checks-view .first, .failure:not([open])').length").await,
        13
    );
    window.click(".first dd .place").await;
    let line = stub.lines().position(|line| line.contains("todo!(\"a page with a form")).unwrap();
    window.until(&format!("ace.edit(document.querySelector('.ace-box')).getCursorPosition().row === {line}")).await;
    window.click(".first .take-hint").await;
    window.says("b", "Hint 1: The form").await;

    // With the switch off, a save starts no check, and the verdict is marked as old, here and in another tab.
    let other = window.tab("exercises/login").await;
    window.until(&format!("{SIGN}.includes('Not yet')")).await;
    window.switch(0).await;
    window.click(".checks-part input[type=checkbox]").await;
    window.write(&format!("{stub}// changed\n")).await;
    window.press_save().await;
    window.find(".checks-view.stale .changed").await;
    window.browser.switch_to_window(other).await.unwrap();
    window.find(".checks-view.stale .changed").await;
    window.browser.close_window().await.unwrap();
    window.switch(0).await;

    // A stopped run is reported as stopped. One script starts and stops it, so that it cannot end by itself in between.
    let [run, stop] = ["button.main", "button:nth-of-type(2)"];
    window
        .value(&format!(
            "for (const css of ['{run}', '{stop}']) document.querySelector(`.checks-part ${{css}}`).click()"
        ))
        .await;
    window.says("p", "Stopped.").await;

    // The same holds for a run that another window ends.
    window.value(THEN_ANOTHER).await;
    window.click(".checks-part button.main").await;
    window.says("p", "Another window has started a run instead").await;

    // After a pass, the requirements are ticked, and the page shows what the reader has learned and the solution.
    let solution = window.scratch.solution();
    // A draft is saved before it is checked.
    window.write(&format!("{solution}\n// mine\n")).await;
    window.click(".checks-part button.main").await;
    window.file_is(&format!("{solution}\n// mine\n")).await;
    window.says("b", "Passed, all 13.").await;
    window.says("h3", "What you learned").await;
    window.says("a", "exercise 2, cart").await;
    window.until("document.querySelectorAll('main li.met .tick.good').length === 13").await;
    window.value("document.querySelector('.beside').open = true").await;
    window.says("td", "// mine").await;
    assert_eq!(window.value("return document.querySelectorAll('.checks-view .met li').length").await, 13);

    // The reader resets the exercise, and undoes that.
    window.click(".reset").await;
    window.file_is(&stub).await;
    window.says("p", "Not checked yet.").await;
    window.says("p", "The earlier files are in").await;
    window.click(".undo button").await;
    window.file_is(&format!("{solution}\n// mine\n")).await;
    window.browser.close().await.unwrap();
}

pub async fn what_a_failed_check_did_is_seen_step_by_step_in_a_real_browser() {
    let window = Window::open("panel-story").await;
    window.size(1440, 900).await;
    let solution = window.scratch.solution();
    let keeps_the_id = solution.replace("session.cycle_id().await?;", "");
    assert_ne!(keeps_the_id, solution);
    window.scratch.answer(&keeps_the_id);
    window.go("exercises/login").await;
    window.click("#tab-checks").await;
    window.click(".checks-part button.main").await;
    window.says("b", "Not yet: 12 of 13.").await;

    // The story is loaded only when it is opened.
    let told = window.number("document.querySelectorAll('.first .steps li').length").await;
    assert_eq!(window.number("document.querySelectorAll('.story iframe').length").await, 0.0);
    window.click(".first .story summary").await;
    window.find(".first .story iframe").await.enter_frame().await.unwrap();
    window.says("h1", "What check 9 did").await;
    assert_eq!(window.number("document.querySelectorAll('#events > li').length").await, told);

    // At the failed step, the cookie stays the same, and the record has a user who was not in it before.
    let last = "[...document.querySelectorAll('#events > li[data-visitor]')].findLast((step) => /username/.test(step.textContent))";
    window.until(&format!("{last}.querySelector('details').open")).await;
    let labels = |side: &str| format!("{last}.querySelector('.sides section dl dd:{side} .label').textContent");
    window.until(&format!("{} === {}", labels("first-of-type"), labels("last-of-type"))).await;
    window
        .until(&format!("/username: \"alice-/.test({last}.querySelector('.sides section:last-child').textContent)"))
        .await;
    window.browser.close().await.unwrap();
}
