//! The verdict as data: the same in the test binary, in the terminal, as JSON and in the studio.

use serde::{Deserialize, Serialize};

/// The verdict on one answer to an exercise.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Report {
    /// The exercise's number.
    pub exercise: u8,
    /// What the names and tokens of this run were made from: `--seed` makes them again.
    pub seed: u64,
    /// Every check that was run, in the order of the requirements.
    pub checks: Vec<CheckReport>,
}

impl Report {
    /// Whether there was at least one check, and every one passed.
    pub fn passed(&self) -> bool {
        !self.checks.is_empty() && self.checks.iter().all(CheckReport::passed)
    }

    /// The first check that failed.
    pub fn first_failure(&self) -> Option<(&CheckReport, &Failure)> {
        self.checks.iter().find_map(|check| match &check.outcome {
            Outcome::Failed(failure) => Some((check, &**failure)),
            Outcome::Passed => None,
        })
    }
}

/// What came of one check.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CheckReport {
    /// Its place, and the number of its requirement in the README.
    pub number: usize,
    /// Its name as a test: a sentence of the field.
    pub id: String,
    /// The requirement in the README's words.
    pub requirement: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What the learner's code printed meanwhile; at most 64 KiB.
    pub prints: String,
}

impl CheckReport {
    /// Whether the requirement is met.
    pub fn passed(&self) -> bool {
        self.outcome == Outcome::Passed
    }
}

/// How a check ended.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The requirement is met.
    Passed,
    /// It is not, and this is what was seen.
    Failed(Box<Failure>),
}

/// A failure that teaches.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Failure {
    /// What was sent and answered, in order; the last one is where it went wrong.
    pub steps: Vec<Step>,
    /// What the requirement asks for at that point.
    pub expected: String,
    /// What came instead.
    pub actual: String,
    /// What the session did, as seen through the store; empty if that tells nothing.
    pub session: String,
    /// What follows: the state the answer is in.
    pub so: String,
    /// File and line of the route that the last request took, if it is found.
    #[serde(default)]
    pub route: String,
    /// Why the requirement matters.
    pub why: String,
    /// The same requests by hand, as `curl` lines for `cargo run -p exercise-N`.
    pub again: Vec<String>,
    /// The hint that fits, counted from 1.
    pub hint: usize,
    /// Where the book tells it: a path below `book/src/`, with an anchor.
    pub read: String,
}

/// One request of a check and its answer.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Step {
    /// Who sent it.
    pub who: String,
    /// `GET`, `POST` …
    pub method: String,
    /// The path.
    pub path: String,
    /// The answer in short, such as `303 → /protected`.
    pub answer: String,
    /// What the inspector saw of it, as an item of HTML; nothing where nothing was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
}
