//! The initial state of an exercise, in `src/stubs`. No answer is written there, so it does not change with a learner's
//! commits, and restoring it needs no git. This module also restores an answer from a backup.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::exercise::Exercise;

/// The task, which is replaced but never removed, because it is not part of an answer, and cargo's build folder.
const LEFT_ALONE: &[&str] = &["README.md", "target"];
/// The folder for backups of answers, within the workbook.
const BACKUPS: &str = ".workbook/backups";

/// Restores the exercise's initial state. Returns the folder with the backup of the answer, or `None` if there was
/// nothing to back up, because the exercise's folder was missing.
///
/// # Errors
/// A sentence, if the stub is missing or a file cannot be written. It also says where the answer is.
pub fn restore(root: &Path, exercise: &Exercise) -> Result<Option<PathBuf>, String> {
    let (path, stub) = (exercise.folder_in_workbook(), folder(root, exercise));
    if !stub.join("Cargo.toml").is_file() {
        return Err(format!("{} is gone, so nothing was changed; clone the workbook again", stub.display()));
    }
    let failed = |error: io::Error| format!("{path} cannot be restored: {error}");
    if !exercise.folder.exists() {
        fs::create_dir_all(&exercise.folder).and_then(|()| copy(&stub, &exercise.folder)).map_err(failed)?;
        return Ok(None);
    }
    let backup = back_up(root, exercise)
        .map_err(|error| format!("your answer cannot be backed up, so nothing was changed: {error}"))?;
    let put_back = clear(&exercise.folder).and_then(|()| copy(&stub, &exercise.folder));
    put_back.map_err(|error| format!("{}\nyour answer is kept in {}", failed(error), backup.display()))?;
    Ok(Some(backup))
}

/// Restores an answer from a backup. The present files are backed up first, and the folder of that backup is returned.
///
/// # Errors
/// A sentence, if this exercise has no such backup, or if a file cannot be written.
pub fn bring_back(root: &Path, exercise: &Exercise, backup: &str) -> Result<PathBuf, String> {
    let folder = root.join(BACKUPS).join(backup);
    let is_its_own = backup.strip_prefix(&exercise.id).and_then(|rest| rest.strip_prefix('-')?.parse::<u32>().ok());
    if is_its_own.is_none() || !folder.is_dir() {
        return Err(format!("{} has no backup {backup:?}", exercise.name()));
    }
    fs::create_dir_all(&exercise.folder)
        .map_err(|error| format!("{} cannot be created: {error}", exercise.folder_in_workbook()))?;
    let kept = back_up(root, exercise)
        .map_err(|error| format!("your answer cannot be backed up, so nothing was changed: {error}"))?;
    let put_back = clear(&exercise.folder).and_then(|()| copy(&folder, &exercise.folder));
    put_back.map_err(|error| format!("the backup cannot be restored: {error}\nit is still in {}", folder.display()))?;
    Ok(kept)
}

/// Returns the folder of the exercise's stub, which has all files and the task.
pub fn folder(root: &Path, exercise: &Exercise) -> PathBuf {
    root.join("src").join("stubs").join(exercise.folder.file_name().unwrap_or_default())
}

/// Copies the whole folder, under the first free number.
fn back_up(root: &Path, exercise: &Exercise) -> io::Result<PathBuf> {
    let folder = root.join(BACKUPS);
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

/// Removes the files that the stub replaces. The folder itself stays, for shells and watchers that use it.
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
            continue; // cargo's build folder
        }
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            copy(&entry.path(), &target)?;
        } else if entry.path().is_file() {
            fs::copy(entry.path(), target)?; // follows links
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use verdict::Brief;

    use super::*;

    fn workbook() -> (tempfile::TempDir, Exercise) {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("exercises/1-login");
        for folder in [&folder, &root.path().join("src/stubs/1-login")] {
            fs::create_dir_all(folder.join("src")).unwrap();
            fs::write(folder.join("Cargo.toml"), "").unwrap();
            fs::write(folder.join("src/lib.rs"), "the stub").unwrap();
        }
        fs::write(folder.join("README.md"), "the task").unwrap();
        let exercise =
            Exercise { number: 1, id: "login".to_owned(), folder, brief: Brief::parse("# Exercise 1: login") };
        (root, exercise)
    }

    #[test]
    fn an_answer_that_was_reset_comes_back_and_the_stub_is_kept_in_turn() {
        let (root, exercise) = workbook();
        let text = || fs::read_to_string(exercise.folder.join("src/lib.rs")).unwrap();
        fs::write(exercise.folder.join("src/lib.rs"), "mine").unwrap();
        fs::write(exercise.folder.join("src/more.rs"), "more").unwrap();
        let backup = restore(root.path(), &exercise).unwrap().expect("there is an answer");
        assert_eq!((text().as_str(), exercise.folder.join("src/more.rs").exists()), ("the stub", false));
        let name = backup.file_name().unwrap().to_str().unwrap();
        let stub = bring_back(root.path(), &exercise, name).unwrap();
        assert_eq!((text().as_str(), exercise.folder.join("src/more.rs").exists()), ("mine", true));
        assert_eq!(fs::read_to_string(stub.join("src/lib.rs")).unwrap(), "the stub");
    }

    #[test]
    fn a_folder_that_is_gone_is_restored_and_leaves_no_backup() {
        let (root, exercise) = workbook();
        fs::remove_dir_all(&exercise.folder).unwrap();
        assert_eq!(restore(root.path(), &exercise).unwrap(), None);
        assert_eq!(fs::read_to_string(exercise.folder.join("src/lib.rs")).unwrap(), "the stub");
        assert!(!root.path().join(BACKUPS).exists());
    }

    #[test]
    fn an_unknown_backup_changes_nothing() {
        let (root, exercise) = workbook();
        fs::create_dir_all(root.path().join(BACKUPS).join("cart-1")).unwrap();
        for name in ["cart-1", "login-7", "login-../../exercises", "", ".."] {
            assert!(bring_back(root.path(), &exercise, name).unwrap_err().contains("has no backup"), "{name}");
        }
        assert_eq!(fs::read_to_string(exercise.folder.join("src/lib.rs")).unwrap(), "the stub");
    }

    #[test]
    fn a_backup_has_a_learners_own_folders_but_not_the_build_folder_of_cargo() {
        let (root, exercise) = workbook();
        for file in ["target/CACHEDIR.TAG", "target/program", "src/target/mod.rs", "templates/CACHEDIR.TAG"] {
            let file = exercise.folder.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        let backup = restore(root.path(), &exercise).unwrap().unwrap();
        let has = |file: &str| backup.join(file).exists();
        assert!(has("src/target/mod.rs") && has("templates/CACHEDIR.TAG") && !has("target"));
    }

    #[test]
    fn an_answer_that_cannot_be_backed_up_is_left_alone() {
        let (root, exercise) = workbook();
        let too_long = Exercise { id: "x".repeat(300), ..exercise };
        fs::write(too_long.folder.join("src/lib.rs"), "mine").unwrap();
        let error = restore(root.path(), &too_long).unwrap_err();
        assert!(error.starts_with("your answer cannot be backed up, so nothing was changed: "), "{error}");
        assert_eq!(fs::read_to_string(too_long.folder.join("src/lib.rs")).unwrap(), "mine");
    }
}
