//! The exercises.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use verdict::{Brief, answer, progress::Progress};

/// The folder of the exercises, within the workbook.
const EXERCISES: &str = "exercises";
/// The folder of the exercises' initial states. It has every exercise, even if the learner's folder is gone.
const STUBS: &str = "src/stubs";
/// The files of an exercise without which the whole workbook fails: cargo builds no package, or the checks have no
/// task.
const NEEDED: [&str; 5] = ["Cargo.toml", "README.md", "src/lib.rs", "src/main.rs", "tests/check.rs"];

/// One exercise, named after its folder: `exercises/1-login` is exercise 1, `login`, package `exercise-1`.
#[derive(Clone, Debug)]
pub struct Exercise {
    /// Its number.
    pub number: u8,
    /// Its name without the number. It does not change when exercises are renumbered, so progress is stored under it.
    pub id: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The task in its README.
    pub brief: Brief,
}

impl Exercise {
    /// Returns all exercises of the workbook at `root`, in order, including those with missing files.
    ///
    /// # Errors
    /// A sentence that names the folder or README that cannot be read.
    pub fn all(root: &Path) -> Result<Vec<Self>, String> {
        let folder = root.join(EXERCISES);
        let mut names = names_in(&folder).map_err(|error| format!("{} cannot be read: {error}", folder.display()))?;
        names.extend(names_in(&root.join(STUBS)).unwrap_or_default());
        let mut all = Vec::new();
        for name in names {
            all.extend(Self::named(root, &name)?);
        }
        all.sort_by_key(|exercise| exercise.number);
        Ok(all)
    }

    /// Returns the exercise with this number or id, such as `2` or `cart`.
    ///
    /// # Errors
    /// There is no such exercise. The sentence lists all of them.
    pub fn find(root: &Path, which: &str) -> Result<Self, String> {
        let all = Self::all(root)?;
        let known: Vec<_> = all.iter().map(|exercise| format!("{} {}", exercise.number, exercise.id)).collect();
        let found = all.into_iter().find(|exercise| exercise.id == which || exercise.number.to_string() == which);
        found.ok_or_else(|| format!("there is no exercise {which}; the exercises are {}", known.join(", ")))
    }

    /// Returns its name for messages: `exercise 2, cart`.
    pub fn name(&self) -> String {
        format!("exercise {}, {}", self.number, self.title())
    }

    /// Returns its title without the number.
    pub fn title(&self) -> &str {
        self.brief.title.split_once(": ").map_or(&self.brief.title, |(_, title)| title)
    }

    /// Returns its folder within the workbook, such as `exercises/2-cart`.
    pub fn folder_in_workbook(&self) -> String {
        format!("exercises/{}", self.folder.file_name().unwrap_or_default().to_string_lossy())
    }

    /// Returns the name of its crate.
    pub fn package(&self) -> String {
        format!("exercise-{}", self.number)
    }

    /// Returns a hash of all files that a learner may have written: [`answer::hash`].
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn hash(&self) -> io::Result<String> {
        answer::hash(&self.folder)
    }

    /// Whether its last verdict is a pass, on the current files.
    pub fn is_passed(&self, progress: &Progress) -> bool {
        let Some((verdict, on)) = progress.of(&self.id).verdict else { return false };
        verdict.passed() && self.hash().is_ok_and(|hash| hash == on)
    }

    /// Returns the first exercise in `all` after this number that is not passed, or otherwise the first one that is not
    /// passed.
    pub fn next<'e>(all: &'e [Self], progress: &Progress, after: u8) -> Option<&'e Self> {
        let mut open = all.iter().filter(|exercise| !exercise.is_passed(progress));
        open.clone().find(|exercise| exercise.number > after).or_else(|| open.next())
    }

    /// Returns a sentence that names a missing part, if there is one. No exercise can be built then.
    pub fn broken(&self) -> Option<String> {
        if !self.folder.is_dir() {
            return Some(format!("{} is missing", self.folder_in_workbook()));
        }
        let missing = NEEDED.iter().find(|file| !self.folder.join(file).is_file())?;
        Some(format!("{}/{missing} is missing", self.folder_in_workbook()))
    }

    fn named(root: &Path, name: &OsString) -> Result<Option<Self>, String> {
        let name = name.to_string_lossy();
        let Some((number, id)) = name.split_once('-').and_then(|(number, id)| Some((number.parse().ok()?, id))) else {
            return Ok(None); // a folder of another kind
        };
        let folder = root.join(EXERCISES).join(&*name);
        let readme = folder.join("README.md");
        // The stub has the same task.
        let text = fs::read_to_string(&readme)
            .or_else(|error| fs::read_to_string(root.join(STUBS).join(&*name).join("README.md")).map_err(|_| error))
            .map_err(|error| format!("{} cannot be read: {error}", readme.display()))?;
        Ok(Some(Self { number, id: id.to_owned(), folder, brief: Brief::parse(&text) }))
    }
}

/// Returns the command that repairs the exercise with this number.
pub(crate) fn how_to_restore(number: &str) -> String {
    let this = std::env::args().next().unwrap_or_else(|| "cargo run --".to_owned());
    format!("`{this} reset {number}` restores the stub and keeps your files in a backup")
}

fn names_in(folder: &Path) -> io::Result<BTreeSet<OsString>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exercise_whose_folder_or_file_is_missing_is_listed_and_said_to_be_broken() {
        let root = tempfile::tempdir().unwrap();
        for parent in [EXERCISES, STUBS] {
            for name in ["1-login", "2-cart"] {
                for file in NEEDED {
                    let file = root.path().join(parent).join(name).join(file);
                    fs::create_dir_all(file.parent().unwrap()).unwrap();
                    fs::write(file, format!("# Exercise: {name}\n")).unwrap();
                }
            }
        }
        let broken = || Exercise::find(root.path(), "2").unwrap().broken();
        assert_eq!(broken(), None);
        for file in NEEDED {
            let path = root.path().join(EXERCISES).join("2-cart").join(file);
            fs::remove_file(&path).unwrap();
            assert_eq!(broken(), Some(format!("exercises/2-cart/{file} is missing")));
            fs::write(path, "# Exercise: 2-cart\n").unwrap();
        }
        fs::remove_dir_all(root.path().join(EXERCISES).join("2-cart")).unwrap();
        assert_eq!(broken().as_deref(), Some("exercises/2-cart is missing"));
        let all = Exercise::all(root.path()).unwrap();
        let titles: Vec<_> = all.iter().map(|exercise| (exercise.number, exercise.title())).collect();
        assert_eq!(titles, [(1, "1-login"), (2, "2-cart")]);
        assert_eq!(all[0].broken(), None);
    }

    #[test]
    fn the_next_exercise_is_the_first_later_one_that_is_not_passed_on_its_present_files() {
        use verdict::{CheckReport, Outcome, Report, Verdict};
        let root = tempfile::tempdir().unwrap();
        for name in ["1-login", "2-cart", "3-roles"] {
            let folder = root.path().join(EXERCISES).join(name);
            fs::create_dir_all(folder.join("src")).unwrap();
            fs::write(folder.join("README.md"), "").unwrap();
            fs::write(folder.join("src/lib.rs"), name).unwrap();
        }
        let all = Exercise::all(root.path()).unwrap();
        let judge = |exercise: &Exercise, outcome: Outcome, hash: String| {
            let check = CheckReport {
                number: 1,
                id: String::new(),
                requirement: String::new(),
                outcome,
                prints: String::new(),
            };
            let report = Verdict::Report(Report { exercise: exercise.number, seed: 1, checks: vec![check] });
            Progress::change(root.path(), &exercise.id, |reached| reached.judge(report, hash));
        };
        let next = |after| Exercise::next(&all, &Progress::load(root.path()).0, after).map(|exercise| exercise.number);
        assert_eq!([0, 1, 2, 3].map(next), [Some(1), Some(2), Some(3), Some(1)]);
        judge(&all[1], Outcome::Passed, all[1].hash().unwrap());
        assert_eq!([0, 1, 2, 3].map(next), [Some(1), Some(3), Some(3), Some(1)]);
        judge(&all[2], Outcome::Failed(Box::default()), all[2].hash().unwrap());
        assert_eq!(next(1), Some(3), "it has failed");
        judge(&all[2], Outcome::Passed, "of other files".to_owned());
        assert_eq!(next(1), Some(3), "it has changed since it was passed");
        judge(&all[2], Outcome::Passed, all[2].hash().unwrap());
        assert_eq!(next(1), Some(1));
        judge(&all[0], Outcome::Passed, all[0].hash().unwrap());
        assert_eq!(next(1), None);
    }
}
