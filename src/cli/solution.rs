//! `solution`: the solution compared with the learner's answer.

use std::{path::Path, process::ExitCode};

use verdict::progress::Progress;

use super::{columns, said, say};
use crate::{exercise::Exercise, markdown, report, solution::Solved};

pub(super) fn solution(root: &Path, which: &str, show_me: bool) -> Result<ExitCode, String> {
    let exercise = Exercise::find(root, which)?;
    let number = exercise.number;
    let reached = Progress::load(root).0.of(&exercise.id);
    if !(reached.passed || reached.shown || show_me) {
        say(format!(
            "You have not passed {} yet. cargo run -- hint {number} helps.\n\
            cargo run -- solution {number} --show-me shows the solution anyway, and the list will say so.\n",
            exercise.name()
        ));
        return Ok(ExitCode::FAILURE);
    }
    let solved = Solved::of(root, &exercise)?;
    for (file, diff) in &solved.diffs {
        say(format!("\n{}", report::diff(file, diff)));
    }
    if solved.diffs.is_empty() {
        say("\n  Your answer is identical to the solution.\n");
    }
    say(format!("\n  Why it is written this way\n\n{}\n", markdown::render_within(&solved.reasons, columns())));
    if !reached.passed {
        said(Progress::change(root, &exercise.id, |reached| reached.shown = true));
    }
    Ok(ExitCode::SUCCESS)
}
