//! The labs of lesson 4: each page has the attacks that it describes.

use std::collections::BTreeSet;

use lesson_4::attack::{ALL, Attack};

use crate::{files, root};

/// Returns the name of each page with a lab, and the attack with which its lab begins.
fn labs() -> Vec<(String, String)> {
    let lab = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        let (_, rest) = text.split_once("data-lab=\"")?;
        let name = path.strip_prefix(root().join("book/src")).unwrap().with_extension("");
        Some((name.to_string_lossy().replace('\\', "/"), rest.split_once('"')?.0.to_owned()))
    };
    files(&root().join("book/src"), "md").iter().filter_map(lab).collect()
}

#[test]
fn each_attack_is_in_the_lab_of_the_page_that_tells_it() {
    let pages: BTreeSet<_> = ALL.iter().map(|attack| format!("security/{}", attack.chapter)).collect();
    assert_eq!(labs().into_iter().map(|(page, _)| page).collect::<BTreeSet<_>>(), pages);
    for (page, lab) in labs() {
        let first = Attack::named(&lab).unwrap_or_else(|| panic!("{page}: there is no attack {lab}"));
        assert_eq!(format!("security/{}", first.chapter), page, "{lab}");
    }
}
