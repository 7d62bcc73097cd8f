//! Writing in the panel.

use crate::window::Window;

pub async fn code_is_written_saved_and_held_against_other_editors_in_a_real_browser() {
    let window = Window::open("panel-code").await;
    window.go("exercises/login").await;
    // What is looked at here is the editor.
    window.click(".checks-part input[type=checkbox]").await;
    let stub = window.file();
    window.until("window.ace && ace.edit(document.querySelector('.ace-box')).getValue()").await;
    assert_eq!(window.text().await, stub);
    assert_eq!(window.value("return document.querySelector('.mark').hidden").await, true);

    // Typed, it is marked; saved by the key, it is in the file.
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

    // Another editor's save shows up; one that collides asks, and neither text is lost.
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

    // A file that is new.
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

    // What is no path of an answer is refused with a sentence.
    window.click(".bar button:nth-of-type(2)").await;
    window.find(".naming input").await.send_keys("../elsewhere.rs").await.unwrap();
    window.click(".naming button").await;
    window.says("p", "is not a file of an answer").await;
    window.browser.close().await.unwrap();
}
