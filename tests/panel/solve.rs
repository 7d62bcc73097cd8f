//! From the stub to a pass, in the panel.

use crate::window::Window;

const SIGN: &str = "document.querySelector('.checks-view .summary')?.textContent";

/// After the next run that begins, another one.
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

    // Hints open in order, and that is said; a locked one stays shut.
    window.find("main details:nth-of-type(3).locked").await;
    window.value("document.querySelector('main details:nth-of-type(3) summary').click()").await;
    assert_eq!(window.value("return document.querySelector('main details:nth-of-type(3)').open").await, false);
    window.value("document.querySelector('main details:nth-of-type(1) summary').click()").await;
    window.find("main details:nth-of-type(2):not(.locked)").await;

    // A save is checked: what does not compile is said at its line, and drawn.
    window.write(&stub.replace("fn app<S", "fn app<<S")).await;
    window.press_save().await;
    window.says("b", "It does not compile.").await;
    window.says("pre", "exercises/1-login/src/lib.rs:16").await;
    let marked = "ace.edit(document.querySelector('.ace-box')).session.getAnnotations().map(({ row, type }) => `${row} ${type}`).join()";
    window.until(&format!("{marked} === '15 error'")).await;
    window.click(".error .place").await;
    window.until("ace.edit(document.querySelector('.ace-box')).getCursorPosition().row === 15").await;

    // The stub: the first failure in full, the others a line each; from there to the line, and a hint in place.
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

    // Without the switch a save is not checked: the verdict is said to be old, here and in another tab.
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

    // A run that is stopped is said to be; in one step, so that it does not end by itself before.
    let [run, stop] = ["button.main", "button:nth-of-type(2)"];
    window
        .value(&format!(
            "for (const css of ['{run}', '{stop}']) document.querySelector(`.checks-part ${{css}}`).click()"
        ))
        .await;
    window.says("p", "Stopped.").await;

    // So is one that another window puts an end to, as soon as it has begun.
    window.value(THEN_ANOTHER).await;
    window.click(".checks-part button.main").await;
    window.says("p", "Another window has started a run instead").await;

    // Solved: requirements tick off, what was learned is told, the solution stands beside the answer.
    let solution = window.scratch.solution();
    // What is not saved yet is saved before it is checked.
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

    // Over again, and back.
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

    // Nobody has looked yet, so nothing was asked for.
    let told = window.number("document.querySelectorAll('.first .steps li').length").await;
    assert_eq!(window.number("document.querySelectorAll('.story iframe').length").await, 0.0);
    window.click(".first .story summary").await;
    window.find(".first .story iframe").await.enter_frame().await.unwrap();
    window.says("h1", "What check 9 did").await;
    assert_eq!(window.number("document.querySelectorAll('#events > li').length").await, told);

    // The step at which it went wrong: the same cookie before and after, and somebody in the record who was not.
    let last = "[...document.querySelectorAll('#events > li[data-visitor]')].findLast((step) => /username/.test(step.textContent))";
    window.until(&format!("{last}.querySelector('details').open")).await;
    let labels = |side: &str| format!("{last}.querySelector('.sides section dl dd:{side} .label').textContent");
    window.until(&format!("{} === {}", labels("first-of-type"), labels("last-of-type"))).await;
    window
        .until(&format!("/username: \"alice-/.test({last}.querySelector('.sides section:last-child').textContent)"))
        .await;
    window.browser.close().await.unwrap();
}
