//! The rules for every page of the book. A rule returns a sentence for each fault. Every page is tested against all
//! rules, and each rule is tested with a page that breaks it.

use std::{
    collections::BTreeSet,
    path::{Component, Path, PathBuf},
    sync::LazyLock,
};

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::{files, numbered, read, root};

/// This number of words, and the code between them, can be read in less than five minutes.
const MOST_WORDS: usize = 850;
/// The maximum number of lines of code beside the text. Further code must be folded.
const MOST_LINES_OF_CODE: usize = 40;
const MOST_TRANSCRIPTS: usize = 2;
/// Folders of pages that belong to no single lesson, and pages outside the folders.
const WITHOUT_A_LESSON: [&str; 2] = ["reference", "sharp-edges"];
const ALONE: [&str; 3] = ["404.md", "introduction.md", "summary.md"];

/// A page of the book.
pub struct Page {
    /// The path below `book/src`, with `/`.
    pub name: String,
    pub text: String,
}

/// A heading of a page, and the text below it.
pub struct Section {
    pub heading: String,
    pub text: String,
}

impl Page {
    /// Returns all pages, without `SUMMARY.md`.
    pub fn all() -> Vec<Self> {
        let folder = root().join("book/src");
        let name = |path: &PathBuf| path.strip_prefix(&folder).unwrap().to_string_lossy().replace('\\', "/");
        let pages = files(&folder, "md").into_iter().map(|path| Self { name: name(&path), text: read(path) });
        pages.filter(|page| page.name != "SUMMARY.md").collect()
    }

    fn folder(&self) -> &str {
        self.name.split_once('/').map_or("", |(folder, _)| folder)
    }

    /// Whether it is a page about a lesson, which must have the same structure as the others.
    fn tells_of_a_lesson(&self) -> bool {
        !self.folder().is_empty() && self.folder() != "exercises" && !WITHOUT_A_LESSON.contains(&self.folder())
    }

    /// Returns the sections at the second level.
    pub fn sections(&self) -> Vec<Section> {
        let parts = self.text.split("\n## ").skip(1);
        let section = |part: &str| {
            let (heading, text) = part.split_once('\n').unwrap_or((part, ""));
            Section { heading: heading.to_owned(), text: text.to_owned() }
        };
        parts.map(section).collect()
    }

    /// Returns the directives in `{{#include …}}`.
    pub fn includes(&self) -> impl Iterator<Item = &str> {
        self.text.split("{{#include ").skip(1).filter_map(|rest| rest.split_once("}}")).map(|(directive, _)| directive)
    }

    fn says(&self, fault: impl std::fmt::Display) -> String {
        format!("{}: {fault}", self.name)
    }
}

type Rule = fn(&Page) -> Vec<String>;

const RULES: &[Rule] = &[
    code_comes_from_the_workspace,
    every_include_names_something,
    a_lesson_backs_it,
    it_is_built_like_the_others,
    it_reads_in_five_minutes,
    it_shows_no_wall_of_code,
    what_it_names_as_a_test_is_one,
    a_pronoun_is_of_the_cast,
    a_word_is_not_one_of_those_replaced,
    a_link_that_asks_has_the_pages_title,
];

/// Rust and output are included, single lines of Flask are quoted, and other code is commands.
fn code_comes_from_the_workspace(page: &Page) -> Vec<String> {
    blocks(&page.text).iter().filter_map(|(kind, code)| fault_in(kind, code)).map(|fault| page.says(fault)).collect()
}

/// Returns the blocks of code: their language and their content. A block without a fence has no language.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut block: Option<(String, String)> = None;
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(kind))) => {
                block = Some((kind.to_string(), String::new()))
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => block = Some(Default::default()),
            Event::Text(text) => {
                if let Some((_, code)) = &mut block {
                    code.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => all.extend(block.take()),
            _ => {}
        }
    }
    all
}

fn fault_in(kind: &str, code: &str) -> Option<String> {
    let first = code.lines().next().unwrap_or_default();
    let is_included = code.lines().all(|line| line.starts_with("{{#include ") && line.ends_with("}}"));
    match kind.split(',').next().unwrap_or_default() {
        "rust" if !is_included => {
            Some(format!("has Rust that was typed by hand, include it from compiled code: {first}"))
        }
        "text" if !is_included => {
            Some(format!("has output that was typed by hand, include it from a snapshot: {first}"))
        }
        "python" if code.lines().count() > 1 => {
            Some(format!("quotes more of the article than the line under discussion: {first}"))
        }
        "rust" | "text" | "python" | "sh" => None,
        other => Some(format!("has a block of code in {other:?}; there are rust, text, python and sh: {first}")),
    }
}

/// mdBook silently shows a misspelled anchor as an empty block.
fn every_include_names_something(page: &Page) -> Vec<String> {
    let path = root().join("book/src").join(&page.name);
    let fault = |directive| {
        let shown = included(path.parent()?, directive);
        if shown.trim().is_empty() {
            return Some(page.says(format!("includes {directive}, which is empty or does not exist")));
        }
        let has_head =
            shown.lines().next() == Some("---") || shown.lines().take(2).any(|line| line.starts_with("source: "));
        has_head.then(|| page.says(format!("includes {directive} with the head of its snapshot")))
    };
    page.includes().filter_map(fault).collect()
}

/// Returns the text that mdBook inserts for `path`, `path:anchor` or `path:from:to`, or an empty text without a file.
pub fn included(folder: &Path, directive: &str) -> String {
    let mut parts = directive.split(':');
    let path = plain(&folder.join(parts.next().unwrap_or_default()));
    let Ok(text) = std::fs::read_to_string(path) else { return String::new() };
    match (parts.next(), parts.next()) {
        (None, _) => text,
        (Some(anchor), None) if anchor.parse::<usize>().is_err() => {
            let lines = text.lines().skip_while(|line| !line.ends_with(&format!("ANCHOR: {anchor}"))).skip(1);
            lines.take_while(|line| !line.ends_with(&format!("ANCHOR_END: {anchor}"))).collect::<Vec<_>>().join("\n")
        }
        (Some(from), to) => {
            let from: usize = from.parse().unwrap_or(1);
            let to = to.map_or(from, |to| to.parse().unwrap_or(usize::MAX));
            text.lines().take(to).skip(from - 1).map(|line| format!("{line}\n")).collect()
        }
    }
}

/// Removes `..`, which the system does not resolve after a folder that does not exist.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

/// A chapter is a folder with a lesson's name, and each of its pages has the lesson's demo.
fn a_lesson_backs_it(page: &Page) -> Vec<String> {
    let folder = page.folder();
    if !page.tells_of_a_lesson() {
        let has_exercise = page.text.contains("<aside class=\"live\" data-exercise=\"");
        return match folder {
            "exercises" if !has_exercise => vec![page.says("has no panel with an exercise")],
            "" if !ALONE.contains(&page.name.as_str()) => vec![page.says("belongs into the folder of a chapter")],
            _ => Vec::new(),
        };
    }
    let lessons = numbered("lessons");
    let Some(number) = lessons.iter().find(|(number, name)| **name == format!("{number}-{folder}")).map(|(n, _)| n)
    else {
        return vec![page.says(format!("no lesson backs the chapter {folder}: there is no lessons/N-{folder}"))];
    };
    let has_demo = page.text.contains(&format!("<aside class=\"live\" data-lesson=\"{number}\""));
    (!has_demo).then(|| page.says(format!("has no panel with the demo of lesson {number}"))).into_iter().collect()
}

/// Headings are the reader's questions, and a page about a lesson has the same beginning and end as the others.
fn it_is_built_like_the_others(page: &Page) -> Vec<String> {
    let mut faults = Vec::new();
    let headings = headings(&page.text);
    if headings.iter().filter(|(level, _)| *level == HeadingLevel::H1).count() > 1 {
        faults.push(page.says("has more than one title"));
    }
    if !page.tells_of_a_lesson() {
        return faults;
    }
    for (_, heading) in &headings {
        if !heading.ends_with('?') && !["Try it", "To remember"].contains(&heading.as_str()) {
            faults.push(page.says(format!("the heading {heading:?} is no question")));
        }
    }
    for part in ["\n\nAfter this page you ", "\n## Try it\n", "<details><summary>Question: ", "\n## To remember\n"] {
        if !page.text.contains(part) {
            faults.push(page.says(format!("has no {:?}", part.trim())));
        }
    }
    faults
}

/// Returns the headings, without the `{#id}` that keeps a heading's old address when its words change.
fn headings(text: &str) -> Vec<(HeadingLevel, String)> {
    let mut all = Vec::new();
    let mut heading: Option<(HeadingLevel, String)> = None;
    for event in Parser::new_ext(text, Options::ENABLE_HEADING_ATTRIBUTES) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => heading = Some((level, String::new())),
            Event::Text(words) | Event::Code(words) => {
                if let Some((_, text)) = &mut heading {
                    text.push_str(&words);
                }
            }
            Event::End(TagEnd::Heading(_)) => all.extend(heading.take()),
            _ => {}
        }
    }
    all
}

fn it_reads_in_five_minutes(page: &Page) -> Vec<String> {
    let words = page.text.split("\n```").step_by(2).flat_map(str::split_whitespace).count();
    let is_long = words > MOST_WORDS;
    is_long
        .then(|| page.says(format!("has {words} words; more than {MOST_WORDS} take five minutes")))
        .into_iter()
        .collect()
}

/// Counts the code and transcripts that are not folded.
fn it_shows_no_wall_of_code(page: &Page) -> Vec<String> {
    let folder = root().join("book/src").join(&page.name);
    let lines = |code: &str| {
        let code =
            code.lines().map(|line| match line.split_once("{{#include ").and_then(|(_, rest)| rest.split_once("}}")) {
                Some((directive, _)) => included(folder.parent().unwrap_or(&folder), directive),
                None => line.to_owned(),
            });
        let shown = |line: &str| !line.trim().is_empty() && !line.contains("ANCHOR");
        code.map(|code| code.lines().filter(|line| shown(line)).count()).sum::<usize>()
    };
    let blocks = blocks(&unfolded(&page.text));
    let of = |language: &'static str| blocks.iter().filter(move |(kind, _)| kind.split(',').next() == Some(language));
    let (code, transcripts) = (of("rust").map(|(_, code)| lines(code)).sum::<usize>(), of("text").count());
    let mut faults = Vec::new();
    if code > MOST_LINES_OF_CODE {
        faults.push(page.says(format!("shows {code} lines of code; fold what goes beyond {MOST_LINES_OF_CODE}")));
    }
    if transcripts > MOST_TRANSCRIPTS {
        faults.push(page.says(format!("shows {transcripts} transcripts; fold what goes beyond {MOST_TRANSCRIPTS}")));
    }
    faults
}

/// Returns the text without the content of `<details>`.
fn unfolded(text: &str) -> String {
    let mut parts = text.split("<details>");
    let before = parts.next().unwrap_or_default().to_owned();
    parts.fold(before, |shown, part| shown + part.split_once("</details>").map_or("", |(_, after)| after))
}

/// A long name in `code` must be the name of a test, a check or a rule.
fn what_it_names_as_a_test_is_one(page: &Page) -> Vec<String> {
    static NAMES: LazyLock<BTreeSet<String>> = LazyLock::new(names);
    let looks_like_one = |code: &str| {
        code.matches('_').count() >= 3 && code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let named = Parser::new(&page.text).filter_map(|event| match event {
        Event::Code(code) if looks_like_one(&code) => Some(code.to_string()),
        _ => None,
    });
    named.filter(|name| !NAMES.contains(name)).map(|name| page.says(format!("there is no test named {name}"))).collect()
}

/// Each member of the cast has one pronoun, and any other visitor is "they".
fn a_pronoun_is_of_the_cast(page: &Page) -> Vec<String> {
    let stranger = |line: &str| {
        let text = without_code(line).to_lowercase();
        let words: BTreeSet<_> = text.split(|c: char| !c.is_alphabetic()).collect();
        let has = |any: &[&str]| any.iter().any(|word| words.contains(word));
        let is_she = has(&["she", "her", "hers", "herself"]) && !has(&["alice", "mallory", "carol"]);
        let is_he = has(&["he", "his", "him", "himself"]) && !has(&["bob"]);
        match (is_she, is_he) {
            (true, _) => Some("she is alice, mallory or carol"),
            (_, true) => Some("he is bob"),
            _ => None,
        }
    };
    let fault = |line| stranger(line).map(|rule| page.says(format!("{rule}, others are they: {line}")));
    page.text.lines().filter_map(fault).collect()
}

/// Returns the text that a reader reads, without names in code, and without the `{#id}` of a heading.
fn without_code(line: &str) -> String {
    line.split(" {#").next().unwrap_or_default().split('`').step_by(2).collect::<Vec<_>>().join(" ")
}

/// Returns the words that `book/STYLE.md` replaces, and their replacements.
fn a_word_is_not_one_of_those_replaced(page: &Page) -> Vec<String> {
    static REPLACED: LazyLock<Vec<(String, String)>> = LazyLock::new(replaced);
    let says = |line: &str, word: &str| {
        let text = without_code(line).to_lowercase();
        let is_letter = |c: char| c.is_alphabetic();
        text.match_indices(word)
            .any(|(at, _)| !text[..at].ends_with(is_letter) && !text[at + word.len()..].starts_with(is_letter))
    };
    let faults = |line: &str| -> Vec<_> {
        let used = REPLACED.iter().filter(|(word, _)| says(line, word));
        used.map(|(word, instead)| page.says(format!("{word:?} should be {instead:?}: {line}"))).collect()
    };
    page.text.lines().flat_map(faults).collect()
}

fn replaced() -> Vec<(String, String)> {
    let style = read("book/STYLE.md");
    let rows = style.lines().skip_while(|line| *line != "|---|---|").skip(1);
    let row = |line: &str| {
        let (word, instead) = line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | ")?;
        Some((word.to_owned(), instead.to_owned()))
    };
    let replaced: Vec<_> = rows.map_while(row).collect();
    assert!(!replaced.is_empty(), "book/STYLE.md has no table of words");
    replaced
}

/// A link whose text is a question must have the title of its page, even after that has changed.
fn a_link_that_asks_has_the_pages_title(page: &Page) -> Vec<String> {
    let folder = root().join("book/src").join(&page.name);
    let title = |target: &str| {
        let text = std::fs::read_to_string(plain(&folder.parent()?.join(target))).ok()?;
        text.lines().find_map(|line| line.strip_prefix("# ").map(str::to_owned))
    };
    let is_other = |(words, target): &(String, String)| {
        words.ends_with('?') && target.ends_with(".md") && title(target).is_some_and(|title| title != *words)
    };
    let other = links(&page.text).into_iter().filter(is_other);
    other.map(|(words, target)| page.says(format!("{target} is no longer called {words:?}"))).collect()
}

/// Returns the text and the target of each link.
fn links(text: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut link: Option<(String, String)> = None;
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::Link { dest_url, .. }) => link = Some((String::new(), dest_url.to_string())),
            Event::Text(part) | Event::Code(part) => {
                if let Some((words, _)) = &mut link {
                    words.push_str(&part);
                }
            }
            Event::End(TagEnd::Link) => all.extend(link.take()),
            _ => {}
        }
    }
    all
}

/// Returns the names of functions, and the IDs of checks and rules, in lessons and tests.
fn names() -> BTreeSet<String> {
    let sources = ["lessons", "tests"].iter().flat_map(|folder| files(&root().join(folder), "rs"));
    let named_in = |text: &str| -> Vec<String> {
        let after = |mark: &'static str| text.split(mark).skip(1).map(str::to_owned).collect::<Vec<_>>();
        let word =
            |rest: &String| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>();
        [after("fn "), after("id: \"")].concat().iter().map(word).collect()
    };
    sources.flat_map(|path| named_in(&read(path))).collect()
}

/// Returns the faults of this page.
fn faults(page: &Page) -> Vec<String> {
    RULES.iter().flat_map(|rule| rule(page)).collect()
}

#[test]
fn every_page_keeps_every_rule() {
    let faults: Vec<_> = Page::all().iter().flat_map(faults).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A part of the code that no page includes needs no anchor.
#[test]
fn every_anchor_is_shown_on_a_page() {
    let shown: BTreeSet<_> = Page::all()
        .iter()
        .flat_map(|page| page.includes().map(|shown| shown.trim_start_matches("../").to_owned()).collect::<Vec<_>>())
        .collect();
    for path in
        ["lessons", "solutions", "exercises", "tests"].iter().flat_map(|folder| files(&root().join(folder), "rs"))
    {
        let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
        for anchor in read(&path).lines().filter_map(|line| line.trim().strip_prefix("// ANCHOR: ")) {
            assert!(shown.contains(&format!("{name}:{anchor}")), "{name}: no page shows the part {anchor}");
        }
    }
}

const TRANSCRIPT: &str = "```text\n{{#include ../../../lessons/1-basics/tests/snapshots/set_get.snap:6:6}}\n```\n\n";

#[test]
fn every_rule_refuses_a_page_that_breaks_it() {
    let fine = "# Why?\n\nAfter this page you know.\n\n<aside class=\"live\" data-lesson=\"1\"></aside>\n\n## How?\n\n\
                ## Try it\n\n<details><summary>Question: why?</summary>\n\n</details>\n\n## To remember\n";
    let page = |name: &str, text: &str| Page { name: name.to_owned(), text: text.to_owned() };
    assert_eq!(faults(&page("basics/why.md", fine)), [] as [&str; 0]);
    let with = |more: &str| format!("{fine}\n{more}\n");
    for (name, text, said) in [
        ("basics/why.md", with("```rust\nfn main() {}\n```"), "has Rust that was typed by hand"),
        ("basics/why.md", with("> ```rust,noplayground\n> fn main() {}\n> ```"), "has Rust that was typed by hand"),
        ("basics/why.md", with("```text\nPOST / 200\n```"), "has output that was typed by hand"),
        ("basics/why.md", with("```python\nsession\nsession\n```"), "quotes more of the article"),
        ("basics/why.md", with("```\nPOST / 200\n```"), "has a block of code in \"\""),
        ("basics/why.md", with("    POST / 200"), "has a block of code in \"\""),
        ("basics/why.md", with("```text\n{{#include ../no-such-file.snap}}\n```"), "which is empty or does not exist"),
        (
            "basics/why.md",
            with("```rust\n{{#include ../../../lessons/1-basics/src/lib.rs:layre}}\n```"),
            "which is empty or does not exist",
        ),
        (
            "basics/why.md",
            with("```text\n{{#include ../../../lessons/1-basics/tests/snapshots/set_get.snap}}\n```"),
            "with the head of its snapshot",
        ),
        ("magic/why.md", fine.to_owned(), "there is no lessons/N-magic"),
        ("lifetime/why.md", fine.to_owned(), "has no panel with the demo of lesson 2"),
        ("exercises/why.md", fine.to_owned(), "has no panel with an exercise"),
        ("why.md", fine.to_owned(), "belongs into the folder of a chapter"),
        ("basics/why.md", with("## About this"), "the heading \"About this\" is no question"),
        ("basics/why.md", with("# Why not?"), "has more than one title"),
        ("basics/why.md", fine.replace("## Try it", "## What now?"), "has no \"## Try it\""),
        ("basics/why.md", fine.replace("After", "Before"), "has no \"After this page you\""),
        ("basics/why.md", with(&"word ".repeat(MOST_WORDS)), "take five minutes"),
        (
            "basics/why.md",
            with("```rust\n{{#include ../../../lessons/1-basics/src/lib.rs}}\n```"),
            "fold what goes beyond 40",
        ),
        ("basics/why.md", with(&TRANSCRIPT.repeat(3)), "shows 3 transcripts"),
        ("basics/why.md", with("See `a_test_of_no_one`."), "there is no test named a_test_of_no_one"),
        ("basics/why.md", with("Mallory sends his own form."), "he is bob"),
        ("basics/why.md", with("A visitor has lost her session."), "she is alice, mallory or carol"),
        ("basics/why.md", with("See [Why?](log-out.md)"), "log-out.md is no longer called \"Why?\""),
        ("basics/why.md", with("Somebody is thrown out."), "\"thrown out\" should be \"logged out\""),
    ] {
        let faults = faults(&page(name, &text));
        assert_eq!(faults.len(), 1, "{said}: {faults:?}");
        assert!(faults[0].contains(said), "{said}: {faults:?}");
    }
}
