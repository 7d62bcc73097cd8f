//! Follows the first page of lesson 1 in an empty folder.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const PAGE: &str = include_str!("../book/src/basics/first-app.md");

#[test]
fn a_reader_who_follows_the_first_page_gets_an_app_whose_test_passes() {
    // The folder is outside the workbook, because `cargo new` would make the app a member of its workspace.
    let folder = tempfile::tempdir().unwrap();
    let mut place = folder.path().to_owned();
    for line in commands() {
        follow(line, &mut place);
    }
    let examples = project().join("lessons/1-basics/examples");
    fs::create_dir(place.join("src/templates")).unwrap();
    fs::copy(examples.join("first_app.rs"), place.join("src/main.rs")).unwrap();
    fs::copy(examples.join("templates/fruits.html"), place.join("src/templates/fruits.html")).unwrap();
    let told = run(&["test"], &place);
    assert!(told.contains("test tests::the_app_remembers_what_a_visitor_has_eaten ... ok"), "{told}");
}

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the lines of the page's only block of commands.
fn commands() -> impl Iterator<Item = &'static str> {
    let (_, block) = PAGE.split_once("```sh\n").expect("the page has a block of commands");
    block.lines().take_while(|line| *line != "```")
}

fn follow(line: &str, place: &mut PathBuf) {
    let words: Vec<_> = line.split(' ').collect();
    match words[..] {
        ["cd", name] => {
            *place = place.join(name);
            // Selects the versions that are already on this machine.
            fs::copy(project().join("Cargo.lock"), place.join("Cargo.lock")).unwrap();
        }
        ["cargo", ref arguments @ ..] => drop(run(arguments, place)),
        _ => panic!("the page has a command that this test does not know: {line}"),
    }
}

/// Runs cargo without the network, and returns its output.
fn run(arguments: &[&str], place: &Path) -> String {
    let mut cargo = Command::new(env!("CARGO"));
    let output = cargo
        .args(arguments)
        .current_dir(place)
        .env("CARGO_NET_OFFLINE", "true")
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .unwrap();
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told).into_owned();
    assert!(output.status.success(), "cargo {arguments:?} failed:\n{told}");
    told
}
