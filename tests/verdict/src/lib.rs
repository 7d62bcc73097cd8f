//! The verdict on a learner's answer: what the checks give, and what whoever asked for it shows and keeps.
//!
//! - [`Brief`]: what an exercise's README asks for. [`answer`]: the learner's files, and a hash of them.
//! - [`Report`], [`Verdict`]: the verdict as data; [`render`](render()): as text.
//! - [`Key`]: seals what a check says, so that an answer cannot say it.
//! - [`progress`]: what a learner has reached, in `.workbook/`.
//!
//! The checks need a browser, an inspector and more to come to a verdict; those who only show one do not.

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
