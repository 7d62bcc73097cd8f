//! The requirements of ASVS 5.0 that the course cites, by number. The table in `asvs.md` has the title of each, in our
//! words, and the book shows that table.

use std::collections::BTreeMap;

use crate::{files, page::Page, read, root};

/// The page that shows the table, and the page whose lines explain each number.
const TITLED: [&str; 2] = ["reference/asvs.md", "reference/checklist.md"];

/// Returns the title of each number.
fn titles() -> BTreeMap<String, String> {
    let table = read("tests/curriculum/asvs.md");
    let row = |line: &str| {
        let (_, rest) = line.split_once("</a>")?;
        let mut cells = rest.split('|').map(|cell| cell.trim().to_owned());
        let (number, _level) = (cells.next()?, cells.next()?);
        Some((number, cells.next()?))
    };
    table.lines().filter_map(row).collect()
}

/// Returns the numbers of three parts in a text, each with its position, except for sections of an RFC and versions.
fn numbers(text: &str) -> Vec<(usize, &str)> {
    let is_part = |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut found = Vec::new();
    let mut from = 0;
    for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-')) {
        let number = word.trim_end_matches('.');
        let parts: Vec<_> = number.split('.').collect();
        let before: Vec<_> = text[..from].split_whitespace().rev().take(2).collect();
        let is_other = before.get(1).is_some_and(|word| word.trim_start_matches('(') == "RFC")
            || before.first().is_some_and(|word| word.contains("Flask") || ["version", "section"].contains(word));
        if parts.len() == 3 && parts.iter().all(|part| is_part(part)) && parts[0] != "0" && !is_other {
            found.push((from, number));
        }
        from += word.len() + text[from + word.len()..].chars().next().map_or(0, char::len_utf8);
    }
    found
}

#[test]
fn every_asvs_number_has_a_title() {
    let titles = titles();
    assert!(titles.len() > 50 && titles.values().all(|title| !title.is_empty()), "{titles:?}");
    let (book, code) = (["book/src", "exercises", "solutions"], ["lessons", "tests/checks", "exercises", "solutions"]);
    let all = book.iter().flat_map(|folder| files(&root().join(folder), "md"));
    let all = all.chain(code.iter().flat_map(|folder| files(&root().join(folder), "rs")));
    for path in all.chain(files(&root().join("lessons"), "html")) {
        let text = read(&path);
        for (_, number) in numbers(&text) {
            let path = path.strip_prefix(root()).unwrap().display();
            assert!(
                titles.contains_key(number),
                "{path} cites {number}, which has no title in tests/curriculum/asvs.md"
            );
        }
    }
}

#[test]
fn every_defence_of_lesson_4_names_its_rule_by_the_same_title() {
    let titles = titles();
    for defence in lesson_4::defence::Defence::ALL {
        if let Some((number, title)) = defence.rule().strip_prefix("ASVS 5.0 ").and_then(|rule| rule.split_once(": ")) {
            assert_eq!(titles.get(number).map(|title| title.replace('`', "")).as_deref(), Some(title), "{defence:?}");
        }
    }
}

/// Returns the faults in the numbers on this page.
fn without_title(page: &Page) -> Vec<String> {
    let is_linked = |at: usize, number: &str| {
        let link = format!("]({}", if page.name.contains('/') { "" } else { "reference/" });
        let target = format!("asvs.md#asvs-{})", number.replace('.', "-"));
        let after = &page.text[at + number.len()..];
        let link = after.strip_prefix(&link).and_then(|rest| rest.split_once(')'));
        link.is_some_and(|(link, _)| format!("{link})").ends_with(&target))
    };
    let bare = numbers(&page.text).into_iter().filter(|(at, number)| !is_linked(*at, number));
    bare.map(|(_, number)| format!("{}: {number} is no link to its title in reference/asvs.md", page.name)).collect()
}

#[test]
fn every_page_that_cites_a_rule_links_to_its_title() {
    let pages = Page::all();
    let faults: Vec<_> =
        pages.iter().filter(|page| !TITLED.contains(&page.name.as_str())).flat_map(without_title).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A line of the checklist begins with its numbers, and then explains them.
#[test]
fn every_line_of_the_checklist_says_what_its_number_asks_for() {
    let titles = titles();
    let checklist = read("book/src/reference/checklist.md");
    for line in checklist.lines().filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit()) {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let cited = cells[1].split(", ");
        assert!(cited.clone().all(|number| titles.contains_key(number)), "{line}");
        assert!(cells[2].len() > 5 && cells[3].contains('`'), "{line}");
    }
}

#[test]
fn a_number_is_told_from_a_version_and_from_a_section() {
    let text = "7.2.4, (ASVS 5.0 3.5.3). RFC 6265bis 5.8.3; RFC 9110, 9.2.1: Flask 3.1.3, version 3.1.3, 0.15.0, 127.0.0.1, 4.1.3.2";
    let found: Vec<_> = numbers(text).into_iter().map(|(_, number)| number).collect();
    assert_eq!(found, ["7.2.4", "3.5.3"]);
    let page = |text: &str| Page { name: "security/why.md".to_owned(), text: text.to_owned() };
    assert_eq!(without_title(&page("(ASVS 5.0 [7.2.4](../reference/asvs.md#asvs-7-2-4))")), [] as [&str; 0]);
    for bare in ["(7.2.4)", "[7.2.4](../reference/asvs.md#asvs-7-2-5)", "[7.2.4](checklist.md)"] {
        assert_eq!(without_title(&page(bare)).len(), 1, "{bare}");
    }
}
