//! `list`: the learner's progress.

use std::{path::Path, process::ExitCode};

use verdict::progress::Progress;

use super::{said, say};
use crate::{exercise::Exercise, report};

pub(super) fn list(root: &Path) -> Result<ExitCode, String> {
    let (progress, note) = Progress::load(root);
    let all = Exercise::all(root)?;
    let passed = all.iter().filter(|exercise| exercise.is_passed(&progress)).count();
    say(format!("\n{}\n\n", report::bar(passed, all.len())));
    for exercise in &all {
        let hash = exercise.hash().ok();
        let line = match exercise.broken() {
            Some(broken) => report::line_of_broken(exercise, &broken),
            None => report::line(exercise, &progress.of(&exercise.id), hash.as_deref()),
        };
        say(format!("{line}\n"));
    }
    say("\n  cargo run -- check N checks one, cargo run -- hint N helps, cargo run opens the studio\n");
    said(note);
    Ok(ExitCode::SUCCESS)
}
