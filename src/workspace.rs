//! Finds the workbook's folder.

use std::{
    env,
    path::{Path, PathBuf},
};

/// Returns the folder that has `book/` and `exercises/`: the current one, or the nearest above it.
///
/// # Errors
/// A sentence, if there is no such folder.
pub fn root() -> Result<PathBuf, String> {
    let here = env::current_dir().map_err(|error| format!("the current folder cannot be read: {error}"))?;
    let found = here.ancestors().find(|folder| is_workbook(folder)).map(Path::to_path_buf);
    found.ok_or_else(|| format!("{} is not inside the workbook: go to the folder you cloned it into", here.display()))
}

fn is_workbook(folder: &Path) -> bool {
    folder.join("book/book.toml").is_file() && folder.join("exercises").is_dir()
}
