//! What there is to solve.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use checks::Brief;
use sha2::{Digest, Sha256};

/// One exercise, as its folder tells it: `exercises/1-login` is exercise 1, `login`, package `exercise-1`.
#[derive(Clone, Debug)]
pub struct Exercise {
    /// Its number.
    pub number: u8,
    /// Its name without the number. It stays when exercises are renumbered, so progress is kept under it.
    pub id: String,
    /// Its folder.
    pub folder: PathBuf,
    /// What its README asks for.
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
    /// A sentence that lists those there are.
    pub fn find(root: &Path, which: &str) -> Result<Self, String> {
        let all = Self::all(root)?;
        let known: Vec<_> = all.iter().map(|exercise| format!("{} {}", exercise.number, exercise.id)).collect();
        let found = all.into_iter().find(|exercise| exercise.id == which || exercise.number.to_string() == which);
        found.ok_or_else(|| format!("there is no exercise {which}; there is {}", known.join(", ")))
    }

    /// How it is called: `exercise 2, cart`.
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

    /// A hash of everything a learner may have written: the manifest and all below `src/` and `templates/`.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn hash(&self) -> io::Result<String> {
        let mut files = vec![self.folder.join("Cargo.toml")];
        for folder in ["src", "templates"] {
            files_below(&self.folder.join(folder), &mut files)?;
        }
        files.sort();
        let mut hash = Sha256::new();
        for file in files {
            let content = fs::read(&file)?;
            let name = file.strip_prefix(&self.folder).unwrap_or(&file).to_string_lossy().replace('\\', "/");
            hash.update(format!("{name}\0{}\0", content.len()));
            hash.update(content);
        }
        Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
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

/// Adds every file below `folder`, which may not be there.
pub(crate) fn files_below(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            files_below(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}
