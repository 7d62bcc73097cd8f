//! Tests the editor in the panel.

use std::fs;

use crate::window::Window;

/// Records the page's requests to the studio from now on.
const NOTE_WHAT_IS_ASKED: &str = "
    const ask = window.fetch;
    window.asked = [];
    window.fetch = (address, options) => { window.asked.push(`${options?.method ?? 'GET'} ${address}`); return ask(address, options); };";

pub async fn code_is_written_saved_and_held_against_other_editors_in_a_real_browser() {
    let window = Window::open("panel-code").await;
    window.go("exercises/login").await;
    // Checking at each save would disturb this test of the editor.
    window.click(".checks-part input[type=checkbox]").await;
    let stub = window.file();
    window.until("window.ace && ace.edit(document.querySelector('.ace-box')).getValue()").await;
    assert_eq!(window.text().await, stub);
    assert_eq!(window.value("return document.querySelector('.mark').hidden").await, true);

    // Typed text is marked as unsaved, and the key saves it to the file.
    window.find(".ace_text-input").await.send_keys("// typed").await.unwrap();
    window.find(".mark:not([hidden])").await;
    window.press_save().await;
    window.find(".mark[hidden]").await;
    let typed = window.text().await;
    assert!(typed.contains("// typed") && typed.len() > stub.len(), "{typed}");
    window.file_is(&typed).await;

    // A draft survives a reload, and the button saves it.
    window.write("// a draft\n").await;
    window.browser.refresh().await.unwrap();
    window.says("p", "These are the changes that you did not save.").await;
    assert_eq!(window.text().await, "// a draft\n");
    assert_eq!(window.file(), typed);
    window.click(".save").await;
    window.file_is("// a draft\n").await;
    window.find(".mark[hidden]").await;
    window.browser.refresh().await.unwrap();
    window.until("window.ace && ace.edit(document.querySelector('.ace-box')).getValue() === '// a draft\\n'").await;
    assert_eq!(window.value("return document.querySelector('.mark').hidden").await, true);

    // A save in another editor appears here. If it collides with a draft, the panel asks, and neither text is lost.
    window.scratch.answer("// from outside\n");
    window.until("ace.edit(document.querySelector('.ace-box')).getValue() === '// from outside\\n'").await;
    window.write("// mine\n").await;
    window.scratch.answer("// theirs\n");
    window.says("b", "was changed outside this editor").await;
    window.press_save().await;
    assert_eq!((window.text().await.as_str(), window.file().as_str()), ("// mine\n", "// theirs\n"));
    window.click(".collision button:nth-of-type(2)").await;
    window.find(".collision[hidden]").await;
    window.press_save().await;
    window.file_is("// mine\n").await;
    window.find(".mark[hidden]").await;
    window.write("// mine again\n").await;
    window.scratch.answer("// theirs again\n");
    window.click(".collision button:nth-of-type(1)").await;
    window.until("ace.edit(document.querySelector('.ace-box')).getValue() === '// theirs again\\n'").await;
    window.find(".mark[hidden]").await;

    // A new file.
    window.click(".bar button:nth-of-type(2)").await;
    window.find(".naming input").await.send_keys("templates/page.html").await.unwrap();
    window.click(".naming button").await;
    window.until("document.querySelector('.code-view select').value === 'templates/page.html'").await;
    window.write("<p>").await;
    window.find(".mark:not([hidden])").await;
    window.click(".save").await;
    window.find(".mark[hidden]").await;
    let made = window.scratch.root().join("exercises/1-login/templates/page.html");
    assert_eq!(std::fs::read_to_string(made).unwrap(), "<p>");

    // A path outside the answer is refused with a sentence.
    window.click(".bar button:nth-of-type(2)").await;
    window.find(".naming input").await.send_keys("../elsewhere.rs").await.unwrap();
    window.click(".naming button").await;
    window.says("p", "is not a file of an answer: its files are below src/ or templates/").await;
    // The name of an existing file opens that file, and removes the earlier sentence.
    let named = window.find(".naming input").await;
    named.clear().await.unwrap();
    named.send_keys("src/lib.rs").await.unwrap();
    window.click(".naming button").await;
    window.says("p", "src/lib.rs already exists").await;
    window.until("document.querySelector('.code-view select').value === 'src/lib.rs'").await;
    assert_eq!(window.value("return document.body.textContent.includes('is not a file of an answer')").await, false);
    window.browser.close().await.unwrap();
}

pub async fn escape_leads_behind_the_editor_in_a_real_browser() {
    let [escape, tab] = ["\u{e00c}", "\u{e004}"];
    let window = Window::open("panel-keys").await;
    window.size(1440, 900).await;
    window.go("exercises/login").await;
    window.until("window.ace && ace.edit(document.querySelector('.ace-box')).getValue()").await;
    let editor = window.find(".ace_text-input").await;
    let label = editor.attr("aria-label").await.unwrap().unwrap();
    assert!(label.contains("Escape leaves the editor, and Tab then moves on"), "{label}");
    let before = window.text().await;
    editor.send_keys(escape).await.unwrap();
    window.until("document.activeElement.textContent === 'After the editor.'").await;
    window.browser.active_element().await.unwrap().send_keys(tab).await.unwrap();
    window.until("document.activeElement.textContent === 'Run the checks'").await;
    assert_eq!(window.text().await, before, "nothing was typed");
    window.browser.close().await.unwrap();
}

pub async fn a_sentence_says_that_the_studio_is_unavailable_until_it_is_back_in_a_real_browser() {
    let mut window = Window::open("panel-away").await;
    window.go("exercises/login").await;
    window.until("window.ace && ace.edit(document.querySelector('.ace-box')).getValue()").await;
    window.end_studio();
    window.write("// a draft\n").await;
    window.press_save().await;
    window.says("p", "Not saved: there is no connection to the studio.").await;
    window.click(".checks-part button.main").await;
    window.says("p", "There is no verdict: there is no connection to the studio.").await;
    assert_eq!(window.value("return /Failed to fetch|network error/i.test(document.body.textContent)").await, false);
    window.start_studio();
    window.until("!document.querySelector('#panel').textContent.includes('no connection')").await;
    assert_eq!(window.text().await, "// a draft\n");
    assert_ne!(window.file(), "// a draft\n");
    window.browser.close().await.unwrap();
}

pub async fn another_programs_change_writes_no_draft_and_a_deleted_file_stays_deleted_in_a_real_browser() {
    let window = Window::open("panel-drafts").await;
    window.go("exercises/login").await;
    window.until("window.ace && ace.edit(document.querySelector('.ace-box')).getValue()").await;
    let (stub, folder) = (window.file(), window.scratch.root().join("exercises/1-login/src"));
    let [lib, main] = ["lib.rs", "main.rs"].map(|file| folder.join(file));
    let asked = async |beginning: &str| {
        window.number(&format!("window.asked.filter((one) => one.startsWith('{beginning}')).length")).await
    };
    let runs = async |count: u8| {
        window.until(&format!("window.asked.filter((one) => one.endsWith('/check')).length >= {count}")).await
    };
    let shown = "document.querySelector('.code-view select').value";
    window.value(NOTE_WHAT_IS_ASKED).await;

    // Another file of the exercise changes, which starts a check. The draft here is not saved.
    window.find(".checks-part input:checked").await;
    window.write("// a draft\n").await;
    fs::write(&main, fs::read_to_string(&main).unwrap() + "// changed\n").unwrap();
    runs(1).await;
    assert_eq!((asked("PUT").await, window.file()), (0.0, stub.clone()));

    // The file is deleted. The run does not restore it, and the editor still has the text.
    fs::remove_file(&lib).unwrap();
    window.says("b", "src/lib.rs is gone from the disk.").await;
    window.says("p", "exercises/1-login/src/lib.rs is missing, so nothing can be built.").await;
    runs(2).await;
    assert_eq!((asked("PUT").await, lib.exists()), (0.0, false));
    assert_eq!(window.text().await, "// a draft\n");
    // A save of all files does not restore it either. Only the button does.
    window.press_save().await;
    window.click(".collision button:nth-of-type(1)").await;
    window.file_is("// a draft\n").await;
    window.find(".collision[hidden]").await;
    window.find(".mark[hidden]").await;

    // If a file without a draft is deleted, the draft of another file is not saved either. The warning appears again.
    window.value(&format!("{shown} = 'src/main.rs'")).await;
    window.value("document.querySelector('.code-view select').dispatchEvent(new Event('change'))").await;
    window.write("// another draft\n").await;
    window.value(&format!("{shown} = 'src/lib.rs'")).await;
    window.value("document.querySelector('.code-view select').dispatchEvent(new Event('change'))").await;
    let before = asked("PUT").await;
    fs::remove_file(&lib).unwrap();
    window.find(".collision:not([hidden])").await;
    assert_eq!((window.text().await.as_str(), lib.exists()), ("// a draft\n", false));
    assert!(!fs::read_to_string(&main).unwrap().contains("another draft"));
    window.scratch.answer("// restored\n");
    window.find(".collision[hidden]").await;
    window.until("ace.edit(document.querySelector('.ace-box')).getValue() === '// restored\\n'").await;
    window.until(&format!("{shown} === 'src/lib.rs'")).await;

    // After a click on the other button, the file is gone in the editor as well.
    fs::remove_file(&lib).unwrap();
    window.click(".collision:not([hidden]) button:nth-of-type(2)").await;
    window.until(&format!("{shown} !== 'src/lib.rs'")).await;
    assert_eq!((asked("PUT").await, lib.exists()), (before, false));

    // The draft of a deleted file outlives a reload.
    window.until(&format!("{shown} === 'src/main.rs'")).await;
    fs::remove_file(&main).unwrap();
    window.says("b", "src/main.rs is gone from the disk.").await;
    window.browser.refresh().await.unwrap();
    window
        .until(
            "[...document.querySelectorAll('.code-view option')].some(({ text }) => text === '● src/main.rs (gone)')",
        )
        .await;
    assert!(!main.exists());
    window.browser.close().await.unwrap();
}
