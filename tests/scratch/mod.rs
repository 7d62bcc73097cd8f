//! Makes a copy of the workbook in which a test may write answers without changing the learner's.
#![allow(dead_code, reason = "each test file uses its part of it")]

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The files and folders that a copy needs.
const PARTS: &[&str] = &["Cargo.toml", "Cargo.lock", "book", "lessons", "solutions", "src", "tests"];

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Returns the folder of the project itself.
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes a fresh copy with this name, which is also in the version of its packages. Cargo distinguishes packages by
    /// their version and their path within the workspace, not by the path of the workspace. With the same version, it
    /// would take a build of the copy for one of the project.
    pub fn new(name: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        // Builds are in the project's own target folder, so an old copy can be removed.
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).unwrap();
        PARTS.iter().for_each(|part| copy(&project().join(part), &root.join(part)));
        exercises_as_at_first(&root);
        let manifest = root.join("Cargo.toml");
        let text = fs::read_to_string(&manifest).unwrap();
        let renamed = text.replace(&format!("version = \"{VERSION}\""), &format!("version = \"{VERSION}-{name}\""));
        assert_ne!(text, renamed, "the workspace's version stands in Cargo.toml");
        fs::write(manifest, renamed).unwrap();
        Self(root)
    }

    pub fn root(&self) -> &Path {
        &self.0
    }

    /// Replaces the answer to exercise 1 with this text.
    pub fn answer(&self, text: &str) {
        fs::write(self.0.join("exercises/1-login/src/lib.rs"), text).unwrap();
    }

    /// Returns the text of the solution, and copies its templates to the place where it looks for them.
    pub fn solution(&self) -> String {
        copy(&project().join("solutions/1-login/templates"), &self.0.join("exercises/1-login/templates"));
        fs::read_to_string(project().join("solutions/1-login/src/lib.rs")).unwrap()
    }

    /// Writes an answer that connects to this listener and then never answers a request. When the connection ends, the
    /// program has ended.
    pub fn answer_that_hangs(&self, listener: &TcpListener) {
        let port = listener.local_addr().unwrap().port();
        let hangs = format!(
            "    let _held = std::net::TcpStream::connect((\"127.0.0.1\", {port})).unwrap();
    loop {{ std::thread::park(); }}
    #[allow(unreachable_code)]
    Router::new()"
        );
        self.answer(&self.solution().replace("    Router::new()", &hangs));
    }

    /// Returns the folder for builds, which the copy shares with the project.
    pub fn target(&self) -> &'static Path {
        Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap()
    }

    /// Makes a command that runs a program in this copy, with the project's folder for builds.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.0)
            .env("CARGO_TARGET_DIR", self.target())
            .env("CARGO_NET_OFFLINE", "true")
            .env("NO_COLOR", "1");
        command
    }

    /// Runs `cargo run -- ARGUMENTS` in this copy.
    pub fn workbook(&self, arguments: &str) -> Output {
        self.command(env!("CARGO_BIN_EXE_workbook")).args(arguments.split_whitespace()).output().unwrap()
    }
}

/// Copies the tasks and their stubs, even if somebody has begun to solve them in the project.
fn exercises_as_at_first(root: &Path) {
    copy(&project().join("src/stubs"), &root.join("exercises"));
    for exercise in fs::read_dir(root.join("exercises")).unwrap() {
        let task = Path::new("exercises").join(exercise.unwrap().file_name()).join("README.md");
        copy(&project().join(&task), &root.join(&task));
    }
}

pub fn copy(from: &Path, to: &Path) {
    if from.is_file() {
        fs::copy(from, to).unwrap();
        return;
    }
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let name = entry.unwrap().file_name();
        copy(&from.join(&name), &to.join(&name));
    }
}
