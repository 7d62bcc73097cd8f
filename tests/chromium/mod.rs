//! A real browser, and programs that end with the test.

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

/// No page takes so long, on any machine: the first look at a program waits for cargo, which builds all it needs.
pub const AT_MOST: Duration = Duration::from_secs(900);

/// A program that ends with the test.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program and reads what it prints up to the line that `find` understands.
pub fn start<T>(command: &mut Command, find: impl Fn(&str) -> Option<T>) -> (Running, T) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let found = lines.find_map(|line| find(&line)).expect("the program says where it listens");
    // One that goes on to write would end where nobody reads.
    thread::spawn(move || lines.for_each(drop));
    (Running(child), found)
}

/// A studio at this port or the next free one, and its address; at any free one for port 0.
pub fn start_studio(mut command: Command, port: u16) -> (Running, String) {
    start(command.args(["--port", &port.to_string()]), |line| {
        line.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned)
    })
}

/// The driver that steers a browser, and what it starts the browser with.
pub struct Driver {
    pub address: String,
    pub capabilities: Value,
    /// What has to be there as long as the driver is.
    pub held: (Vec<Running>, TempDir),
}

/// What of the browser is not here.
pub fn missing() -> Option<Missing> {
    missing_programs("browser", &["chromedriver", "chromium"], "apt-get install chromium chromium-driver")
}

/// Which of these programs are not here, and how to get them on Debian.
pub fn missing_programs(what: &'static str, programs: &[&str], install: &str) -> Option<Missing> {
    let missing: Vec<_> = programs.iter().copied().filter(|program| !is_here(program)).collect();
    let reason = || format!("{} is not installed (Debian: {install})", missing.join(" and "));
    (!missing.is_empty()).then(|| Missing { what, reason: reason() })
}

fn is_here(program: &str) -> bool {
    env::split_paths(&env::var_os("PATH").unwrap_or_default()).any(|folder| folder.join(program).is_file())
}

/// Starts the driver of the browser, for a profile that nobody has used yet.
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
        // Names that are not those of this machine, and lead to it: a browser trusts them as any other.
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
    /// The browser.
    pub async fn browser(&self) -> Client {
        let mut capabilities = self.capabilities.as_object().expect("it is an object").clone();
        // A script that looks at every part of a long page takes its time where the machine is busy.
        capabilities.insert("timeouts".to_owned(), json!({ "script": AT_MOST.as_millis() as u64 }));
        let mut builder = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
        builder.capabilities(capabilities).connect(&self.address).await.unwrap()
    }
}

pub async fn wait_for(browser: &Client, css: &str) -> Element {
    let found = browser.wait().at_most(AT_MOST).for_element(Locator::Css(css)).await;
    found.unwrap_or_else(|error| panic!("{css}: {error}"))
}

/// Waits until an element that fits has these words in it.
pub async fn wait_for_words(browser: &Client, tag: &str, words: &str) {
    let path = format!("//{tag}[contains(., \"{words}\")]");
    let found = browser.wait().at_most(AT_MOST).for_element(Locator::XPath(&path)).await;
    found.unwrap_or_else(|error| panic!("no {tag} says {words:?}: {error}"));
}
