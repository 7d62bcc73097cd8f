//! `solution`: another way, beside one's own.

use std::{path::Path, process::ExitCode};

use super::said;
use crate::{exercise::Exercise, markdown, progress::Progress, report, solution::Solved};

pub(super) fn solution(root: &Path, number: u8, show_me: bool) -> Result<ExitCode, String> {
    let exercise = Exercise::find(root, number)?;
    let reached = Progress::load(root).0.of(&exercise.id);
    if !(reached.passed || reached.shown || show_me) {
        println!(
            "You have not passed {} yet. cargo run -- hint {number} helps.\n\
            cargo run -- solution {number} --show-me shows it all the same, and the list will say so.",
            exercise.name()
        );
        return Ok(ExitCode::FAILURE);
    }
    let solved = Solved::of(root, &exercise)?;
    for (file, diff) in &solved.diffs {
        anstream::print!("\n{}", report::diff(file, diff));
    }
    if solved.diffs.is_empty() {
        println!("\n  Your answer is the solution, to the letter.");
    }
    anstream::println!("\n  Why it is as it is\n\n{}", markdown::render(&solved.reasons));
    if !reached.passed {
        said(Progress::change(root, &exercise.id, |reached| reached.shown = true));
    }
    Ok(ExitCode::SUCCESS)
}
