//! Holds the parts of the course to each other, and says in a line what is missing.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    process::Command,
};

use checks::{Outcome, SUITES, Suite};
use html5gum::{Token, Tokenizer};
use serde_json::Value;
use workbook::{book, demos, exercise::Exercise, solution::Solved};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()))
}

/// Every file below this folder with this ending.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Folders like `1-login`, by number.
fn numbered(folder: &str) -> BTreeMap<u8, String> {
    let names =
        fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| Some((name.split_once('-')?.0.parse().ok()?, name))).collect()
}

/// The pages of the book: path below `book/src`, and text.
fn pages() -> Vec<(String, String)> {
    let folder = root().join("book/src");
    let name = |path: &PathBuf| path.strip_prefix(&folder).unwrap().to_string_lossy().replace('\\', "/");
    files(&folder, "md").iter().map(|path| (name(path), read(path))).filter(|(name, _)| name != "SUMMARY.md").collect()
}

fn exercises() -> Vec<(Exercise, &'static Suite)> {
    let suite = |number| {
        SUITES
            .iter()
            .find(|suite| suite.exercise == number)
            .unwrap_or_else(|| panic!("exercise {number} has no suite in `checks::SUITES`"))
    };
    Exercise::all(root()).unwrap().into_iter().map(|exercise| (exercise.clone(), *suite(exercise.number))).collect()
}

#[test]
fn every_member_inherits_its_lints_and_versions() {
    let manifest = read("Cargo.toml");
    for path in files(&root().join("lessons"), "toml")
        .iter()
        .chain(&files(&root().join("exercises"), "toml"))
        .chain(&files(&root().join("solutions"), "toml"))
        .chain(&files(&root().join("tests"), "toml"))
    {
        let (name, text) =
            (path.strip_prefix(root()).unwrap().parent().unwrap().to_string_lossy().replace('\\', "/"), read(path));
        assert!(
            text.ends_with("\n[lints]\nworkspace = true\n"),
            "{name}/Cargo.toml does not end with the workspace's lints"
        );
        assert!(
            !text.contains(" = \"0.") && !text.contains("version = "),
            "{name}/Cargo.toml names a version; it belongs into the root's"
        );
        assert!(manifest.contains(&format!("    \"{name}\",\n")), "{name} is no member of the workspace");
    }
}

#[test]
fn every_page_is_in_the_summary_once() {
    let summary = read("book/src/SUMMARY.md");
    for (name, _) in pages() {
        assert_eq!(summary.matches(&format!("]({name})")).count(), 1, "{name} should be in SUMMARY.md once");
    }
}

#[test]
fn every_page_gets_its_rust_from_compiled_code() {
    for (name, text) in pages() {
        let mut blocks = text.split("\n```").skip(1).step_by(2);
        let typed = |block: &str| {
            block.starts_with("rust")
                && !block.lines().skip(1).all(|line| line.starts_with("{{#include ") && line.ends_with("}}"))
        };
        assert!(!blocks.any(typed), "{name} has Rust that was typed by hand; include it from a lesson");
    }
}

#[test]
fn every_include_names_something() {
    for (name, text) in pages() {
        for directive in text.split("{{#include ").skip(1) {
            let (directive, _) = directive.split_once("}}").unwrap();
            let folder = root().join("book/src").join(&name);
            let shown = included(folder.parent().unwrap(), directive);
            assert!(!shown.trim().is_empty(), "{name} includes {directive}, which is empty");
            let is_clean = !shown.contains("source: ") && !shown.starts_with("---");
            assert!(is_clean, "{name} includes {directive} with the head of its snapshot");
        }
    }
}

/// What mdBook puts in the place of `path`, `path:anchor` or `path:from:to`.
fn included(folder: &Path, directive: &str) -> String {
    let mut parts = directive.split(':');
    let text = read(folder.join(parts.next().unwrap()));
    match (parts.next(), parts.next()) {
        (None, _) => text,
        (Some(anchor), None) if anchor.parse::<usize>().is_err() => {
            let lines = text.lines().skip_while(|line| !line.ends_with(&format!("ANCHOR: {anchor}"))).skip(1);
            lines.take_while(|line| !line.ends_with(&format!("ANCHOR_END: {anchor}"))).collect::<Vec<_>>().join("\n")
        }
        (Some(from), to) => {
            let from: usize = from.parse().unwrap_or(1);
            let to = to.map_or(from, |to| to.parse().unwrap_or(usize::MAX));
            let lines: RangeInclusive<usize> = from..=to;
            text.lines()
                .enumerate()
                .filter(|(place, _)| lines.contains(&(place + 1)))
                .map(|(_, line)| format!("{line}\n"))
                .collect()
        }
    }
}

#[test]
fn every_lesson_has_a_chapter_and_a_demo_in_the_studio() {
    let told: BTreeSet<String> = pages()
        .iter()
        .flat_map(|(_, text)| {
            text.split("data-lesson=\"")
                .skip(1)
                .map(|rest| rest.split('"').next().unwrap().to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    let shown: BTreeSet<_> =
        demos::all().into_iter().map(|(name, _)| name.trim_start_matches("lesson-").to_owned()).collect();
    let built: BTreeSet<_> = numbered("lessons").keys().map(u8::to_string).collect();
    assert_eq!(told, built, "the lessons that pages name, and those there are");
    assert_eq!(shown, built, "the lessons in the studio, and those there are");
}

/// The article's blocks of code are S01 to S31, in its order. A test is named after what it proves of them.
#[test]
fn every_block_of_the_article_is_named_by_a_test() {
    let sources = ["lessons", "tests"].iter().flat_map(|folder| files(&root().join(folder), "rs"));
    let named: BTreeSet<String> = sources
        .flat_map(|path| {
            let text = read(path);
            let tests = text.split("fn s").skip(1).filter_map(|rest| rest.split_once('(')).map(|(name, _)| name);
            tests
                .flat_map(|name| format!("s{name}").split('_').map(str::to_owned).collect::<Vec<_>>())
                .collect::<Vec<_>>()
        })
        .collect();
    let missing: Vec<_> = (1..=31).map(|block| format!("s{block:02}")).filter(|block| !named.contains(block)).collect();
    assert!(missing.is_empty(), "no test is named after {}", missing.join(", "));
}

#[test]
fn every_exercise_is_whole() {
    let pages: BTreeMap<_, _> = pages().into_iter().collect();
    let folders = numbered("exercises");
    assert_eq!(folders, numbered("solutions"), "exercises and solutions");
    for (exercise, suite) in exercises() {
        let (number, folder) = (exercise.number, &folders[&exercise.number]);
        let brief = &exercise.brief;
        assert!(
            brief.title.starts_with(&format!("Exercise {number}: ")),
            "{folder}/README.md has no title like `# Exercise {number}: …`"
        );
        assert_eq!(
            brief.requirements.len(),
            suite.checks.len(),
            "{folder}: numbered requirements in the README, and checks in the suite"
        );
        assert!(brief.hints.len() >= 3, "{folder}/README.md has fewer than three hints");
        assert!(
            brief.hints.iter().all(|hint| !hint.title.is_empty() && !hint.text.is_empty()),
            "{folder}/README.md has an empty hint"
        );
        let include = format!("{{{{#include ../../../exercises/{folder}/README.md}}}}");
        assert!(
            pages.values().any(|page| page.contains(&include) && page.contains(&format!("data-exercise=\"{number}\""))),
            "no page includes {folder}/README.md"
        );
        assert!(
            root().join("exercises").join(folder).join("src/main.rs").is_file(),
            "exercises/{folder} has no src/main.rs, so nobody can try it"
        );
        let proof = format!("tests/mutants/tests/{}.rs", exercise.id);
        let proven = fs::read_to_string(root().join(&proof)).is_ok_and(|text| text.contains("proof!(checks::"));
        assert!(proven, "{folder}: {proof} does not prove its checks with mutants and other right answers");
        let solved = Solved::of(root(), &exercise).unwrap_or_else(|error| panic!("solutions/{folder}: {error}"));
        assert!(!solved.reasons.is_empty(), "solutions/{folder}/README.md does not say why it is as it is");
        assert!(!solved.learned.is_empty(), "solutions/{folder}/README.md does not say what is learned");
        for check in suite.checks {
            assert!((1..=brief.hints.len()).contains(&check.hint), "{}: there is no hint {}", check.id, check.hint);
            assert!(!check.why.is_empty(), "{} does not say why", check.id);
        }
    }
}

#[test]
fn every_link_of_the_book_and_of_the_checks_leads_somewhere() {
    let folder = tempfile::tempdir().unwrap();
    book::build(root(), folder.path()).unwrap();
    let mut anchors: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut links: Vec<(String, String)> = Vec::new();
    for path in files(folder.path(), "html") {
        let name = path.strip_prefix(folder.path()).unwrap().to_string_lossy().replace('\\', "/");
        let ids = anchors.entry(name.clone()).or_default();
        for token in Tokenizer::new(&fs::read_to_string(&path).unwrap()).flatten() {
            let Token::StartTag(tag) = token else { continue };
            let attribute = |name: &str| {
                tag.attributes.get(name.as_bytes()).map(|value| String::from_utf8_lossy(value).into_owned())
            };
            ids.extend(attribute("id"));
            links.extend(attribute("href").or(attribute("src")).map(|link| (name.clone(), link)));
        }
    }
    let read = SUITES
        .iter()
        .flat_map(|suite| suite.checks)
        .map(|check| ("a check's `read`".to_owned(), check.read.replace(".md", ".html")));
    // The print page repeats all pages at another depth; 404.html stands at any depth.
    for (from, link) in links.into_iter().filter(|(from, _)| from != "print.html" && from != "404.html").chain(read) {
        if link.contains("://") || link.starts_with("data:") {
            continue;
        }
        let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
        let target = if path.is_empty() { from.clone() } else { resolved(&from, path) };
        assert!(folder.path().join(&target).exists(), "{from} links to {link}, and there is no {target}");
        let known = anchor.is_empty() || !target.ends_with(".html") || anchors[&target].contains(anchor);
        assert!(known, "{from} links to {link}, and {target} has no such anchor");
    }
}

fn resolved(from: &str, path: &str) -> String {
    let mut folders: Vec<_> = from.split('/').collect();
    folders.pop();
    for part in path.split('/') {
        match part {
            ".." => drop(folders.pop()),
            "." => {}
            part => folders.push(part),
        }
    }
    folders.join("/")
}

/// As it is committed: a learner who has begun to solve it is told that this part is left out.
#[test]
fn every_stub_compiles_without_a_warning_and_fails_the_checks_declared_for_it() {
    for (exercise, suite) in exercises() {
        let package = exercise.package();
        let begun = Command::new("git")
            .args(["diff", "--quiet", "HEAD", "--"])
            .arg(&exercise.folder)
            .current_dir(root())
            .status();
        if begun.is_ok_and(|status| status.code() == Some(1)) {
            println!("SKIPPED {package}: its files are not those of the last commit, so it is no stub any more");
            continue;
        }
        let build = cargo(&["test", "-p", &package, "--no-run", "--message-format=json"]);
        let said = build.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let warnings: Vec<_> = said
            .filter(|message| message["reason"] == "compiler-message")
            .map(|message| message["message"]["rendered"].to_string())
            .collect();
        assert!(warnings.is_empty(), "{package} compiles with warnings: {warnings:#?}");
        let told = cargo(&["test", "-q", "-p", &package, "--", "--json"]);
        let last: Value = serde_json::from_str(told.lines().last().unwrap_or_default())
            .unwrap_or_else(|error| panic!("{package} gave no report ({error}):\n{told}"));
        let report: checks::Report = serde_json::from_value(last["report"].clone()).unwrap();
        let failed: Vec<_> = report
            .checks
            .iter()
            .filter(|check| check.outcome != Outcome::Passed)
            .map(|check| check.id.as_str())
            .collect();
        let declared = suite.checks.iter().map(|check| check.id).filter(|id| !suite.passes_at_first.contains(id));
        assert_eq!(
            failed,
            declared.collect::<Vec<_>>(),
            "{package}: the checks that the stub fails, and those it should"
        );
    }
}

#[test]
fn no_dependency_is_built_twice_for_want_of_the_same_features() {
    let features = |arguments: &[&str]| -> BTreeMap<String, BTreeSet<String>> {
        let mut tree = vec!["tree", "--locked", "--prefix", "none", "--format", "{p}|{f}"];
        tree.extend(arguments);
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for line in cargo(&tree).lines() {
            let (package, features) = line.trim_end_matches(" (*)").split_once('|').unwrap_or((line, ""));
            all.entry(package.to_owned()).or_default().insert(features.to_owned());
        }
        all
    };
    let together = features(&["--workspace", "--edges", "normal,build,dev"]);
    let mut packages = vec!["workbook".to_owned()];
    packages.extend(numbered("lessons").keys().map(|number| format!("lesson-{number}")));
    packages.extend(numbered("exercises").keys().map(|number| format!("exercise-{number}")));
    let mut apart = BTreeSet::new();
    for package in packages {
        for (dependency, alone) in features(&["--package", &package, "--edges", "no-dev"]) {
            let all = &together[&dependency];
            if !alone.is_subset(all) {
                apart.insert(format!("{dependency} has features {alone:?} in {package} alone and {all:?} in all"));
            }
        }
    }
    let apart: Vec<_> = apart.into_iter().collect();
    assert!(
        apart.is_empty(),
        "add these features in tests/unify/Cargo.toml, or tests/unify-backends/Cargo.toml:\n{}",
        apart.join("\n")
    );
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().unwrap();
    assert!(
        !output.stdout.is_empty(),
        "cargo {arguments:?} said nothing:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}
