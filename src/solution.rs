//! The solution of an exercise, compared with the learner's answer.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use similar::TextDiff;
use verdict::answer::files_below;

use crate::exercise::Exercise;

/// The content to show when an exercise is solved.
#[derive(Clone, Debug, PartialEq)]
pub struct Solved {
    /// Each file that differs, by its path in the exercise's folder, with a unified diff from the answer to the
    /// solution.
    pub diffs: Vec<(String, String)>,
    /// The reasons for the solution, in Markdown.
    pub reasons: String,
    /// The list of things that a learner has learned, in Markdown.
    pub learned: String,
}

impl Solved {
    /// Reads the answer and the solution to `exercise` in the workbook at `root`.
    ///
    /// # Errors
    /// A sentence that names the file that cannot be read.
    pub fn of(root: &Path, exercise: &Exercise) -> Result<Self, String> {
        let folder = root.join("solutions").join(exercise.folder.file_name().unwrap_or_default());
        let readme = folder.join("README.md");
        let text = fs::read_to_string(&readme).map_err(|error| cannot_be_read(&readme, &error))?.replace("\r\n", "\n");
        let part = |title: &str| {
            let after = text.split_once(&format!("\n## {title}\n")).map_or("", |(_, after)| after);
            after.split("\n## ").next().unwrap_or_default().trim().to_owned()
        };
        let diffs = diffs(&exercise.folder, &folder)?;
        Ok(Self { diffs, reasons: part("Why it is written this way"), learned: part("What you learned") })
    }
}

fn diffs(answer: &Path, solution: &Path) -> Result<Vec<(String, String)>, String> {
    let names: BTreeSet<_> = names(answer)?.into_iter().chain(names(solution)?).collect();
    let mut diffs = Vec::new();
    for name in names {
        let [yours, ours] = [answer, solution].map(|folder| read(&folder.join(&name)));
        let (yours, ours) = (yours?, ours?);
        if yours != ours {
            let diff = TextDiff::from_lines(&yours, &ours);
            let diff = diff.unified_diff().header("your answer", "the solution").to_string();
            diffs.push((name, diff));
        }
    }
    Ok(diffs)
}

/// Returns the files of an answer, by their path within the folder, without the program that starts it.
fn names(folder: &Path) -> Result<BTreeSet<String>, String> {
    let mut found: Vec<PathBuf> = Vec::new();
    for part in ["src", "templates"] {
        files_below(&folder.join(part), &mut found).map_err(|error| cannot_be_read(folder, &error))?;
    }
    let name = |file: &PathBuf| file.strip_prefix(folder).unwrap_or(file).to_string_lossy().replace('\\', "/");
    Ok(found.iter().map(name).filter(|name| name != "src/main.rs").collect())
}

/// Returns the file's text, or an empty text if there is no such file.
fn read(file: &Path) -> Result<String, String> {
    match fs::read(file) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).replace("\r\n", "\n")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(cannot_be_read(file, &error)),
    }
}

fn cannot_be_read(file: &Path, error: &io::Error) -> String {
    format!("{} cannot be read: {error}", file.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_one_of_them_lacks_is_compared_with_nothing_and_one_that_cannot_be_read_is_named() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let file = root.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        write("exercises/1-tea/README.md", "# Exercise 1: tea\n");
        write("exercises/1-tea/src/lib.rs", "pour\r\n");
        write("solutions/1-tea/src/lib.rs", "pour\n");
        let solved = || Solved::of(root.path(), &Exercise::find(root.path(), "1").unwrap());
        let readme = root.path().join("solutions/1-tea/README.md");
        let error = solved().unwrap_err();
        assert!(error.starts_with(&format!("{} cannot be read: ", readme.display())), "{error}");

        write("solutions/1-tea/README.md", "# Exercise 1: tea\n");
        assert_eq!(solved().unwrap().diffs, [], "ends of lines do not count");
        write("solutions/1-tea/src/cup.rs", "cup\n");
        let (file, diff) = solved().unwrap().diffs.remove(0);
        assert_eq!(file, "src/cup.rs");
        assert!(diff.ends_with("+cup\n"), "{diff}");

        write("exercises/1-tea/src/cup.rs/mod.rs", "");
        let error = solved().unwrap_err();
        let folder = root.path().join("exercises/1-tea/src/cup.rs");
        assert!(error.starts_with(&format!("{} cannot be read: ", folder.display())), "{error}");
    }
}
