//! The evidence for each claim of the book about behavior.
//!
//! `claims/basics/log-out.txt` belongs to the page `basics/log-out.md`. It is a list of claims with a blank line
//! between them. A claim quotes a piece of the page, and names its evidence, one per line:
//!
//! ```text
//! > the words of the page
//! test s03_after_a_logout_the_old_cookie_is_useless
//! shown lessons/1-basics/tests/snapshots/logout.snap
//! file Cargo.toml: rust-version = "1.94"
//! source RFC 6265bis 5.7, the storage model
//! ```
//!
//! `test` names a test, a check or a rule of this workspace, `shown` a file that the page includes and a test verifies,
//! and `file` a file and words in it. `source` is for facts that no test here can show: a standard with its section, or
//! an address.

use std::{collections::BTreeSet, path::Path};

use crate::{files, page::Page, read, root};

const FOLDER: &str = "tests/curriculum/claims";
/// Pages without claims about behavior. Every other page of the book needs a list, even a new one.
const WITHOUT_CLAIMS: [&str; 1] = ["404.md"];

/// Returns the faults in the claims of this page.
fn faults(page: &Page, claims: &str, tests: &BTreeSet<String>) -> Vec<String> {
    let text = words(&page.text);
    let mut faults = Vec::new();
    for claim in claims.split("\n\n").map(str::trim).filter(|claim| !claim.is_empty()) {
        let (quote, evidence) = claim.split_once('\n').unwrap_or((claim, ""));
        match quote.strip_prefix("> ") {
            Some(quote) if text.contains(&words(quote)) => {}
            _ => faults.push(format!("{}: the page does not say: {quote}", page.name)),
        }
        if evidence.is_empty() {
            faults.push(format!("{}: nothing holds: {quote}", page.name));
        }
        let bad = evidence.lines().filter(|line| !holds(page, line, tests));
        faults.extend(bad.map(|line| format!("{}: this is no evidence: {line}", page.name)));
    }
    faults
}

/// Returns the names of the tests, checks and rules, which follow these marks in the source.
fn tests() -> BTreeSet<String> {
    let marks = [
        "test]\n",
        "trial!(async ",
        "trial!(parallel ",
        "trial!(",
        "id: \"",
        "named(&format!(\"",
        "let name = format!(\"",
    ];
    let sources = ["lessons", "tests"].iter().flat_map(|folder| files(&root().join(folder), "rs"));
    let named_in = |text: String| {
        let after = |mark: &str| text.split(mark).skip(1).map(name_in).collect::<Vec<_>>();
        let with_settings = text.split("#[tokio::test(").skip(1).filter_map(|rest| rest.split_once(")]\n"));
        let with_settings: Vec<_> = with_settings.map(|(_, rest)| name_in(rest)).collect();
        marks.iter().flat_map(|mark| after(mark)).chain(with_settings).collect::<Vec<_>>()
    };
    sources.flat_map(|path| named_in(read(path))).collect()
}

/// Returns the first name in the text, or the first function's name if the text begins with attributes or with a
/// function.
fn name_in(text: &str) -> String {
    let begins = |start: &str| text.trim_start().starts_with(start);
    let is_code = ["#", "fn ", "async fn ", "pub "].into_iter().any(begins);
    let name = if is_code { text.split_once("fn ").map_or("", |(_, rest)| rest) } else { text.trim_start() };
    name.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn holds(page: &Page, evidence: &str, tests: &BTreeSet<String>) -> bool {
    match evidence.split_once(' ') {
        Some(("test", name)) => tests.contains(name),
        Some(("shown", path)) => page.includes().any(|shown| shown.trim_start_matches("../").starts_with(path)),
        Some(("file", rest)) => {
            rest.split_once(": ").is_some_and(|(path, words)| root().join(path).is_file() && read(path).contains(words))
        }
        Some(("source", source)) => {
            source.starts_with("https://")
                || ["RFC ", "ASVS ", "OWASP ", "the article"].iter().any(|kind| source.starts_with(kind))
        }
        _ => false,
    }
}

/// Returns a sentence if the page with this name has no list.
fn without_a_list(page: &str) -> Option<String> {
    let path = Path::new(FOLDER).join(page).with_extension("txt");
    let has_one = WITHOUT_CLAIMS.contains(&page) || root().join(&path).is_file();
    (!has_one).then(|| format!("{page}: its claims have no list {}", path.display()))
}

#[test]
fn every_claim_stands_on_its_page_and_something_holds_it() {
    let (pages, tests) = (Page::all(), tests());
    let listed: Vec<_> = files(&root().join(FOLDER), "txt");
    let mut faults_of_all = Vec::new();
    for path in &listed {
        let name = path.strip_prefix(root().join(FOLDER)).unwrap().with_extension("md");
        let name = name.to_string_lossy().replace('\\', "/");
        match pages.iter().find(|page| page.name == name) {
            Some(page) => faults_of_all.extend(faults(page, &read(path), &tests)),
            None => faults_of_all.push(format!("{}: there is no page {name}", path.display())),
        }
    }
    faults_of_all.extend(pages.iter().filter_map(|page| without_a_list(&page.name)));
    assert!(faults_of_all.is_empty(), "{}", faults_of_all.join("\n"));
}

#[test]
fn a_new_page_needs_a_list_of_its_claims() {
    assert_eq!(
        without_a_list("security/new.md").as_deref(),
        Some("security/new.md: its claims have no list tests/curriculum/claims/security/new.txt")
    );
    assert_eq!(without_a_list("security/csrf.md"), None);
}

#[test]
fn a_claim_that_nothing_holds_is_refused() {
    let page =
        Page { name: "why.md".to_owned(), text: "A copy\nis worth nothing. {{#include ../../a.snap:4:}}".to_owned() };
    let tests = BTreeSet::from(["a_copy_is_useless".to_owned()]);
    let said = |claims: &str| faults(&page, claims, &tests);
    let fine = "> A copy is worth nothing.\ntest a_copy_is_useless\nshown a.snap\nsource RFC 6265bis 5.7, storage\n\
                file Cargo.toml: [workspace]\n";
    assert_eq!(said(fine), [] as [&str; 0]);
    for (claims, fault) in [
        ("> A copy is worth much.\ntest a_copy_is_useless", "the page does not say"),
        ("> A copy is worth nothing.", "nothing holds"),
        ("> A copy is worth nothing.\ntest no_such_test", "this is no evidence: test no_such_test"),
        ("> A copy is worth nothing.\nshown b.snap", "this is no evidence: shown b.snap"),
        ("> A copy is worth nothing.\nfile Cargo.toml: no such words", "this is no evidence: file"),
        ("> A copy is worth nothing.\nsource hearsay", "this is no evidence: source hearsay"),
        ("> A copy is worth nothing.\nbelieve me", "this is no evidence: believe me"),
    ] {
        assert!(said(claims).iter().any(|said| said.contains(fault)), "{claims}: {:?}", said(claims));
    }
}
