//! The target of a page's edit link: the page's own file, on this machine.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    Router,
    extract::{Path as PathOf, State},
    http::StatusCode,
    middleware,
    response::{Html, IntoResponse, Response},
    routing::get,
};
use loopback_serve::same_origin_only;
use minijinja::context;

use super::rendered;

/// The path of an edit link. mdBook replaces `{path}` with the page's path below `book/`.
pub(crate) const TEMPLATE: &str = "/edit/{path}";

/// Returns the pages at `/edit/…`, of the workbook at `root`.
pub(crate) fn routes(root: PathBuf) -> Router {
    Router::new()
        .route("/{*page}", get(show).post(open))
        .layer(middleware::from_fn(same_origin_only))
        .with_state(Arc::new(root.join("book")))
}

async fn show(State(book): State<Arc<PathBuf>>, PathOf(page): PathOf<String>) -> Response {
    match file(&book, &page) {
        Some(file) => page_of(StatusCode::OK, &file, ""),
        None => missing(&page),
    }
}

/// Opens the file with the default program for it.
async fn open(State(book): State<Arc<PathBuf>>, PathOf(page): PathOf<String>) -> Response {
    let Some(file) = file(&book, &page) else { return missing(&page) };
    match open::that_detached(&file) {
        Ok(()) => page_of(StatusCode::OK, &file, "The default program for such files was asked to open it."),
        Err(error) => {
            let said = format!("No program that opens it was found ({error}). Open it in your editor.");
            page_of(StatusCode::INTERNAL_SERVER_ERROR, &file, &said)
        }
    }
}

/// Returns the file of a page, or `None` if there is no such page, or if it is outside the book.
fn file(book: &Path, page: &str) -> Option<PathBuf> {
    let file = book.join(page);
    let is_within = file.canonicalize().ok()?.starts_with(book.join("src").canonicalize().ok()?);
    (is_within && file.extension()? == "md").then_some(file)
}

fn page_of(status: StatusCode, file: &Path, said: &str) -> Response {
    let values = context! { file => file.display().to_string(), said };
    (status, Html(rendered("edit.html", include_str!("../templates/edit.html"), values))).into_response()
}

fn missing(page: &str) -> Response {
    (StatusCode::NOT_FOUND, format!("The book has no page {page:?}.\n")).into_response()
}
