//! An exercise as it was before anyone wrote into it: what lies in `src/stubs`. Nobody writes an answer there, so it stays
//! whatever a learner commits, pushes or clones, and it needs no git.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::exercise::Exercise;

/// The task, which is no answer, and what cargo has built.
const LEFT_ALONE: &[&str] = &["README.md", "target"];

/// Puts the exercise back and gives the folder in which the answer is kept.
///
/// # Errors
/// A sentence, if the stub is gone or a file cannot be written. It says where the answer is, then.
pub fn restore(root: &Path, exercise: &Exercise) -> Result<PathBuf, String> {
    let (path, stub) = (exercise.folder_in_workbook(), folder(root, exercise));
    if !stub.join("Cargo.toml").is_file() {
        return Err(format!("{} is gone, so nothing was changed; clone the workbook again", stub.display()));
    }
    let backup = back_up(root, exercise)
        .map_err(|error| format!("your answer cannot be backed up, so nothing was changed: {error}"))?;
    let put_back = clear(&exercise.folder).and_then(|()| copy(&stub, &exercise.folder));
    put_back
        .map_err(|error| format!("{path} cannot be put back: {error}\nyour answer is kept in {}", backup.display()))?;
    Ok(backup)
}

/// Where the exercise's stub lies: all of its folder but the task.
pub fn folder(root: &Path, exercise: &Exercise) -> PathBuf {
    root.join("src").join("stubs").join(exercise.folder.file_name().unwrap_or_default())
}

/// A copy of the whole folder, under the first free number.
fn back_up(root: &Path, exercise: &Exercise) -> io::Result<PathBuf> {
    let folder = root.join(".workbook").join("backups");
    fs::create_dir_all(&folder)?;
    for number in 1.. {
        let backup = folder.join(format!("{}-{number}", exercise.id));
        match fs::create_dir(&backup) {
            Ok(()) => return copy(&exercise.folder, &backup).map(|()| backup),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("there is no free number"))
}

/// Takes out what the stub brings; the folder itself stays, for whoever stands in it or watches it.
fn clear(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if LEFT_ALONE.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if entry.file_type()?.is_dir() { fs::remove_dir_all(entry.path())? } else { fs::remove_file(entry.path())? }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_name() == "target" && entry.path().join("CACHEDIR.TAG").is_file() {
            continue; // what cargo has built
        }
        if entry.file_type()?.is_dir() {
            fs::create_dir(&target)?;
            copy(&entry.path(), &target)?;
        } else if entry.path().is_file() {
            fs::copy(entry.path(), target)?; // also what a link leads to
        }
    }
    Ok(())
}
