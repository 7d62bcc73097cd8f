//! The exercises.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use verdict::{Brief, answer, progress::Progress};

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
    /// All exercises of the workbook at `root`, in order.
    ///
    /// # Errors
    /// A sentence that names the folder or README that cannot be read.
    pub fn all(root: &Path) -> Result<Vec<Self>, String> {
        let folder = root.join("exercises");
        let read = |error: io::Error| format!("{} cannot be read: {error}", folder.display());
        let mut all = Vec::new();
        for entry in fs::read_dir(&folder).map_err(read)? {
            all.extend(Self::at(&entry.map_err(read)?.path())?);
        }
        all.sort_by_key(|exercise| exercise.number);
        Ok(all)
    }

    /// The exercise of this number or id, such as `2` or `cart`.
    ///
    /// # Errors
    /// There is no such exercise. The sentence lists all of them.
    pub fn find(root: &Path, which: &str) -> Result<Self, String> {
        let all = Self::all(root)?;
        let known: Vec<_> = all.iter().map(|exercise| format!("{} {}", exercise.number, exercise.id)).collect();
        let found = all.into_iter().find(|exercise| exercise.id == which || exercise.number.to_string() == which);
        found.ok_or_else(|| format!("there is no exercise {which}; the exercises are {}", known.join(", ")))
    }

    /// Its name in messages: `exercise 2, cart`.
    pub fn name(&self) -> String {
        format!("exercise {}, {}", self.number, self.title())
    }

    /// Its title without the number.
    pub fn title(&self) -> &str {
        self.brief.title.split_once(": ").map_or(&self.brief.title, |(_, title)| title)
    }

    /// Its folder as seen from the workbook's, such as `exercises/2-cart`.
    pub fn folder_in_workbook(&self) -> String {
        format!("exercises/{}", self.folder.file_name().unwrap_or_default().to_string_lossy())
    }

    /// The name of its crate.
    pub fn package(&self) -> String {
        format!("exercise-{}", self.number)
    }

    /// A hash of everything a learner may have written: [`answer::hash`].
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn hash(&self) -> io::Result<String> {
        answer::hash(&self.folder)
    }

    /// Whether its last verdict is a pass, on the current files.
    pub fn is_passed(&self, progress: &Progress) -> bool {
        let Some((verdict, on)) = progress.of(&self.id).verdict else { return false };
        verdict.passed() && self.hash().is_ok_and(|hash| hash == on)
    }

    /// The first exercise in `all` after this number that is not passed, or otherwise the first that is not passed.
    pub fn next<'e>(all: &'e [Self], progress: &Progress, after: u8) -> Option<&'e Self> {
        let mut open = all.iter().filter(|exercise| !exercise.is_passed(progress));
        open.clone().find(|exercise| exercise.number > after).or_else(|| open.next())
    }

    fn at(folder: &Path) -> Result<Option<Self>, String> {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let Some((number, id)) = name.split_once('-').and_then(|(number, id)| Some((number.parse().ok()?, id))) else {
            return Ok(None); // a folder of another kind
        };
        let readme = folder.join("README.md");
        let text =
            fs::read_to_string(&readme).map_err(|error| format!("{} cannot be read: {error}", readme.display()))?;
        Ok(Some(Self { number, id: id.to_owned(), folder: folder.to_path_buf(), brief: Brief::parse(&text) }))
    }
}
