//! The session workbook: one process that serves the book with its live demos, or does the same work in a terminal.
//!
//! # Layout
//!
//! A module uses only those above it.
//!
//! - [`workspace`]: the workbook's folder. [`book`]: its text, built by mdBook. [`exercise`]: the exercises.
//! - [`watch`]: reports changes of files. [`program`]: a lesson or an exercise, built by cargo, started and ended.
//! - [`check`]: an exercise's checks, built and run. It returns a [`verdict::Verdict`], which [`verdict::progress`]
//!   stores.
//! - [`files`]: the files of an answer, read and written one by one. [`editor`]: the learner's own editor, at a line.
//! - [`solution`]: the solution, which is shown after a pass. [`stub`]: the initial state of an exercise.
//! - [`markdown`]: hints and reasons, as text and as HTML. [`report`]: verdicts, as text and as HTML. Neither does I/O.
//! - [`doctor`]: checks whether this machine has what the workbook needs.
//! - [`web`]: the studio, which joins all of these. [`cli`]: the commands.

pub mod book;
pub mod check;
pub mod cli;
pub mod doctor;
pub mod editor;
pub mod exercise;
pub mod files;
pub mod markdown;
pub mod program;
pub mod report;
pub mod solution;
pub mod stub;
pub mod watch;
pub mod web;
pub mod workspace;
