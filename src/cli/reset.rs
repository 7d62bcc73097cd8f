//! `reset`: puts an exercise back to its initial state.

use std::{path::Path, process::ExitCode};

use verdict::progress::Progress;

use super::{said, say};
use crate::{exercise::Exercise, stub};

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct Reset {
    /// The exercise's number or name
    exercise: Option<String>,
    /// Start all exercises over
    #[arg(long)]
    all: bool,
}

pub(super) fn reset(root: &Path, arguments: &Reset) -> Result<ExitCode, String> {
    let exercises = match &arguments.exercise {
        Some(which) => vec![Exercise::find(root, which)?],
        None => Exercise::all(root)?,
    };
    for exercise in exercises {
        let kept = match stub::restore(root, &exercise)? {
            Some(backup) => format!("your answer is kept in {}", backup.display()),
            None => "there was no answer to keep".to_owned(),
        };
        say(format!("{} is back in its initial state; {kept}\n", exercise.name()));
        said(Progress::change(root, &exercise.id, |reached| reached.verdict = None));
    }
    Ok(ExitCode::SUCCESS)
}
