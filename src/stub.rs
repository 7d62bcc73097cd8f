//! An exercise as it was before anyone wrote into it. Git knows: a clone holds what was cloned.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use crate::exercise::Exercise;

/// Puts the exercise back and gives the folder in which the answer is kept.
///
/// # Errors
/// A sentence, if there is no git or no history, or a file cannot be written. The answer is where it was, then.
pub fn restore(root: &Path, exercise: &Exercise) -> Result<PathBuf, String> {
    let path = exercise.folder_in_workbook();
    let commit = first_commit(root)?;
    git(root, &["cat-file", "-e", &format!("{commit}:{path}")])
        .map_err(|_| format!("{path} is not in the history of this clone, so there is nothing to go back to"))?;
    let backup = back_up(root, exercise)
        .map_err(|error| format!("your answer cannot be backed up, so nothing was changed: {error}"))?;
    let kept = |error: String| format!("{error}\nyour answer is kept in {}", backup.display());
    fs::remove_dir_all(&exercise.folder).map_err(|error| kept(format!("{path} cannot be put back: {error}")))?;
    git(root, &["restore", "--source", &commit, "--worktree", "--", &path]).map_err(kept)?;
    Ok(backup)
}

/// The newest commit that is not the learner's own: the one they share with the place they cloned from. Without
/// such a place it is the newest of all.
fn first_commit(root: &Path) -> Result<String, String> {
    let shared = git(root, &["merge-base", "HEAD", "origin/HEAD"]);
    shared.or_else(|_| git(root, &["rev-parse", "--verify", "HEAD"])).map_err(|error| {
        format!(
            "this is no clone with a history, so there is nothing to go back to; clone the workbook again ({error})"
        )
    })
}

fn git(root: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("git").args(arguments).current_dir(root).output();
    let output = output.map_err(|error| format!("git cannot be started ({error}); install it, then try again"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
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

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() && entry.file_name() != OsStr::new("target") {
            fs::create_dir(&target)?;
            copy(&entry.path(), &target)?;
        } else if entry.file_type()?.is_file() {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
