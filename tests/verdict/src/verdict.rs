//! What is known of an answer, no matter who asked for it.

use serde::{Deserialize, Serialize};

use crate::Report;

/// What is known of an answer.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was checked.
    Report(Report),
    /// The compiler refuses it.
    DoesNotCompile(CompileErrors),
}

impl Verdict {
    /// Whether every check passed.
    pub fn passed(&self) -> bool {
        matches!(self, Self::Report(report) if report.passed())
    }
}

/// What the compiler said about the learner's crate.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CompileErrors {
    /// The first errors, as the compiler prints them.
    pub first: Vec<String>,
    /// How many there are in all.
    pub count: usize,
}
