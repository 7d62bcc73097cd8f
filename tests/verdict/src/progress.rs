//! A learner's progress, in `.workbook/progress.json`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::Verdict;

/// The version of the file's format. A file with another version is set aside.
const VERSION: u8 = 1;

/// The progress of all exercises, by their name without the number, which does not change when they are renumbered.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Progress {
    version: u8,
    exercises: BTreeMap<String, Reached>,
    /// The pages of the book that were read to their end, by their path below `book/src`, without the extension.
    #[serde(default)]
    pub pages: BTreeSet<String>,
    /// The pages in whose lab an attack was run.
    #[serde(default)]
    pub labs: BTreeSet<String>,
}

/// One exercise.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Reached {
    /// The last verdict, and the hash of the files that it was on.
    pub verdict: Option<(Verdict, String)>,
    /// The hints that were shown, counted from 1.
    pub hints: BTreeSet<usize>,
    /// Whether the exercise was ever passed. A file of an earlier workbook does not have this field.
    #[serde(default)]
    pub passed: bool,
    /// Whether the solution was shown before the first pass.
    #[serde(default)]
    pub shown: bool,
}

impl Reached {
    /// Stores this verdict on files with this hash.
    pub fn judge(&mut self, verdict: Verdict, hash: String) {
        self.passed |= verdict.passed();
        self.verdict = Some((verdict, hash));
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self { version: VERSION, exercises: BTreeMap::new(), pages: BTreeSet::new(), labs: BTreeSet::new() }
    }
}

impl Progress {
    /// Returns the progress in the exercise `id`.
    pub fn of(&self, id: &str) -> Reached {
        self.exercises.get(id).cloned().unwrap_or_default()
    }

    /// Loads the progress in the workbook at `root`. It is empty if there is no file. An invalid file is renamed and
    /// never overwritten, and the second value is a sentence about the problem.
    pub fn load(root: &Path) -> (Self, Option<String>) {
        match Self::read(root) {
            Ok(progress) => (progress, None),
            Err(Unread::Unreadable(note)) => (Self::default(), Some(note)),
            Err(Unread::Broken(_)) => {
                let _alone = lock(root); // another process may have set it aside in the meantime
                Self::read(root).map_or_else(|unread| unread.set_aside(root), |progress| (progress, None))
            }
        }
    }

    /// Loads the progress, changes the exercise `id`, and saves it, under a lock. Returns a message for the user, or
    /// `None` if there was no problem.
    pub fn change(root: &Path, id: &str, change: impl FnOnce(&mut Reached)) -> Option<String> {
        Self::change_all(root, |progress| change(progress.exercises.entry(id.to_owned()).or_default()))
    }

    /// Like [`Self::change`], for data that does not belong to a single exercise.
    pub fn change_all(root: &Path, change: impl FnOnce(&mut Self)) -> Option<String> {
        let _alone = lock(root);
        let (mut progress, note) = match Self::read(root) {
            Ok(progress) => (progress, None),
            Err(Unread::Unreadable(note)) => return Some(note), // its content must not be overwritten
            Err(broken) => broken.set_aside(root),
        };
        change(&mut progress);
        let kept = progress.save(&file(root));
        let not_kept =
            |error| format!("your progress was not saved: {} cannot be written: {error}", file(root).display());
        note.or(kept.err().map(not_kept))
    }

    fn read(root: &Path) -> Result<Self, Unread> {
        let file = file(root);
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) if error.kind() == ErrorKind::InvalidData => return Err(Unread::Broken(error.to_string())),
            Err(error) => {
                let note = format!("{} cannot be read, so your progress is not shown: {error}", file.display());
                return Err(Unread::Unreadable(note));
            }
        };
        let progress: Self = serde_json::from_str(&text).map_err(|error| Unread::Broken(error.to_string()))?;
        match progress.version {
            VERSION => Ok(progress),
            other => Err(Unread::Broken(format!("it has format {other}"))),
        }
    }

    /// Saves completely or not at all: writes a temporary file and renames it.
    fn save(&self, file: &Path) -> io::Result<()> {
        let folder = file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut unfinished = tempfile::NamedTempFile::new_in(folder)?;
        unfinished.write_all(&serde_json::to_vec_pretty(self)?)?;
        unfinished.persist(file)?;
        Ok(())
    }
}

/// The reason why a file cannot be loaded.
enum Unread {
    /// The system cannot read it. The sentence has the reason.
    Unreadable(String),
    /// Its content is invalid, for this reason.
    Broken(String),
}

impl Unread {
    fn set_aside(self, root: &Path) -> (Progress, Option<String>) {
        let note = match self {
            Self::Unreadable(note) => note,
            Self::Broken(reason) => set_aside(&file(root), &reason),
        };
        (Progress::default(), Some(note))
    }
}

/// Locks the progress for one writer. Some network drives have no locks. There it works without one.
fn lock(root: &Path) -> io::Result<File> {
    let folder = root.join(".workbook");
    fs::create_dir_all(&folder)?;
    // Opened for appending, because Windows refuses to truncate a locked file.
    let file = File::options().create(true).append(true).open(folder.join("lock"))?;
    file.lock()?;
    Ok(file)
}

fn file(root: &Path) -> PathBuf {
    root.join(".workbook").join("progress.json")
}

fn set_aside(file: &Path, reason: &str) -> String {
    let free = |number: &u32| !aside(file, *number).exists();
    let aside = (1..).find(free).map(|number| aside(file, number)).unwrap_or_default();
    match fs::rename(file, &aside) {
        Ok(()) => format!(
            "{} could not be understood ({reason}); it is kept as {}, and you start afresh",
            file.display(),
            aside.display()
        ),
        Err(error) => format!(
            "{} could not be understood ({reason}), nor renamed ({error}); your progress is not shown",
            file.display()
        ),
    }
}

fn aside(file: &Path, number: u32) -> PathBuf {
    file.with_extension(format!("broken-{number}.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_changed_is_kept() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(Progress::load(root.path()), (Progress::default(), None));
        assert_eq!(Progress::change(root.path(), "login", |login| login.hints.extend([2])), None);
        assert_eq!(Progress::change(root.path(), "login", |login| login.hints.extend([1])), None);
        assert_eq!(Progress::load(root.path()).0.of("login").hints, BTreeSet::from([1, 2]));
    }

    #[test]
    fn a_page_that_was_read_is_kept_beside_the_exercises() {
        let root = tempfile::tempdir().unwrap();
        Progress::change(root.path(), "login", |login| login.hints.extend([2]));
        assert_eq!(Progress::change_all(root.path(), |all| all.pages.extend(["basics/log-out".to_owned()])), None);
        let progress = Progress::load(root.path()).0;
        assert_eq!(progress.pages, BTreeSet::from(["basics/log-out".to_owned()]));
        assert_eq!(progress.of("login").hints, BTreeSet::from([2]));
    }

    #[test]
    fn a_file_of_an_earlier_workbook_is_read() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join(".workbook")).unwrap();
        let earlier =
            r#"{"version":1,"exercises":{"login":{"verdict":null,"hints":[3]},"gone":{"verdict":null,"hints":[]}}}"#;
        fs::write(file(root.path()), earlier).unwrap();
        let (progress, note) = Progress::load(root.path());
        assert_eq!((note, progress.of("login").hints), (None, BTreeSet::from([3])));
        assert_eq!(Progress::change(root.path(), "login", |login| login.hints.extend([1])), None);
        assert!(Progress::load(root.path()).0.exercises.contains_key("gone"), "what is not known is not lost");
    }

    #[test]
    fn a_broken_file_is_set_aside_and_said_each_time() {
        let root = tempfile::tempdir().unwrap();
        for (number, broken) in ["{", "[]", r#"{"version":9,"exercises":{}}"#].iter().enumerate() {
            fs::create_dir_all(root.path().join(".workbook")).unwrap();
            fs::write(file(root.path()), broken).unwrap();
            let (progress, note) = Progress::load(root.path());
            assert_eq!(progress, Progress::default());
            let aside = aside(&file(root.path()), u32::try_from(number).unwrap() + 1);
            assert!(note.unwrap().contains(&aside.display().to_string()));
            assert_eq!(fs::read_to_string(aside).unwrap(), *broken);
        }
    }

    #[test]
    fn many_at_once_lose_nothing() {
        let root = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for hint in 1..=21 {
                let root = root.path();
                scope.spawn(move || Progress::change(root, "login", |login| login.hints.extend([hint])));
            }
        });
        assert_eq!(Progress::load(root.path()).0.of("login").hints, (1..=21).collect());
    }

    #[test]
    fn a_file_that_cannot_be_read_is_reported_and_not_overwritten() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(file(root.path())).unwrap(); // a folder in place of the file
        let note = Progress::change(root.path(), "login", |login| login.hints.extend([1])).unwrap();
        assert!(note.contains("cannot be read"), "{note}");
        assert!(file(root.path()).is_dir());
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_reported_and_does_no_other_harm() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join(".workbook"), "a file where the folder should be").unwrap();
        let note = Progress::change(root.path(), "login", |_| ()).unwrap();
        assert!(note.contains("your progress is not"), "{note}");
    }
}
