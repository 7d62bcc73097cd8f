//! Tests every kind of page, in every theme, with axe-core: against the rules of WCAG that a program can check.

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

/// The package of axe-core. The test gets it from npm's registry, and it is not part of the workbook.
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

/// Returns the script, or the reason why it is missing.
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
    let mut faults = Faults { window: &window, axe, found: Vec::new() };
    faults.of_the_text().await;
    faults.of_lessons().await;
    faults.of_an_exercise().await;
    faults.of_narrow_windows().await;
    assert!(faults.found.is_empty(), "{}", faults.found.join("\n"));
    window.browser.close().await.unwrap();
}

struct Faults<'w> {
    window: &'w Window,
    axe: &'w str,
    found: Vec<String>,
}

impl Faults<'_> {
    async fn of_the_text(&mut self) {
        let window = self.window;
        window.go("introduction").await;
        window.says("h2", "What have I done so far?").await;
        window.says("p", &format!("of {} exercises.", checks::SUITES.len())).await;
        self.on("the start page", &[]).await;
        window.go("no/such/page").await;
        window.says("h1", "There is no such page").await;
        self.on("a page that is not there", &[]).await;
        window.browser.goto(&format!("{}introduction.html?search=fixation", window.address)).await.unwrap();
        window.says("a", "What is session fixation?").await;
        self.on("a search", &[]).await;
    }

    async fn of_lessons(&mut self) {
        let window = self.window;
        {
            // While this lock is held, no other cargo builds.
            let at_work = fs::File::create(window.scratch.target().join("debug/.cargo-lock")).unwrap();
            at_work.lock().unwrap();
            window.go("lifetime/how-long").await;
            window.find("#panel iframe.demo[src]").await.enter_frame().await.unwrap();
            window.says("h1", "as soon as another cargo is done").await;
            window.browser.enter_parent_frame().await.unwrap();
            self.on("a program that is built", &["demo", "inspector"]).await;
        }
        window.go("basics/set-and-get").await;
        window.set_a_session().await;
        window.value("document.querySelectorAll('details').forEach((details) => { details.open = true; })").await;
        window.browser.enter_parent_frame().await.unwrap();
        self.on("a lesson", &["demo", "inspector"]).await;
        window.go("security/csrf").await;
        window.frame("lesson-4").await;
        window.says("h1", "Let alice press a button that buys").await;
        window.browser.enter_parent_frame().await.unwrap();
        self.on("a lab", &["demo", "inspector"]).await;
    }

    async fn of_an_exercise(&mut self) {
        let window = self.window;
        window.go("exercises/login").await;
        window.find(".ace_text-input").await;
        self.on("an exercise that nobody has tried", &[]).await;
        window.scratch.answer("fn app(");
        window.says("b", "It does not compile.").await;
        self.on("an answer that does not compile", &[]).await;
        window.click("#tab-app").await;
        window.frame("alice.exercise-1").await;
        window.says("h1", "is not running").await;
        window.browser.enter_parent_frame().await.unwrap();
        self.on("a program that is not running", &["demo", "inspector"]).await;

        window.fail_one_check().await;
        self.unfold(".checks-view").await;
        window.story().await;
        window.value("document.querySelectorAll('details').forEach((details) => { details.open = true; })").await;
        window.browser.enter_parent_frame().await.unwrap();
        self.on("an exercise that fails", &["story"]).await;

        window.scratch.answer(&format!("{}// mine", window.scratch.solution()));
        window.says("b", "Passed, all 13.").await;
        self.unfold(".checks-view").await;
        self.on("an exercise that passes", &[]).await;
        window.click("#tab-app").await;
        window.frame("alice.exercise-1").await;
        window.find("input[name=username]").await;
        window.browser.enter_parent_frame().await.unwrap();
        // The app's own pages are not tested, because the learner writes them.
        self.on("an app", &["inspector"]).await;
    }

    async fn of_narrow_windows(&mut self) {
        let window = self.window;
        window.size(500, 844).await;
        self.on("the text on a narrow window", &[]).await;
        window.click(".panel-switch button:nth-of-type(2)").await;
        self.on("the panel on a narrow window", &[]).await;
    }

    async fn unfold(&self, css: &str) {
        let script =
            "document.querySelectorAll(`${arguments[0]} details`).forEach((details) => { details.open = true; })";
        self.window.browser.execute(script, vec![css.into()]).await.unwrap();
    }

    /// Runs axe on the page and in these frames of it, in each theme.
    async fn on(&mut self, what: &str, frames: &[&str]) {
        for theme in THEMES {
            self.window.value(&format!("document.getElementById('mdbook-theme-{theme}').click()")).await;
            self.here(&format!("{what}, {theme}")).await;
            for frame in frames {
                self.window.find(&format!("#panel iframe.{frame}")).await.enter_frame().await.unwrap();
                // A frame runs in another process, and gets the theme a little later.
                let is_dark = !matches!(theme, "light" | "rust");
                self.window.until(&format!("matchMedia('(prefers-color-scheme: dark)').matches === {is_dark}")).await;
                self.here(&format!("{what}, {theme}, {frame}")).await;
                self.window.browser.enter_parent_frame().await.unwrap();
            }
        }
    }

    async fn here(&mut self, what: &str) {
        let window = self.window;
        window.is_still().await;
        window.value(self.axe).await;
        // Frames are tested separately.
        let found = "return axe.run(document, { iframes: false }).then(({ violations }) => violations.map(
            ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`))";
        let Value::Array(found) = window.value(found).await else { unreachable!("a list of faults") };
        self.found.extend(found.iter().map(|fault| format!("{what}: {fault}")));
    }
}
