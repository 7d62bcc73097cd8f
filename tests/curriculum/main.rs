//! Compares the parts of the course with each other, and reports missing parts in one line each.

mod asvs;
mod book;
mod claims;
mod labs;
mod numbers;
mod page;

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use checks::{Outcome, SUITES, Suite};
use page::Page;
use serde_json::Value;
use workbook::{exercise::Exercise, solution::Solved, stub};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()))
}

/// Returns every file below this folder with this extension.
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

/// Returns the folders with names like `1-login`, by number.
fn numbered(folder: &str) -> BTreeMap<u8, String> {
    let names =
        fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| Some((name.split_once('-')?.0.parse().ok()?, name))).collect()
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
    let folders = ["lessons", "exercises", "solutions", "tests"];
    let all = folders.iter().flat_map(|folder| files(&root().join(folder), "toml"));
    for path in all.filter(|path| path.ends_with("Cargo.toml")) {
        let (name, text) =
            (path.strip_prefix(root()).unwrap().parent().unwrap().to_string_lossy().replace('\\', "/"), read(&path));
        if manifest.contains(&format!("exclude = [\"{name}\"]")) {
            names_the_versions_of(&manifest, &text);
            continue;
        }
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

/// Without libtest's harness the compiler silently drops functions that are marked as tests.
#[test]
fn a_test_file_with_a_main_of_its_own_names_all_its_tests_there() {
    let mut seen = BTreeSet::new();
    for manifest in ["", "lessons", "tests"].iter().flat_map(|folder| manifests(&root().join(folder))) {
        for target in read(&manifest).split("[[test]]\n").skip(1).filter_map(|rest| rest.split("\n\n").next()) {
            let value = |key: &str| target.lines().find_map(|line| line.strip_prefix(&format!("{key} = ")));
            let named = |key: &str| value(key).map(|value| value.trim_matches('"').to_owned());
            if value("harness") != Some("false") {
                continue;
            }
            let file = named("path").unwrap_or_else(|| format!("tests/{}.rs", named("name").unwrap_or_default()));
            let text = read(manifest.with_file_name(&file));
            assert!(
                !text.contains("\n#[test]") && !text.contains("\n#[tokio::test]"),
                "{file} has a main of its own, so what is marked as a test there never runs"
            );
            seen.insert(file);
        }
    }
    assert!(seen.contains("tests/studio.rs"), "{seen:?}");
}

/// Returns the `Cargo.toml` of this folder and of the packages below it.
fn manifests(folder: &Path) -> Vec<PathBuf> {
    let below = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path().join("Cargo.toml"));
    below.chain([folder.join("Cargo.toml")]).filter(|path| path.is_file()).collect()
}

/// A package outside the workspace inherits nothing, but must have the same versions of common dependencies.
fn names_the_versions_of(manifest: &str, outside: &str) {
    let version = |line: &str| {
        let (name, rest) = line.split_once(" = ")?;
        let version = rest.strip_prefix("{ version = ").unwrap_or(rest).strip_prefix('"')?.split('"').next()?;
        Some((name.to_owned(), version.to_owned()))
    };
    let inside: BTreeMap<_, _> = manifest.lines().filter_map(version).collect();
    let dependencies = outside.split_once("dependencies]\n").expect("it has dependencies").1;
    let dependencies = dependencies.lines().take_while(|line| !line.is_empty()).filter_map(version);
    let shared: Vec<_> = dependencies.filter(|(name, _)| inside.contains_key(name)).collect();
    assert!(!shared.is_empty(), "nothing to compare");
    for (name, version) in shared {
        assert_eq!(version, inside[&name], "{name} outside of the workspace, and in it");
    }
}

#[test]
fn every_lesson_has_a_chapter() {
    let named = |text: &str| {
        text.split("data-lesson=\"")
            .skip(1)
            .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
            .collect::<Vec<_>>()
    };
    let told: BTreeSet<_> = Page::all().iter().flat_map(|page| named(&page.text)).collect();
    let built: BTreeSet<_> = numbered("lessons").keys().map(u8::to_string).collect();
    assert_eq!(told, built, "the lessons that pages name, and those there are");
}

#[test]
fn every_exercise_is_whole() {
    let pages = Page::all();
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
            pages.iter().any(|Page { text, .. }| {
                text.contains(&include) && text.contains(&format!("data-exercise=\"{number}\""))
            }),
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

/// If a learner has begun to solve it, this part is skipped with a note. With `stubs` in `WORKBOOK_REQUIRE` it fails.
#[test]
fn every_stub_compiles_without_a_warning_and_fails_the_checks_declared_for_it() {
    for (exercise, suite) in exercises() {
        let package = exercise.package();
        if let Some(file) = differs_from_its_stub(&exercise) {
            let stub = stub::folder(root(), &exercise);
            let begun = format!("{package} is no stub any more: {file} is not as in {}", stub.display());
            assert!(!env::var("WORKBOOK_REQUIRE").is_ok_and(|all| all.contains("stubs")), "{begun}");
            println!("SKIPPED {begun}");
            continue;
        }
        let build = cargo(&["test", "-p", &package, "--no-run", "--message-format=json"]);
        let said = build.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let warnings: Vec<_> = said
            .filter(|message| message["reason"] == "compiler-message")
            .map(|message| message["message"]["rendered"].to_string())
            .collect();
        assert!(warnings.is_empty(), "{package} compiles with warnings: {warnings:#?}");
        let told = cargo(&["test", "-q", "-p", &package, "--", "--json", "--no-record"]);
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

/// No answer changes the README, so it must be the same even if a learner has begun to solve the exercise.
#[test]
fn every_stub_has_the_task_of_its_exercise() {
    for (exercise, _) in exercises() {
        let task = |folder: PathBuf| fs::read_to_string(folder.join("README.md")).unwrap();
        let (own, copy) = (task(exercise.folder.clone()), task(stub::folder(root(), &exercise)));
        assert!(own == copy, "copy {}/README.md to src/stubs", exercise.folder_in_workbook());
    }
}

/// Returns the first file that differs from the stub.
fn differs_from_its_stub(exercise: &Exercise) -> Option<String> {
    let stub = contents(&stub::folder(root(), exercise));
    let own = contents(&exercise.folder);
    let names: BTreeSet<_> = stub.keys().chain(own.keys()).cloned().collect();
    names.into_iter().find(|name| stub.get(name) != own.get(name))
}

/// Returns every file below this folder, by its path in it.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let name = |path: &Path| path.strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/");
    let all = ["rs", "toml", "html", "md"].iter().flat_map(|ending| files(folder, ending));
    all.map(|path| (name(&path), fs::read(&path).unwrap())).collect()
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
