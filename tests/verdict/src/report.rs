//! The verdict as data: the same in the test binary, in the terminal, as JSON and in the studio.

use serde::{Deserialize, Serialize};

/// The verdict on one answer to an exercise.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Report {
    /// The exercise's number.
    pub exercise: u8,
    /// The seed of the names and tokens of this run. `--seed` gives the same ones again.
    pub seed: u64,
    /// Every check that was run, in the order of the requirements.
    pub checks: Vec<CheckReport>,
}

impl Report {
    /// Whether there was at least one check, and every one passed.
    pub fn passed(&self) -> bool {
        !self.checks.is_empty() && self.checks.iter().all(CheckReport::passed)
    }

    /// Returns the first check that failed.
    pub fn first_failure(&self) -> Option<(&CheckReport, &Failure)> {
        self.checks.iter().find_map(|check| match &check.outcome {
            Outcome::Failed(failure) => Some((check, &**failure)),
            Outcome::Passed => None,
        })
    }
}

/// The result of one check.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CheckReport {
    /// Its position, and the number of its requirement in the README.
    pub number: usize,
    /// Its name as a test: a sentence with the terms of the field.
    pub id: String,
    /// The requirement in the README's words.
    pub requirement: String,
    /// The result.
    pub outcome: Outcome,
    /// The output of the learner's code during the check, at most 64 KiB.
    pub prints: String,
}

impl CheckReport {
    /// Whether the requirement is met.
    pub fn passed(&self) -> bool {
        self.outcome == Outcome::Passed
    }
}

/// The result of a check.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The requirement is met.
    Passed,
    /// The requirement is not met, for this reason.
    Failed(Box<Failure>),
}

/// The explanation of a failure.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Failure {
    /// The requests and answers, in order. The last one shows the mistake.
    pub steps: Vec<Step>,
    /// The result that the requirement demands at that point.
    pub expected: String,
    /// The actual result.
    pub actual: String,
    /// The effect on the session, as the store shows it, or empty if there is none to report.
    pub session: String,
    /// The conclusion about the state of the answer.
    pub so: String,
    /// The file and the line of the route that answered the last request, if it was found.
    #[serde(default)]
    pub route: String,
    /// The reason why the requirement matters.
    pub why: String,
    /// The same requests by hand, as `curl` lines for `cargo run -p exercise-N`.
    pub again: Vec<String>,
    /// The number of the hint for this failure, from 1.
    pub hint: usize,
    /// The page of the book that explains it: a path below `book/src/`, with an anchor.
    pub read: String,
}

/// One request of a check and its answer.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Step {
    /// The visitor who sent it.
    pub who: String,
    /// The method, such as `GET`.
    pub method: String,
    /// The path.
    pub path: String,
    /// The answer in short, such as `303 → /protected`.
    pub answer: String,
    /// The exchange in the inspector, as an item of HTML, or `None` if there was no request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
}
