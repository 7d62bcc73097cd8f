//! Builds the book with mdBook as a library.

use std::{fs, io, path::Path};

use mdbook_driver::{MDBook, config::Config};

/// The files of mdBook's editor that the studio serves below [`EDITOR`].
const ACE: [&str; 4] = ["ace.js", "mode-rust.js", "theme-dawn.js", "theme-tomorrow_night.js"];
/// The folder of the editor, within the built book.
const EDITOR: &str = "editor";

/// Builds the book of the workbook at `root` into the folder `into`. Each page links to `edit_url`, if there is one,
/// with the page's path below `book/` instead of `{path}`.
///
/// # Errors
/// A sentence with the reason why mdBook failed.
pub fn build(root: &Path, into: &Path, edit_url: Option<&str>) -> Result<(), String> {
    let built = MDBook::load(root.join("book")).and_then(|mut book| {
        book.config.build.build_dir = into.to_path_buf();
        if let Some(edit_url) = edit_url {
            book.config.set("output.html.edit-url-template", edit_url)?;
        }
        book.build()
    });
    built.map_err(|error| format!("the book cannot be built: {error:#}"))
}

/// Adds mdBook's editor (Ace) to the built book. mdBook would load it on every page. Here it comes from an empty book,
/// and only the page that needs it loads it.
///
/// # Errors
/// A sentence with the reason why mdBook or the system failed.
pub fn add_editor(into: &Path) -> Result<(), String> {
    let failed = |error: &dyn std::fmt::Display| format!("the editor cannot be added to the book: {error:#}");
    let empty = empty_book().map_err(|error| failed(&error))?;
    let config = "[output.html]\nhash-files = false\nsearch.enable = false\nplayground.editable = true\n";
    let config: Config = config.parse().map_err(|error| failed(&error))?;
    MDBook::load_with_config(empty.path(), config).and_then(|book| book.build()).map_err(|error| failed(&error))?;
    take_editor(&empty.path().join("book"), &into.join(EDITOR)).map_err(|error| failed(&error))
}

fn empty_book() -> io::Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    fs::create_dir(folder.path().join("src"))?;
    fs::write(folder.path().join("src/SUMMARY.md"), "- [Empty](empty.md)\n")?;
    fs::write(folder.path().join("src/empty.md"), "")?;
    Ok(folder)
}

fn take_editor(book: &Path, into: &Path) -> io::Result<()> {
    fs::create_dir_all(into)?;
    ACE.iter().try_for_each(|file| fs::copy(book.join(file), into.join(file)).map(drop))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_editor_comes_without_a_page_of_its_own() {
        let into = tempfile::tempdir().unwrap();
        add_editor(into.path()).unwrap();
        let mut files: Vec<_> =
            fs::read_dir(into.path().join(EDITOR)).unwrap().map(|file| file.unwrap().file_name()).collect();
        files.sort();
        assert_eq!(files, ACE);
        assert!(fs::read_to_string(into.path().join("editor/ace.js")).unwrap().contains("ace.define"));
    }
}
