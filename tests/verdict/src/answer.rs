//! The files of an answer, and a hash of them, because a verdict belongs to one state of the files.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

/// The manifest of an answer.
pub const MANIFEST: &str = "Cargo.toml";
/// The folders of an answer, beside its manifest.
pub const FOLDERS: [&str; 2] = ["src", "templates"];

/// Returns a hash of all files that a learner may have written in this exercise's folder: the manifest, and the files
/// below `src/` and `templates/`.
///
/// # Errors
/// A file or a folder exists and cannot be read.
pub fn hash(folder: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    for file in files(folder)? {
        let Some(content) = unless_gone(fs::read(&file))? else { continue };
        let name = file.strip_prefix(folder).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        hash.update(format!("{name}\0{}\0", content.len()));
        hash.update(content);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Returns the files that [`hash`] reads, in order.
///
/// # Errors
/// A folder exists and cannot be read, or the exercise has none.
pub fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::metadata(folder)?; // a missing exercise is an error, but a missing `templates` is not
    let mut files = vec![folder.join(MANIFEST)];
    for part in FOLDERS {
        files_below(&folder.join(part), &mut files)?;
    }
    files.sort();
    Ok(files)
}

/// Adds every file below `folder`, which may be missing.
///
/// # Errors
/// A folder exists and cannot be read.
pub fn files_below(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    let Some(entries) = unless_gone(fs::read_dir(folder))? else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if is_an_editors_own(&entry.file_name().to_string_lossy()) {
            continue;
        }
        if path.is_dir() {
            files_below(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

/// Whether an editor uses the name for locks, copies and unfinished saves: `.#lib.rs` (a broken link), `.lib.rs.swp`,
/// `#lib.rs#`, `lib.rs~`.
fn is_an_editors_own(name: &str) -> bool {
    name.starts_with(['.', '#']) || name.ends_with('~')
}

/// Returns the result, or `None` if the file does not exist, or no longer exists.
fn unless_gone<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/lib.rs"), "first").unwrap();
        folder
    }

    #[test]
    fn what_is_written_changes_the_hash_and_writing_it_back_gives_the_old_one() {
        let folder = folder();
        let first = hash(folder.path()).unwrap();
        fs::write(folder.path().join("src/lib.rs"), "second").unwrap();
        assert_ne!(hash(folder.path()).unwrap(), first);
        fs::write(folder.path().join("src/lib.rs"), "first").unwrap();
        assert_eq!(hash(folder.path()).unwrap(), first);
        fs::create_dir(folder.path().join("templates")).unwrap();
        fs::write(folder.path().join("templates/page.html"), "").unwrap();
        assert_ne!(hash(folder.path()).unwrap(), first);
    }

    #[test]
    fn what_an_editor_keeps_beside_a_file_changes_nothing() {
        let folder = folder();
        let first = hash(folder.path()).unwrap();
        for name in [".lib.rs.swp", "#lib.rs#", "lib.rs~", ".#other.rs"] {
            fs::write(folder.path().join("src").join(name), "unfinished").unwrap();
        }
        #[cfg(unix)]
        for name in [".#lib.rs", "nowhere.rs"] {
            std::os::unix::fs::symlink("me@here.1:2", folder.path().join("src").join(name)).unwrap();
        }
        assert_eq!(hash(folder.path()).unwrap(), first);
    }

    #[test]
    fn a_folder_that_is_gone_has_no_hash() {
        let folder = folder();
        assert!(hash(&folder.path().join("gone")).is_err());
    }
}
