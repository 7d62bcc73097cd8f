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
        let backup = stub::restore(root, &exercise)?;
        say(format!("{} is back in its initial state; your answer is kept in {}\n", exercise.name(), backup.display()));
        said(Progress::change(root, &exercise.id, |reached| reached.verdict = None));
    }
    Ok(ExitCode::SUCCESS)
}
