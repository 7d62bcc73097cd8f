//! The verdict on an answer.

use serde::{Deserialize, Serialize};

use crate::Report;

/// The verdict: a report, or compiler errors.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The answer was checked.
    Report(Report),
    /// The answer does not compile.
    DoesNotCompile(CompileErrors),
}

impl Verdict {
    /// Whether every check passed.
    pub fn passed(&self) -> bool {
        matches!(self, Self::Report(report) if report.passed())
    }
}

/// The compiler errors in the learner's crate.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CompileErrors {
    /// The first errors, as the compiler prints them.
    pub first: Vec<String>,
    /// The number of all errors.
    pub count: usize,
}
