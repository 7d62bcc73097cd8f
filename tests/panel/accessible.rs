//! Every kind of page, in every theme, held against axe-core: the rules of WCAG that a program can check.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use libtest_mimic::{Completion, Failed};
use serde_json::Value;

use crate::{
    chromium,
    required::{Missing, block_on},
    window::Window,
};

/// From npm's registry, at the time of the test: it is no part of the workbook, and nothing of it is shown to anybody.
const AXE: &str = "axe-core@4.14.1";
const ARCHIVE: &str = "axe-core-4.14.1.tgz";
const SCRIPT: &str = "package/axe.min.js";

const THEMES: [&str; 5] = ["light", "rust", "coal", "navy", "ayu"];

pub fn no_page_has_a_fault_that_axe_finds() -> Result<Completion, Failed> {
    if let Some(missing) = chromium::missing() {
        return missing.outcome();
    }
    match axe() {
        Ok(script) => block_on(every_page(&script)),
        Err(reason) => return Missing { what: "axe", reason }.outcome(),
    }
    Ok(Completion::Completed)
}

/// The script, or why it cannot be had.
fn axe() -> Result<String, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("axe");
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let script = folder.join(SCRIPT);
    if !script.is_file() {
        run(&folder, if cfg!(windows) { "npm.cmd" } else { "npm" }, &["pack", AXE])?;
        run(&folder, "tar", &["-xzf", ARCHIVE, SCRIPT])?;
    }
    fs::read_to_string(&script).map_err(|error| error.to_string())
}

fn run(folder: &PathBuf, program: &str, arguments: &[&str]) -> Result<(), String> {
    let done = Command::new(program).args(arguments).current_dir(folder).output();
    match done {
        Ok(done) if done.status.success() => Ok(()),
        Ok(done) => Err(format!("{program} gives no {AXE}: {}", String::from_utf8_lossy(&done.stderr))),
        Err(error) => Err(format!("{program} cannot be started: {error}")),
    }
}

async fn every_page(axe: &str) {
    let window = Window::open("panel-axe").await;
    window.size(1440, 900).await;
    let mut faults = Vec::new();
    window.go("introduction").await;
    window.says("h2", "How far am I?").await;
    window.says("p", "of 7 exercises.").await;
    faults.extend(in_each_theme(&window, axe, "the start page").await);
    window.go("security/csrf").await;
    window.find("#panel iframe.demo[src]").await;
    faults.extend(in_each_theme(&window, axe, "a lesson").await);

    window.go("exercises/login").await;
    window.find(".ace_text-input").await;
    faults.extend(in_each_theme(&window, axe, "an exercise that nobody has tried").await);
    window.click("#panel button.main").await;
    window.says("b", "Not yet: 0 of 13.").await;
    window.click("#tab-checks").await;
    window
        .value("document.querySelectorAll('.checks-view details').forEach((details) => { details.open = true; })")
        .await;
    faults.extend(in_each_theme(&window, axe, "an exercise that fails").await);
    window.scratch.answer(&window.scratch.solution());
    window.says("b", "Passed, all 13.").await;
    faults.extend(in_each_theme(&window, axe, "an exercise that passes").await);
    window.click("#tab-app").await;
    window.find(".app-part iframe.demo[src]").await;
    faults.extend(in_each_theme(&window, axe, "an app").await);
    window.size(500, 844).await;
    faults.extend(in_each_theme(&window, axe, "the text on a narrow window").await);
    window.click(".panel-switch button:nth-of-type(2)").await;
    faults.extend(in_each_theme(&window, axe, "the panel on a narrow window").await);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    window.browser.close().await.unwrap();
}

async fn in_each_theme(window: &Window, axe: &str, what: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for theme in THEMES {
        window.value(&format!("document.getElementById('mdbook-theme-{theme}').click()")).await;
        // Colours that are on their way are none that anybody reads.
        window
            .value(
                "return Promise.all(document.getAnimations().map((animation) => animation.finished)).then(() => true)",
            )
            .await;
        window.value(axe).await;
        // Frames are pages of their own.
        let found = "return axe.run(document, { iframes: false }).then(({ violations }) => violations.map(
            ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`))";
        let Value::Array(found) = window.value(found).await else { unreachable!("a list of faults") };
        faults.extend(found.iter().map(|fault| format!("{what}, {theme}: {fault}")));
    }
    faults
}
