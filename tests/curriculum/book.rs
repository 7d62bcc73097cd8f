//! Tests of the whole book: the pages that mdBook builds, and the coverage of the article.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::LazyLock,
};

use checks::SUITES;
use html5gum::{Token, Tokenizer};
use workbook::book;

use crate::{
    files,
    page::{Page, Section},
    read, root,
};

/// The article's blocks of code, S01 to S31, in its order.
const BLOCKS: std::ops::RangeInclusive<u8> = 1..=31;

#[test]
fn the_summary_has_every_page_once_under_its_title() {
    let summary = read("book/src/SUMMARY.md");
    for page in Page::all().iter().filter(|page| page.name != "404.md") {
        let name = &page.name;
        let lines: Vec<_> = summary.lines().filter(|line| line.ends_with(&format!("]({name})"))).collect();
        assert_eq!(lines.len(), 1, "{name} should be in SUMMARY.md once");
        let title = page.text.lines().find_map(|line| line.strip_prefix("# "));
        let own = title.is_none_or(|title| lines[0].contains(&format!("[{title}]")));
        assert!(own, "{name} has the title {title:?}, and SUMMARY.md calls it otherwise: {}", lines[0]);
    }
}

/// For each block there are three parts, once each: the code in Flask, the result of a run, and our version.
#[test]
fn every_block_of_the_article_is_told_and_shown() {
    let pages: Vec<_> = Page::all().into_iter().filter(|page| page.name.contains("/in-flask")).collect();
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    for page in &pages {
        for Section { heading, text } in page.sections() {
            let Some((blocks, _)) = heading.split_once(": ").filter(|_| heading.starts_with('S')) else { continue };
            for block in blocks.split(", ") {
                *told.entry(block.to_owned()).or_default() += 1;
            }
            let (name, parts) = (&page.name, ["**In Flask.** ", "**When it runs.** ", "**Here.** "]);
            for part in parts {
                assert!(text.contains(part), "{name}, {blocks}: there is no {part}");
            }
            let included = || text.split("{{#include ../../../").skip(1);
            let is_of_flask = |path: &str| path.starts_with("tests/flask/snapshots/");
            assert!(included().any(is_of_flask), "{name}, {blocks}: no transcript of Flask shows what happens");
            assert!(!included().all(is_of_flask), "{name}, {blocks}: nothing of ours is shown");
        }
    }
    let all: BTreeMap<_, _> = BLOCKS.map(|block| (format!("S{block:02}"), 1)).collect();
    assert_eq!(told, all, "the article's blocks, and how often each has a section on a page named in-flask");
}

/// A test is named after the blocks for which it proves something.
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
    let missing: Vec<_> = BLOCKS.map(|block| format!("s{block:02}")).filter(|block| !named.contains(block)).collect();
    assert!(missing.is_empty(), "no test is named after {}", missing.join(", "));
}

/// A page as mdBook builds it: the targets of links in it, and its own links.
#[derive(Default)]
struct Built {
    ids: BTreeSet<String>,
    /// The targets of its links.
    links: Vec<String>,
    /// The files that a browser loads to show the page: pictures, scripts, styles.
    parts: Vec<String>,
}

/// The folder into which the book was built, and its pages by their path there.
static BUILT: LazyLock<(tempfile::TempDir, BTreeMap<String, Built>)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    book::build(root(), folder.path(), None).unwrap();
    let name = |path: &Path| path.strip_prefix(folder.path()).unwrap().to_string_lossy().replace('\\', "/");
    let pages = files(folder.path(), "html").iter().map(|path| (name(path), Built::of(path))).collect();
    (folder, pages)
});

impl Built {
    fn of(path: &Path) -> Self {
        let mut page = Self::default();
        for token in Tokenizer::new(&fs::read_to_string(path).unwrap()).flatten() {
            let Token::StartTag(tag) = token else { continue };
            let attribute = |name: &str| {
                tag.attributes.get(name.as_bytes()).map(|value| String::from_utf8_lossy(value).into_owned())
            };
            page.ids.extend(attribute("id"));
            match tag.name.as_slice() {
                b"a" => page.links.extend(attribute("href")),
                _ => page.parts.extend(attribute("href").or(attribute("src"))),
            }
        }
        page
    }
}

fn is_elsewhere(link: &str) -> bool {
    link.contains("://") || link.starts_with("//")
}

#[test]
fn a_page_is_shown_without_asking_another_machine() {
    for (name, page) in &BUILT.1 {
        let outside: Vec<_> = page.parts.iter().filter(|part| is_elsewhere(part)).collect();
        assert!(outside.is_empty(), "{name} fetches {outside:?}");
    }
}

#[test]
fn every_link_of_the_book_and_of_the_checks_leads_somewhere() {
    let (folder, pages) = &*BUILT;
    // The print page repeats all pages at another depth, and 404.html may be shown at any depth.
    let pages_with_links = pages.iter().filter(|(name, _)| !["print.html", "404.html"].contains(&name.as_str()));
    let of_pages = pages_with_links
        .flat_map(|(name, page)| page.links.iter().chain(&page.parts).map(move |link| (name.clone(), link.clone())));
    let of_checks = SUITES
        .iter()
        .flat_map(|suite| suite.checks)
        .map(|check| ("a check's `read`".to_owned(), check.read.replace(".md", ".html")));
    for (from, link) in of_pages.chain(of_checks) {
        if is_elsewhere(&link) || link.starts_with("data:") {
            continue;
        }
        let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
        let target = if path.is_empty() { from.clone() } else { resolved(&from, path) };
        assert!(folder.path().join(&target).exists(), "{from} links to {link}, and there is no {target}");
        let known = anchor.is_empty() || !target.ends_with(".html") || pages[&target].ids.contains(anchor);
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
