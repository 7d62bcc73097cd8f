//! Tests the behavior of the article's Flask code in Flask itself. The book shows the transcripts.

#[path = "../required/mod.rs"]
mod required;

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    sync::LazyLock,
};

use required::{Missing, trial};
use tempfile::TempDir;

/// The first block of each experiment. Blocks with the same code share one.
const EXPERIMENTS: [&str; 27] = [
    "s01", "s02", "s03", "s04", "s05", "s06", "s07", "s08", "s09", "s10", "s11", "s12", "s13", "s14", "s15", "s16",
    "s17", "s18", "s19", "s20", "s22", "s24", "s25", "s26", "s27", "s28", "s29",
];

/// Creates one test for each block, and one that finds unlisted blocks.
fn main() -> ExitCode {
    let flask = FLASK.as_ref();
    let no_flask = flask.err().map(|_| Missing { what: "flask", reason: "see the last test".to_owned() });
    let mut trials: Vec<_> = EXPERIMENTS
        .map(|block| {
            let missing = no_flask.clone().or_else(|| flask.ok()?.missing(block));
            let name = format!("each_block_of_the_article_does_in_flask_what_the_book_says::{block}");
            required::named(&name, missing, || each_block_of_the_article_does_in_flask_what_the_book_says(block))
        })
        .into();
    trials.push(trial!(every_experiment_is_named_here, flask.err().cloned()));
    required::run(trials)
}

/// The experiments, which run once.
static FLASK: LazyLock<Result<Flask, Missing>> = LazyLock::new(Flask::run);

struct Flask {
    transcripts: TempDir,
    said: String,
}

impl Flask {
    fn run() -> Result<Self, Missing> {
        let (transcripts, root) = (tempfile::tempdir().unwrap(), Path::new(env!("CARGO_MANIFEST_DIR")));
        let (python, blocks) = (python(), root.join("tests/flask/blocks.py"));
        let missing = |reason: &str| Missing { what: "flask", reason: reason.trim().to_owned() };
        let run = Command::new(&python).arg("-B").arg(blocks).arg("--write").arg(transcripts.path()).output();
        let run = run.map_err(|error| missing(&format!("{} does not run: {error}", python.display())))?;
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        match run.status.code() {
            Some(0) => Ok(Self { transcripts, said }),
            Some(77) => Err(missing(&said)),
            _ => panic!("{} ended with {}: {said}", python.display(), run.status),
        }
    }

    /// Returns the server that this block needs, if it is missing.
    fn missing(&self, block: &str) -> Option<Missing> {
        let is_told = |line: &&str| line.starts_with(block) && line.contains(" cannot be tried here: ");
        let reason = self.said.lines().find(is_told)?.to_owned();
        Some(Missing { what: "services", reason })
    }
}

/// Returns the Python that `WORKBOOK_PYTHON` names, or the one that is installed.
fn python() -> PathBuf {
    env::var_os("WORKBOOK_PYTHON").map_or_else(|| "python3".into(), PathBuf::from)
}

fn each_block_of_the_article_does_in_flask_what_the_book_says(block: &str) {
    let Ok(flask) = &*FLASK else { return };
    let file = flask.transcripts.path().join(format!("{block}.txt"));
    let transcript = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{block} was not written: {error}"));
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(block, transcript);
    });
}

fn every_experiment_is_named_here() {
    let Ok(flask) = &*FLASK else { return };
    let written = std::fs::read_dir(flask.transcripts.path()).unwrap().count();
    let missing = EXPERIMENTS.iter().filter(|block| flask.missing(block).is_some()).count();
    assert_eq!(written + missing, EXPERIMENTS.len(), "experiments that are written, and those named here");
}
