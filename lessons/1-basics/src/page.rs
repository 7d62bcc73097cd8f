//! What the visitor sees: templates, the article's sentences, and one for a store that fails.

use std::sync::LazyLock;

use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use minijinja::{Environment, Value, context};

static TEMPLATES: LazyLock<Environment> = LazyLock::new(|| {
    let mut templates = Environment::new();
    for (name, source) in [
        ("style.css", include_str!("../../style.css")),
        ("layout.html", include_str!("../templates/layout.html")),
        ("index.html", include_str!("../templates/index.html")),
        ("who.html", include_str!("../templates/who.html")),
        ("replay.html", include_str!("../templates/replay.html")),
    ] {
        templates.add_template(name, source).expect("the lesson's own templates parse");
    }
    templates
});

pub(crate) fn render(name: &str, context: Value) -> Result<Html<String>, Failure> {
    Ok(Html(TEMPLATES.get_template(name)?.render(context)?))
}

/// `Logged in as JohnDoe`, or that nobody is.
pub(crate) fn who(user: Option<String>) -> Result<Html<String>, Failure> {
    render("who.html", context! { user })
}

/// The article's sentence for what a redirect says was done. The address is the visitor's to write,
/// so only these words ever come out of it.
pub(crate) fn sentence(done: &str) -> Option<&'static str> {
    match done {
        "set" => Some("Session data set"),
        "logged_out" => Some("Logged out"),
        "cleared" => Some("Session cleared"),
        _ => None,
    }
}

/// Why a page could not be given.
pub(crate) enum Failure {
    Session(tower_sessions::session::Error),
    Template(minijinja::Error),
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, reason) = match self {
            Self::Session(error) => {
                (StatusCode::SERVICE_UNAVAILABLE, format!("the session store did not answer: {error}"))
            }
            Self::Template(error) => {
                (StatusCode::INTERNAL_SERVER_ERROR, format!("the page could not be made: {error}"))
            }
        };
        (status, reason).into_response()
    }
}

impl From<tower_sessions::session::Error> for Failure {
    fn from(error: tower_sessions::session::Error) -> Self {
        Self::Session(error)
    }
}

impl From<minijinja::Error> for Failure {
    fn from(error: minijinja::Error) -> Self {
        Self::Template(error)
    }
}
