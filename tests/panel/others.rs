//! Starts the other browsers: Firefox, and WebKitGTK instead of Safari.

use std::{
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::Command,
};

use serde_json::json;

use crate::{
    chromium::{Driver, Running, missing_programs, start},
    required::Missing,
};

pub fn firefox_is_missing() -> Option<Missing> {
    let install = "apt-get install firefox-esr, and cargo install --locked geckodriver";
    missing_programs("firefox", &["firefox-esr", "geckodriver"], install)
}

pub fn start_firefox() -> Driver {
    let said = |line: &str| line.rsplit_once("Listening on ").map(|(_, address)| address.trim().to_owned());
    let (driver, address) = start(Command::new("geckodriver").args(["--port", "0"]), said);
    Driver {
        address: format!("http://{address}"),
        capabilities: json!({ "moz:firefoxOptions": { "args": ["-headless"] } }),
        held: (vec![driver], tempfile::tempdir().unwrap()),
    }
}

pub fn webkit_is_missing() -> Option<Missing> {
    let install = "apt-get install webkit2gtk-driver xvfb";
    let browser = || {
        let reason = format!("MiniBrowser is not installed (Debian: {install})");
        mini_browser().is_none().then_some(Missing { what: "webkit", reason })
    };
    missing_programs("webkit", &["WebKitWebDriver", "Xvfb"], install).or_else(browser)
}

/// Finds WebKitGTK's browser, which Debian puts into a folder outside the path.
fn mini_browser() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|folder| folder.path());
    let places = |folder: PathBuf| ["webkitgtk-6.0", "webkit2gtk-4.1", "webkit2gtk-4.0"].map(|kind| folder.join(kind));
    folders.flat_map(places).map(|folder| folder.join("MiniBrowser")).find(|program| program.is_file())
}

/// Starts WebKitGTK on a virtual display, because it has no mode without one.
pub fn start_webkit() -> Driver {
    let screen = ["-displayfd", "1", "-screen", "0", "1600x1200x24", "-nolisten", "tcp"];
    let (display, number) = start(Command::new("Xvfb").args(screen), |line| Some(line.trim().to_owned()));
    let home = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut driver = Command::new("WebKitWebDriver");
    driver.arg(format!("--port={port}")).env("DISPLAY", format!(":{number}")).env("HOME", home.path());
    let driver = Running(driver.spawn().unwrap());
    // The driver does not print when it listens.
    while TcpStream::connect(("127.0.0.1", port)).is_err() {}
    let browser = mini_browser().expect("it is there");
    Driver {
        address: format!("http://127.0.0.1:{port}"),
        capabilities: json!({ "webkitgtk:browserOptions": { "binary": browser, "args": ["--automation"] } }),
        held: (vec![driver, display], home),
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
