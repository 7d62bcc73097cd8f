//! The book, built by mdBook itself.

use std::path::Path;

use mdbook_driver::MDBook;

/// Builds the book of the workbook at `root` into the folder `into`.
///
/// # Errors
/// A sentence that names what mdBook stumbled on.
pub fn build(root: &Path, into: &Path) -> Result<(), String> {
    let built = MDBook::load(root.join("book")).and_then(|mut book| {
        book.config.build.build_dir = into.to_path_buf();
        book.build()
    });
    built.map_err(|error| format!("the book cannot be built: {error:#}"))
}
