//! What the article's Flask code does, seen on Flask itself. The transcripts are what the book shows of it.

#[path = "../required/mod.rs"]
mod required;

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use required::skipped;

/// The first block of each experiment; blocks that are the same code share one.
const EXPERIMENTS: [&str; 27] = [
    "s01", "s02", "s03", "s04", "s05", "s06", "s07", "s08", "s09", "s10", "s11", "s12", "s13", "s14", "s15", "s16",
    "s17", "s18", "s19", "s20", "s22", "s24", "s25", "s26", "s27", "s28", "s29",
];

/// The Python that `WORKBOOK_PYTHON` names, or the one that is installed.
fn python() -> PathBuf {
    env::var_os("WORKBOOK_PYTHON").map_or_else(|| "python3".into(), PathBuf::from)
}

#[test]
fn each_block_of_the_article_does_in_flask_what_the_book_says() {
    let (folder, root) = (tempfile::tempdir().unwrap(), Path::new(env!("CARGO_MANIFEST_DIR")));
    let blocks = root.join("tests/flask/blocks.py");
    let run = Command::new(python()).arg("-B").arg(blocks).arg("--write").arg(folder.path()).current_dir(root).output();
    let run = match run {
        Ok(run) => run,
        Err(error) => return skipped("flask", &format!("{} does not run: {error}", python().display())),
    };
    let said = String::from_utf8_lossy(&run.stderr);
    match run.status.code() {
        Some(0) => {}
        Some(77) => return skipped("flask", said.trim()),
        _ => panic!("{} ended with {}: {said}", python().display(), run.status),
    }
    let missing: Vec<_> = said.lines().filter(|line| line.contains(" cannot be tried here: ")).collect();
    missing.iter().for_each(|line| skipped("services", line));
    for block in EXPERIMENTS {
        let file = folder.path().join(format!("{block}.txt"));
        if missing.iter().any(|line| line.starts_with(block)) {
            continue;
        }
        let transcript =
            std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{block} was not written: {error}"));
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(block, transcript);
        });
    }
    let written = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(written + missing.len(), EXPERIMENTS.len(), "experiments that are written, and those named here");
}
