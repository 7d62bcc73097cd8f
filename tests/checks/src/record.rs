//! Keeps a verdict from `cargo test` or an editor as the workbook keeps its own.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::{Report, Verdict, answer, progress::Progress};

/// A learner's answer, as it was when its verdict was asked for.
pub(crate) struct Asked {
    folder: PathBuf,
    hash: String,
}

impl Asked {
    /// The answer in the current folder, where cargo starts a test; `None` if that is no exercise of a workbook.
    pub(crate) fn here() -> Option<Self> {
        let folder = env::current_dir().ok()?;
        let hash = answer::hash(&folder).ok()?;
        Some(Self { folder, hash })
    }

    /// Keeps the verdict on it. Returns what the learner should know about that; `None` if all went well.
    pub(crate) fn keep(self, report: &Report) -> Option<String> {
        let (root, id) = place(&self.folder, report.exercise)?;
        let was_built = env::current_exe().and_then(|program| is_newest(&program, &self.folder)).unwrap_or(true);
        // Without a hash, the verdict counts as one on an answer that has changed since.
        let hash = if was_built { self.hash } else { String::new() };
        Progress::change(root, id, |reached| reached.judge(Verdict::Report(report.clone()), hash))
    }
}

/// The workbook and the exercise's name, such as `login`, if this is the folder of exercise `number`.
fn place(folder: &Path, number: u8) -> Option<(&Path, &str)> {
    let (own, id) = folder.file_name()?.to_str()?.split_once('-')?;
    let exercises = folder.parent().filter(|folder| folder.ends_with("exercises"))?;
    let root = exercises.parent().filter(|root| root.join("book/book.toml").is_file())?;
    (own == number.to_string()).then_some((root, id))
}

/// Whether no source is newer than the program: one that was saved during the build may not be in it. A template is
/// left out, because a program may read it at run time.
fn is_newest(program: &Path, folder: &Path) -> io::Result<bool> {
    let built = modified(program)?;
    let sources = answer::files(folder)?.into_iter().filter(|file| file.extension().is_some_and(|kind| kind == "rs"));
    Ok(sources.filter_map(|source| modified(&source).ok()).all(|saved| saved <= built))
}

fn modified(file: &Path) -> io::Result<SystemTime> {
    fs::metadata(file)?.modified()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_exercise_of_a_workbook_has_a_place() {
        let root = tempfile::tempdir().unwrap();
        let [exercise, solution] = ["exercises", "solutions"].map(|folder| root.path().join(folder).join("1-login"));
        assert_eq!(place(&exercise, 1), None, "no workbook");
        fs::create_dir(root.path().join("book")).unwrap();
        fs::write(root.path().join("book/book.toml"), "").unwrap();
        assert_eq!(place(&exercise, 1), Some((root.path(), "login")));
        assert_eq!(place(&exercise, 2), None, "the checks of another exercise");
        assert_eq!(place(&solution, 1), None, "no exercise");
    }

    #[test]
    fn a_source_that_was_saved_after_the_build_is_noticed_and_a_template_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::File::create(file).unwrap()
        };
        let later = SystemTime::now() + std::time::Duration::from_secs(60);
        let (source, program) = (file("src/lib.rs"), file("program"));
        file("templates/page.html").set_modified(later).unwrap();
        program.set_modified(source.metadata().unwrap().modified().unwrap()).unwrap();
        assert!(is_newest(&folder.path().join("program"), folder.path()).unwrap());
        source.set_modified(later).unwrap();
        assert!(!is_newest(&folder.path().join("program"), folder.path()).unwrap());
    }
}
