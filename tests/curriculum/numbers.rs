//! Numbers that a text gives come from what they count.

use crate::{files, read, root};

/// What follows "more than" in this text and counts wrong answers.
fn counted(text: &str) -> Vec<usize> {
    let counts = |rest: &str| {
        let (number, rest) = rest.split_once(' ')?;
        (rest.starts_with("wrong answers") || rest.starts_with("other wrong answers")).then(|| number.parse().ok())?
    };
    text.split("more than ").filter_map(counts).collect()
}

/// There is a message of each, and a few of answers that break off.
#[test]
fn no_text_counts_more_wrong_answers_than_there_are() {
    let messages = files(&root().join("tests/mutants/tests/snapshots"), "snap").len();
    for text in ["README.md", "book/src/exercises/in-flask.md", "book/src/reference/maintaining.md"] {
        let counted = counted(&read(text));
        assert!(!counted.is_empty(), "{text} does not count them");
        assert!(counted.iter().all(|&count| count <= messages && messages < count + 100), "{text}: {messages}");
    }
}
