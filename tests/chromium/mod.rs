//! Starts a real browser, and programs that end with the test.

#![allow(dead_code, reason = "each test that includes this uses a part of it")]

use std::{
    env,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use fantoccini::{Client, ClientBuilder, Locator, elements::Element};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::required::Missing;

/// The longest time to wait for a page. The first page of a program waits for cargo, which builds the program.
pub const AT_MOST: Duration = Duration::from_secs(900);

/// A program that ends with the test.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program, and reads its output up to the first line in which `find` finds something.
pub fn start<T>(command: &mut Command, find: impl Fn(&str) -> Option<T>) -> (Running, T) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let found = lines.find_map(|line| find(&line)).expect("the program says where it listens");
    // If nobody read the rest of its output, the program would end when it writes more.
    thread::spawn(move || lines.for_each(drop));
    (Running(child), found)
}

/// Starts a studio at this port or the next free one, or at any free one for port 0. Returns it with its address.
pub fn start_studio(mut command: Command, port: u16) -> (Running, String) {
    start(command.args(["--port", &port.to_string()]), |line| {
        line.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned)
    })
}

/// A WebDriver server, and the capabilities with which it starts the browser.
pub struct Driver {
    pub address: String,
    pub capabilities: Value,
    /// The processes and the profile of the driver, which end with it.
    pub held: (Vec<Running>, TempDir),
}

/// Returns what is missing for a test in Chromium.
pub fn missing() -> Option<Missing> {
    missing_programs("browser", &["chromedriver", "chromium"], "apt-get install chromium chromium-driver")
}

/// Returns the programs of this list that are not installed, and how to install them on Debian.
pub fn missing_programs(what: &'static str, programs: &[&str], install: &str) -> Option<Missing> {
    let missing: Vec<_> = programs.iter().copied().filter(|program| !is_here(program)).collect();
    let reason = || format!("{} is not installed (Debian: {install})", missing.join(" and "));
    (!missing.is_empty()).then(|| Missing { what, reason: reason() })
}

fn is_here(program: &str) -> bool {
    env::split_paths(&env::var_os("PATH").unwrap_or_default()).any(|folder| folder.join(program).is_file())
}

/// Starts the driver of Chromium with a new profile.
pub fn start_chromium() -> Driver {
    let said = |line: &str| {
        line.rsplit_once("started successfully on port ").map(|(_, port)| port.trim_end_matches('.').to_owned())
    };
    let (driver, port) = start(Command::new("chromedriver").arg("--port=0"), said);
    let profile = tempfile::tempdir().unwrap();
    let arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1440,900",
        // These names lead to this machine, but the browser does not trust them more than others.
        "--host-resolver-rules=MAP *.example 127.0.0.1",
        &format!("--user-data-dir={}", profile.path().display()),
    ];
    Driver {
        address: format!("http://localhost:{port}"),
        capabilities: json!({ "goog:chromeOptions": { "args": arguments } }),
        held: (vec![driver], profile),
    }
}

impl Driver {
    /// Starts a browser.
    pub async fn browser(&self) -> Client {
        let mut capabilities = self.capabilities.as_object().expect("it is an object").clone();
        // A script that looks at every part of a long page takes long on a busy machine.
        capabilities.insert("timeouts".to_owned(), json!({ "script": AT_MOST.as_millis() as u64 }));
        let mut builder = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
        builder.capabilities(capabilities).connect(&self.address).await.unwrap()
    }
}

pub async fn wait_for(browser: &Client, css: &str) -> Element {
    let found = browser.wait().at_most(AT_MOST).for_element(Locator::Css(css)).await;
    found.unwrap_or_else(|error| panic!("{css}: {error}"))
}

/// Waits until an element with this tag contains these words.
pub async fn wait_for_words(browser: &Client, tag: &str, words: &str) {
    let path = format!("//{tag}[contains(., \"{words}\")]");
    let found = browser.wait().at_most(AT_MOST).for_element(Locator::XPath(&path)).await;
    found.unwrap_or_else(|error| panic!("no {tag} says {words:?}: {error}"));
}
