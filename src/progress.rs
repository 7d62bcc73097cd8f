//! What a learner has reached, in `.workbook/progress.json`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{check::Verdict, exercise::Exercise};

/// The form of the file. A file of another form is set aside.
const VERSION: u8 = 1;

/// All exercises, by [`Exercise::id`](crate::exercise::Exercise::id).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Progress {
    version: u8,
    exercises: BTreeMap<String, Reached>,
}

/// One exercise.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Reached {
    /// The last verdict, and the hash of the files it was given on.
    pub verdict: Option<(Verdict, String)>,
    /// The hints that were shown, counted from 1.
    pub hints: BTreeSet<usize>,
    /// Whether it was ever passed; a file of an earlier workbook does not say.
    #[serde(default)]
    pub passed: bool,
    /// Whether the solution was shown before that.
    #[serde(default)]
    pub shown: bool,
}

impl Reached {
    /// Keeps this verdict, given on files with this hash.
    pub fn judge(&mut self, verdict: Verdict, hash: String) {
        self.passed |= verdict.passed();
        self.verdict = Some((verdict, hash));
    }

    /// Whether the last verdict was that it passes.
    pub fn is_passed(&self) -> bool {
        self.verdict.as_ref().is_some_and(|(verdict, _)| verdict.passed())
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self { version: VERSION, exercises: BTreeMap::new() }
    }
}

impl Progress {
    /// What was reached in the exercise `id`.
    pub fn of(&self, id: &str) -> Reached {
        self.exercises.get(id).cloned().unwrap_or_default()
    }

    /// The first of `all` after this number that is open, or else the first of them that is: not passed, or changed
    /// since.
    pub fn next<'e>(&self, all: &'e [Exercise], after: u8) -> Option<&'e Exercise> {
        let is_open = |exercise: &&Exercise| {
            let reached = self.of(&exercise.id);
            !reached.is_passed() || reached.verdict.map(|(_, on)| on) != exercise.hash().ok()
        };
        let mut open = all.iter().filter(is_open);
        open.clone().find(|exercise| exercise.number > after).or_else(|| open.next())
    }

    /// The progress kept in the workbook at `root`; none if there is no file. One that cannot be
    /// understood is renamed, never overwritten, and the second value says so.
    pub fn load(root: &Path) -> (Self, Option<String>) {
        let file = file(root);
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return (Self::default(), None),
            Err(error) => {
                return (
                    Self::default(),
                    Some(format!("{} cannot be read, so your progress is not shown: {error}", file.display())),
                );
            }
        };
        match serde_json::from_str::<Self>(&text) {
            Ok(progress) if progress.version == VERSION => (progress, None),
            Ok(progress) => (Self::default(), Some(set_aside(&file, &format!("it has form {}", progress.version)))),
            Err(error) => (Self::default(), Some(set_aside(&file, &error.to_string()))),
        }
    }

    /// Reads what is kept, changes the exercise `id`, and keeps it. Gives what a person should know of it:
    /// nothing, if all went well.
    pub fn change(root: &Path, id: &str, change: impl FnOnce(&mut Reached)) -> Option<String> {
        let (mut progress, note) = Self::load(root);
        change(progress.exercises.entry(id.to_owned()).or_default());
        let kept = progress.save(&file(root));
        let not_kept =
            |error| format!("your progress is not kept: {} cannot be written: {error}", file(root).display());
        note.or(kept.err().map(not_kept))
    }

    /// All of it or nothing: a temporary file, then a rename.
    fn save(&self, file: &Path) -> io::Result<()> {
        let folder = file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut unfinished = tempfile::NamedTempFile::new_in(folder)?;
        unfinished.write_all(&serde_json::to_vec_pretty(self)?)?;
        unfinished.persist(file)?;
        Ok(())
    }
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
    fn a_folder_that_cannot_be_written_is_said_and_nothing_more() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join(".workbook"), "a file where the folder should be").unwrap();
        let note = Progress::change(root.path(), "login", |_| ()).unwrap();
        assert!(note.contains("your progress is not"), "{note}");
    }
}
