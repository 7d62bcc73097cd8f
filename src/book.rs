//! The book, built by mdBook itself.

use std::path::Path;

use mdbook_driver::MDBook;

/// Builds the book of the workbook at `root` into the folder `into`. Each page links to `edit_url`, if there is one,
/// with the page's path below `book/` in the place of `{path}`.
///
/// # Errors
/// A sentence that names what mdBook stumbled on.
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
