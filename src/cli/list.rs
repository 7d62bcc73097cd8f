//! `list`: how far somebody is.

use std::{path::Path, process::ExitCode};

use super::said;
use crate::{exercise::Exercise, progress::Progress, report};

pub(super) fn list(root: &Path) -> Result<ExitCode, String> {
    let (progress, note) = Progress::load(root);
    let all = Exercise::all(root)?;
    let passed = all.iter().filter(|exercise| progress.of(&exercise.id).is_passed()).count();
    anstream::println!("\n{}\n", report::bar(passed, all.len()));
    for exercise in &all {
        let hash = exercise.hash().ok();
        println!("{}", report::line(exercise, &progress.of(&exercise.id), hash.as_deref()));
    }
    println!("\n  cargo run -- check N checks one, cargo run -- hint N helps, cargo run opens the studio");
    said(note);
    Ok(ExitCode::SUCCESS)
}
