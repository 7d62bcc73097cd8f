//! The studio: one port on loopback, and a host name for each part.
//!
//! `workbook.localhost` is the book and its API, `lesson-N.workbook.localhost` a demo: the same site, so
//! that cookies flow in the panel's frames, but another origin, so that a demo cannot call the API. A demo that
//! has several parts tells them apart by one more label before its name; the attacker is at `evil.localhost`.
//! `lesson-N.inspector.localhost` is the demo's inspector: another site than any demo, so that no script of a demo can
//! read it and no cookie of a demo is sent to it.

mod api;
mod edit;

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{
        HeaderValue, Method, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
    response::{IntoResponse, Redirect, Response},
};
use tower::ServiceExt;
use tower_http::{
    services::{ServeDir, ServeFile},
    set_header::SetResponseHeaderLayer,
};

use crate::demos::{self, Demo};

/// Where the studio has the pages' own files, for mdBook to link to.
pub const EDIT_URL: &str = edit::TEMPLATE;

/// The host of the book.
pub const HOST_NAME: &str = "workbook.localhost";

/// What stands after a demo's name in the host name of its inspector.
const INSPECTOR: &str = ".inspector.localhost";

/// What the studio serves.
#[derive(Clone)]
struct Studio {
    book: Router,
    demos: Arc<HashMap<&'static str, Demo>>,
}

impl Studio {
    /// The demo that answers as `host`, such as `lesson-4.workbook.localhost` or a name below it, or its inspector.
    fn demo(&self, host: &str) -> Option<&Router> {
        if host == demos::EVIL {
            return self.demos.get(demos::ATTACKS).map(|demo| &demo.app);
        }
        if let Some(name) = host.strip_suffix(INSPECTOR) {
            return self.demos.get(name).map(|demo| &demo.inspector);
        }
        let labels = host.strip_suffix(HOST_NAME)?.strip_suffix('.')?;
        let name = labels.split_once('.').map_or(labels, |(_, name)| name);
        self.demos.get(name).map(|demo| &demo.app)
    }
}

/// The studio of the workbook at `root`, whose book was built into `book`.
pub fn studio(root: PathBuf, book: PathBuf) -> Router {
    let demos = demos::all_of(&root).into_iter().map(|demo| (demo.name, demo)).collect();
    let studio = Studio { book: book_and_api(root, book), demos: Arc::new(demos) };
    Router::new().fallback(route).with_state(studio)
}

fn book_and_api(root: PathBuf, book: PathBuf) -> Router {
    let missing = ServeFile::new(book.join("404.html"));
    let pages = ServeDir::new(&book).not_found_service(missing);
    let header = SetResponseHeaderLayer::overriding;
    Router::new()
        .nest("/api", api::routes(root.clone()))
        .nest("/edit", edit::routes(root))
        .fallback_service(pages)
        .layer(header(CONTENT_SECURITY_POLICY, HeaderValue::from_static("frame-ancestors 'none'")))
        .layer(header(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")))
        // The book is built anew at every start; a browser asks whether it has changed.
        .layer(header(CACHE_CONTROL, HeaderValue::from_static("no-cache")))
}

/// Sends a request to the part its Host names. A name that is not ours is refused: a page of another
/// site could otherwise have its own name point here (DNS rebinding).
async fn route(State(studio): State<Studio>, request: Request) -> Response {
    let (name, port) = session_inspector::host(request.headers());
    if name == HOST_NAME {
        return serve(studio.book, request).await;
    }
    if let Some(demo) = studio.demo(&name) {
        return serve(demo.clone(), request).await;
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if reads && matches!(name.as_str(), "localhost" | "127.0.0.1") {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        return Redirect::temporary(&format!("http://{HOST_NAME}{port}{path}")).into_response();
    }
    let sentence = format!("The workbook does not answer as {name:?}. Open http://{HOST_NAME}{port}/ instead.\n");
    (StatusCode::MISDIRECTED_REQUEST, sentence).into_response()
}

async fn serve(part: Router, request: Request<Body>) -> Response {
    part.oneshot(request).await.into_response()
}
