//! The session workbook: one process that shows the book with its live demos, or the same in a terminal.
//!
//! # Layout
//!
//! A module uses only those above it.
//!
//! - [`workspace`]: where the workbook lies. [`book`]: its text, built by mdBook. [`exercise`]: what there is to solve.
//! - [`watch`]: tells when files are written. [`program`]: a lesson or an exercise, built by cargo, started and ended.
//! - [`check`]: an exercise's checks, built and run; gives a [`verdict::Verdict`]. [`verdict::progress`] keeps it.
//! - [`files`]: those of an answer, read and written one by one. [`editor`]: the learner's own, at a line.
//! - [`solution`]: what there is to say when an exercise is solved. [`stub`]: an exercise as it was at first.
//! - [`markdown`]: hints and reasons, as text and as HTML. [`report`]: the same of verdicts. Neither does I/O.
//! - [`doctor`]: what this machine has of what the workbook needs.
//! - [`web`]: the studio that joins all of it. [`cli`]: the commands.

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
