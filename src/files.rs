//! Reads and writes the files of an answer, each by its path within the exercise's folder. A file is written completely
//! or not at all.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

use serde::Serialize;
use sha2::{Digest, Sha256};
use verdict::answer::{self, FOLDERS, MANIFEST};

/// One file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct File {
    /// The path within the exercise's folder, with `/`.
    pub path: String,
    /// The text, or `None` if it is not UTF-8.
    pub text: Option<String>,
    /// A hash of the bytes, on which a save is based.
    pub hash: String,
}

/// The reason why a file was not written.
#[derive(Debug)]
pub enum Unsaved {
    /// The file has changed since the edit began. This is the current file, or `None` if it was deleted.
    Changed(Option<File>),
    /// No file of an answer can have this path.
    NoPlace,
    /// The system returned an error.
    Io(io::Error),
}

impl From<io::Error> for Unsaved {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Returns all files of the answer in this folder, those of the source first.
///
/// # Errors
/// A folder or a file cannot be read.
pub fn all(folder: &Path) -> io::Result<Vec<File>> {
    let name = |file: &PathBuf| Some(file.strip_prefix(folder).ok()?.to_str()?.replace('\\', "/"));
    let mut paths: Vec<_> = answer::files(folder)?.iter().filter_map(name).collect();
    paths.sort_by_key(|path| path == MANIFEST);
    let files = paths.iter().map(|path| read(folder, path));
    files.filter_map(Result::transpose).collect()
}

/// Returns the file at this path, or `None` if there is none, or if it is outside the folder.
///
/// # Errors
/// The file exists and cannot be read.
pub fn read(folder: &Path, path: &str) -> io::Result<Option<File>> {
    let Some(place) = place(folder, path) else { return Ok(None) };
    match fs::read(place) {
        Ok(bytes) => {
            let hash = hash(&bytes);
            Ok(Some(File { path: path.to_owned(), text: String::from_utf8(bytes).ok(), hash }))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes the text and returns its hash. The file must still have the hash `base`, or must not exist if there is no
/// `base`. If the file already has this text, nothing is written.
///
/// # Errors
/// The file has changed in the meantime, no file may have this path, or the file cannot be written.
pub fn save(folder: &Path, path: &str, text: &str, base: Option<&str>) -> Result<String, Unsaved> {
    let place = place(folder, path).ok_or(Unsaved::NoPlace)?;
    let (before, written) = (read(folder, path)?, hash(text.as_bytes()));
    let found = before.as_ref().map(|file| file.hash.as_str());
    if found == Some(&written) {
        return Ok(written); // the file already has this text
    }
    if found != base {
        return Err(Unsaved::Changed(before));
    }
    write(&place, text)?;
    Ok(written)
}

/// Returns the location of the file with this path, or `None` if it would not be part of the answer, or if a link leads
/// out of the folder.
pub fn place(folder: &Path, path: &str) -> Option<PathBuf> {
    let parts: Vec<_> = Path::new(path).components().collect();
    let is_name = |part: &Component| matches!(part, Component::Normal(name) if name.to_str().is_some_and(is_plain));
    let is_below = parts.len() > 1 && FOLDERS.iter().any(|folder| parts[0].as_os_str() == *folder);
    if !(parts.iter().all(is_name) && (is_below || path == MANIFEST)) {
        return None;
    }
    let place = folder.join(path);
    let there = place.ancestors().find(|above| above.symlink_metadata().is_ok())?;
    let really = there.canonicalize().ok()?;
    let is_within = really.starts_with(folder.canonicalize().ok()?);
    let missing = place.strip_prefix(there).ok()?; // joining an empty path would add a slash
    is_within.then(|| if missing.as_os_str().is_empty() { really.clone() } else { really.join(missing) })
}

/// Whether every system accepts the name unchanged, and no editor uses such names for its own files.
fn is_plain(name: &str) -> bool {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || "-_. ".contains(sign);
    name.chars().all(plain) && !name.starts_with('.') && !name.ends_with(['.', ' '])
}

/// Writes a temporary file in the same folder and renames it, so that nobody reads an incomplete file. The file keeps
/// its mode.
fn write(place: &Path, text: &str) -> io::Result<()> {
    let folder = place.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut unfinished = like_any_other_file().tempfile_in(folder)?;
    io::Write::write_all(&mut unfinished, text.as_bytes())?;
    if let Ok(before) = fs::metadata(place) {
        unfinished.as_file().set_permissions(before.permissions())?;
    }
    unfinished.persist(place)?;
    Ok(())
}

/// Creates files with the ordinary permissions of the umask. By default only the owner can read a temporary file.
fn like_any_other_file() -> tempfile::Builder<'static, 'static> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has modes"))]
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join(MANIFEST), "[package]").unwrap();
        fs::write(folder.path().join("src/lib.rs"), "first").unwrap();
        fs::write(folder.path().join("README.md"), "the task").unwrap();
        folder
    }

    #[test]
    fn the_files_of_an_answer_are_its_source_its_templates_and_its_manifest() {
        let folder = folder();
        fs::create_dir(folder.path().join("templates")).unwrap();
        fs::write(folder.path().join("templates/page.html"), [0xff]).unwrap();
        fs::write(folder.path().join("src/.lib.rs.swp"), "an editor's").unwrap();
        let files = all(folder.path()).unwrap();
        let found: Vec<_> = files.iter().map(|file| (file.path.as_str(), file.text.as_deref())).collect();
        let expected = [("src/lib.rs", Some("first")), ("templates/page.html", None), (MANIFEST, Some("[package]"))];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_save_upon_what_is_there_is_written_and_upon_something_else_is_not() {
        let folder = folder();
        let first = read(folder.path(), "src/lib.rs").unwrap().unwrap();
        let second = save(folder.path(), "src/lib.rs", "second", Some(&first.hash)).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("src/lib.rs")).unwrap(), "second");
        let again = save(folder.path(), "src/lib.rs", "third", Some(&first.hash));
        assert!(matches!(again, Err(Unsaved::Changed(Some(file))) if file.text.as_deref() == Some("second")));
        assert_eq!(save(folder.path(), "src/lib.rs", "second", Some(&first.hash)).unwrap(), second, "the same text");
        fs::remove_file(folder.path().join("src/lib.rs")).unwrap();
        let gone = save(folder.path(), "src/lib.rs", "third", Some(&second));
        assert!(matches!(gone, Err(Unsaved::Changed(None))));
    }

    #[test]
    fn a_new_file_is_made_with_its_folders_and_does_not_overwrite_one() {
        let folder = folder();
        save(folder.path(), "templates/parts/head.html", "<p>", None).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("templates/parts/head.html")).unwrap(), "<p>");
        assert!(matches!(save(folder.path(), "src/lib.rs", "<p>", None), Err(Unsaved::Changed(Some(_)))));
    }

    #[test]
    fn no_path_leads_out_of_the_answer() {
        let folder = folder();
        for path in [
            "",
            ".",
            "/etc/passwd",
            "../2-cart/src/lib.rs",
            "src/../../x.rs",
            "src",
            "README.md",
            "tests/check.rs",
            "src/",
            "Cargo.lock",
            "src/.hidden.rs",
            "src/a:b.rs",
            "src/a\\b.rs",
            "target/x",
            "src/con. ",
            "./Cargo.toml",
        ] {
            let saved = save(folder.path(), path, "x", None);
            assert!(matches!(saved, Err(Unsaved::NoPlace | Unsaved::Changed(_) | Unsaved::Io(_))), "{path}: {saved:?}");
        }
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(left.len(), 3, "{left:?}");
        assert_eq!(fs::read_to_string(folder.path().join("README.md")).unwrap(), "the task");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_out_is_no_file_of_the_answer_and_one_that_stays_is_written_through() {
        use std::os::unix::fs::symlink;
        let (folder, other) = (folder(), tempfile::tempdir().unwrap());
        fs::write(other.path().join("secret.rs"), "secret").unwrap();
        symlink(other.path().join("secret.rs"), folder.path().join("src/link.rs")).unwrap();
        symlink(other.path().join("new.rs"), folder.path().join("src/nowhere.rs")).unwrap();
        symlink(other.path(), folder.path().join("templates")).unwrap();
        for path in ["src/link.rs", "src/nowhere.rs", "templates/secret.rs", "templates/new.html"] {
            assert!(matches!(save(folder.path(), path, "x", None), Err(Unsaved::NoPlace)), "{path}");
            assert_eq!(read(folder.path(), path).unwrap(), None, "{path}");
        }
        let listed: Vec<_> = all(folder.path()).unwrap().into_iter().map(|file| file.path).collect();
        assert_eq!(listed, ["src/lib.rs", MANIFEST]);
        symlink("lib.rs", folder.path().join("src/same.rs")).unwrap();
        let first = read(folder.path(), "src/same.rs").unwrap().unwrap();
        save(folder.path(), "src/same.rs", "second", Some(&first.hash)).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("src/lib.rs")).unwrap(), "second");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_keeps_its_mode_and_a_new_one_is_like_any_other() {
        use std::os::unix::fs::PermissionsExt;
        let folder = folder();
        let mode = |path: &str| fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
        fs::set_permissions(folder.path().join("src/lib.rs"), fs::Permissions::from_mode(0o640)).unwrap();
        let first = read(folder.path(), "src/lib.rs").unwrap().unwrap();
        save(folder.path(), "src/lib.rs", "second", Some(&first.hash)).unwrap();
        assert_eq!(mode("src/lib.rs"), 0o640);
        fs::write(folder.path().join("src/by_hand.rs"), "").unwrap();
        save(folder.path(), "src/new.rs", "", None).unwrap();
        assert_eq!(mode("src/new.rs"), mode("src/by_hand.rs"));
    }

    #[test]
    fn a_folder_in_the_place_of_a_file_is_an_error_and_a_missing_file_is_none() {
        let folder = folder();
        fs::create_dir(folder.path().join("src/pages.rs")).unwrap();
        assert!(read(folder.path(), "src/pages.rs").is_err());
        assert_eq!(read(folder.path(), "src/none.rs").unwrap(), None);
        assert_eq!(place(folder.path(), "src"), None, "a folder of an answer is no file of it");
    }
}
