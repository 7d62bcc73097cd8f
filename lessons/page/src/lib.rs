//! The parts that all lessons' pages share: the layout, the style sheet, the error pages, and a removal of the session
//! cookie that browsers accept.
//!
//! A lesson's templates extend `layout.html` and fill its `main` block.

pub mod drop_session;
mod failure;
pub mod removal;
mod request_id;
mod sent;
mod time_limit;
pub mod unavailable;

use axum::response::Html;
use base64::{Engine, engine::general_purpose::STANDARD};
use minijinja::{Environment, Value};
use sha2::{Digest, Sha256};

pub use failure::Failure;
pub use request_id::RequestId;
pub use sent::{BROKE_OFF, Form, Path, Query, TOO_LONG};
pub use time_limit::{TIME_LIMIT, time_limit};

/// The templates of one lesson.
#[derive(Debug)]
pub struct Pages(Environment<'static>);

impl Pages {
    /// Creates the pages of the lesson with this title from pairs of a template's name, such as `index.html`, and its
    /// source. In a template whose name ends in `.html`, values are escaped as HTML.
    ///
    /// # Panics
    /// If a template does not parse. Templates are part of the program, so the first request shows it.
    pub fn new(title: &'static str, templates: &[(&'static str, &'static str)]) -> Self {
        let mut pages = Environment::new();
        pages.add_global("title", title);
        let shared = [
            ("style.css", include_str!("../templates/style.css")),
            ("layout.html", include_str!("../templates/layout.html")),
        ];
        for (name, source) in shared.iter().chain(templates) {
            pages.add_template(name, source).expect("the lesson's own templates parse");
        }
        Self(pages)
    }

    /// The source of the layout's style sheet for a content security policy, such as `'sha256-…'`.
    ///
    /// # Panics
    /// Never: the style sheet holds no values that could be missing.
    pub fn style_source(&self) -> String {
        let sheet = self.0.get_template("style.css").and_then(|sheet| sheet.render(())).expect("it holds no values");
        format!("'sha256-{}'", STANDARD.encode(Sha256::digest(sheet)))
    }

    /// Renders the page `name` with these values.
    ///
    /// # Errors
    /// There is no template with this name, or it cannot be rendered with these values.
    pub fn render(&self, name: &str, values: Value) -> Result<Html<String>, Failure> {
        Ok(Html(self.0.get_template(name)?.render(values)?))
    }
}
