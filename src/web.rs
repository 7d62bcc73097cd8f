//! The studio: one port on loopback, and a host name for each part ([`names`]).

mod api;
pub mod cookies;
mod edit;
mod limits;
pub mod names;
mod policy;
mod programs;
mod proxy;
mod stories;

use std::path::PathBuf;

use axum::{
    Router,
    extract::{Request, State},
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, X_CONTENT_TYPE_OPTIONS},
    },
    middleware,
    response::{IntoResponse, Redirect, Response},
};
use minijinja::{Environment, Value};
use tower::{Layer, ServiceExt};
use tower_http::{
    compression::CompressionLayer,
    services::{ServeDir, ServeFile},
    set_header::SetResponseHeaderLayer,
};

use crate::program::Programs;
use names::{Names, Part};
use programs::Port;

/// The path at which the studio opens the pages' own files, for mdBook's links.
pub const EDIT_URL: &str = edit::TEMPLATE;

/// The parts that the studio serves.
#[derive(Clone)]
struct Studio {
    names: Names,
    book: Router,
    stories: Router,
    programs: Programs,
}

/// Creates the studio of the workbook at `root`, whose book was built into `book`, for this port.
pub fn studio(root: PathBuf, book: PathBuf, port: u16) -> Router {
    let names = Names::at(port);
    let origin = format!("http://{}:{port}", names.book());
    let programs = Programs::of(&root, &origin);
    let stories = stories::routes(root.clone(), origin);
    let policy = policy::of(&book, &names, port);
    let book = book_and_api(root, book, programs.clone(), policy);
    Router::new().fallback(route).with_state(Studio { names, book, stories, programs })
}

/// Renders one of the studio's own pages. The extension of its name determines how its values are escaped. If a
/// template has an error, the page shows the error.
fn rendered(name: &str, template: &str, values: Value) -> String {
    Environment::new().render_named_str(name, template, values).unwrap_or_else(|error| error.to_string())
}

fn book_and_api(root: PathBuf, book: PathBuf, programs: Programs, policy: HeaderValue) -> Router {
    let missing = ServeFile::new(book.join("404.html"));
    // Compresses only the pages, because the events of the API would wait for the end of a block.
    let pages = CompressionLayer::new().layer(ServeDir::new(&book).not_found_service(missing));
    let header = SetResponseHeaderLayer::overriding;
    Router::new()
        .nest("/api", api::routes(root.clone(), programs))
        .nest("/edit", edit::routes(root))
        .fallback_service(pages)
        .layer(middleware::from_fn(limits::whole_body))
        .layer(header(CONTENT_SECURITY_POLICY, policy))
        // No page of a program may load any part of the book, or hold a reference to its window. The book's own frames
        // are not affected.
        .layer(header(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")))
        .layer(header(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")))
        // The book is rebuilt at every start, so a browser must ask whether a page has changed.
        .layer(header(CACHE_CONTROL, HeaderValue::from_static("no-cache")))
}

/// Sends a request to the part that its Host names. An unknown name is refused, because otherwise another site could
/// make its own name point here (DNS rebinding).
async fn route(State(studio): State<Studio>, request: Request) -> Response {
    let (name, port) = loopback_serve::host(request.headers());
    let book = studio.names.book();
    let refused = || {
        let sentence = format!("The studio does not serve the host {name:?}. Open http://{book}{port}/ instead.\n");
        own((StatusCode::MISDIRECTED_REQUEST, sentence))
    };
    if request.headers().get_all(HOST).iter().count() > 1 {
        return own((StatusCode::BAD_REQUEST, "A request must have exactly one Host header.\n")); // RFC 9112, section 3.2
    }
    if !loopback_serve::names_one_host(&request) {
        return refused();
    }
    let (program, of) = match studio.names.part(&name) {
        Some(Part::Book) => return own(studio.book.oneshot(request).await),
        Some(Part::Stories) => return own(studio.stories.oneshot(request).await),
        Some(Part::App(program)) => (program, Port::App),
        Some(Part::Inspector(program)) => (program, Port::Inspector),
        Some(Part::Elsewhere) if request.method().is_safe() => {
            let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
            return own(Redirect::temporary(&format!("http://{book}{port}{path}")));
        }
        Some(Part::Elsewhere) | None => return refused(),
    };
    match studio.programs.get(program) {
        Some(found) => programs::answer(program, found, of, request).await,
        None => refused(),
    }
}

/// Returns an answer of the studio itself, which a browser interprets only as its `Content-Type`. A program's answers
/// are passed on unchanged.
fn own(answer: impl IntoResponse) -> Response {
    ([(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))], answer).into_response()
}
