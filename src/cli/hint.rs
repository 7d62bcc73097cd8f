//! `hint`: one hint at a time.

use std::{path::Path, process::ExitCode};

use verdict::{Verdict, progress::Progress};

use super::{columns, say};
use crate::{exercise::Exercise, markdown};

#[derive(clap::Args)]
pub(super) struct Hint {
    /// The exercise's number or name
    exercise: String,
    /// The number of a hint, such as the one that a failure names; without it, the next one
    hint: Option<usize>,
}

pub(super) fn hint(root: &Path, Hint { exercise, hint }: Hint) -> Result<ExitCode, String> {
    let exercise = Exercise::find(root, &exercise)?;
    let text = match hint {
        None => next(root, &exercise, columns()),
        Some(number) if (1..=exercise.brief.hints.len()).contains(&number) => shown(root, &exercise, number, columns()),
        Some(number) => {
            return Err(format!("{} has no hint {number}; it has {}", exercise.name(), exercise.brief.hints.len()));
        }
    };
    say(text);
    Ok(ExitCode::SUCCESS)
}

/// Returns the hint for the last failure, or otherwise the first hint that was not shown.
pub(super) fn next(root: &Path, exercise: &Exercise, columns: usize) -> String {
    let hints = exercise.brief.hints.len();
    let reached = Progress::load(root).0.of(&exercise.id);
    let fits = match &reached.verdict {
        Some((Verdict::Report(report), _)) => report.first_failure().map(|(_, failure)| failure.hint),
        _ => None,
    };
    let fresh = |hint: &usize| (1..=hints).contains(hint) && !reached.hints.contains(hint);
    match fits.filter(fresh).or((1..=hints).find(fresh)) {
        Some(next) => shown(root, exercise, next, columns),
        None => {
            let number = exercise.number;
            let readme = exercise.folder.join("README.md");
            let again = "cargo run -- hint";
            format!(
                "You have seen all {hints} hints. {again} {number} 1 shows one again; all of them are in {}\n",
                readme.display()
            )
        }
    }
}

/// Returns this hint, and notes that it was shown.
fn shown(root: &Path, exercise: &Exercise, number: usize, columns: usize) -> String {
    let hints = &exercise.brief.hints;
    let hint = &hints[number - 1];
    let note = Progress::change(root, &exercise.id, |reached| reached.hints.extend([number]));
    let note = note.map(|note| format!("\n{note}\n")).unwrap_or_default();
    let text = markdown::render_within(&hint.text, columns);
    format!("\n  Hint {number} of {}: {}\n\n{text}{note}", hints.len(), hint.title)
}
