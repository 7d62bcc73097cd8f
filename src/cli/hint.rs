//! `hint`: one rung of the ladder at a time.

use std::{path::Path, process::ExitCode};

use crate::{check::Verdict, exercise::Exercise, markdown, progress::Progress};

pub(super) fn hint(root: &Path, number: u8) -> Result<ExitCode, String> {
    anstream::print!("{}", next(root, &Exercise::find(root, number)?));
    Ok(ExitCode::SUCCESS)
}

/// The hint that fits the last failure, or else the first that was not shown; it is noted that it was.
pub(super) fn next(root: &Path, exercise: &Exercise) -> String {
    let hints = &exercise.brief.hints;
    let reached = Progress::load(root).0.of(&exercise.id);
    let fits = match &reached.verdict {
        Some((Verdict::Report(report), _)) => report.first_failure().map(|(_, failure)| failure.hint),
        _ => None,
    };
    let fresh = |hint: &usize| (1..=hints.len()).contains(hint) && !reached.hints.contains(hint);
    let Some(next) = fits.filter(fresh).or((1..=hints.len()).find(fresh)) else {
        let readme = exercise.folder.join("README.md");
        return format!("You have seen all {} hints; they stand in {}\n", hints.len(), readme.display());
    };
    let hint = &hints[next - 1];
    let note = Progress::change(root, &exercise.id, |reached| reached.hints.extend([next]));
    let note = note.map(|note| format!("\n{note}\n")).unwrap_or_default();
    format!("\n  Hint {next} of {}: {}\n\n{}{note}", hints.len(), hint.title, markdown::render(&hint.text))
}
