//! The verdict on a learner's answer: the checks produce it, and the terminal and the studio show and store it.
//!
//! - [`Brief`]: the task in an exercise's README. [`answer`]: the learner's files, and a hash of them.
//! - [`Report`], [`Verdict`]: the verdict as data; [`render`](render()): as text.
//! - [`Key`]: seals the lines of a check, so that an answer cannot forge them.
//! - [`progress`]: a learner's progress, in `.workbook/`.
//!
//! This crate is separate, because the checks need a browser and an inspector, and programs that only show a verdict do
//! not.

pub mod answer;
mod brief;
pub mod progress;
mod render;
pub mod report;
mod seal;
mod verdict;

pub use brief::{Brief, Hint};
pub use render::{Telling, render, render_within};
pub use report::{CheckReport, Failure, Outcome, Report, Step};
pub use seal::Key;
pub use verdict::{CompileErrors, Verdict};
