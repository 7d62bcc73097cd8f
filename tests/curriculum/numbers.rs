//! Compares the numbers in texts with the things that they count.

use crate::{files, read, root};

/// Returns the numbers of wrong answers that follow "more than" in this text.
fn counted(text: &str) -> Vec<usize> {
    let counts = |rest: &str| {
        let (number, rest) = rest.split_once(' ')?;
        (rest.starts_with("wrong answers") || rest.starts_with("other wrong answers")).then(|| number.parse().ok())?
    };
    text.split("more than ").filter_map(counts).collect()
}

/// Each wrong answer has a snapshot of its message, and so have a few answers that break off.
#[test]
fn no_text_counts_more_wrong_answers_than_there_are() {
    let messages = files(&root().join("tests/mutants/tests/snapshots"), "snap").len();
    for text in ["README.md", "book/src/exercises/in-flask.md", "book/src/reference/maintaining.md"] {
        let counted = counted(&read(text));
        assert!(!counted.is_empty(), "{text} does not count them");
        assert!(counted.iter().all(|&count| count <= messages && messages < count + 100), "{text}: {messages}");
    }
}
