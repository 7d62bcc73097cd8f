//! Exercise 3, preferences, solved.

use std::sync::LazyLock;

use axum::{
    Extension, Form, Router,
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::Users;
use minijinja::{Environment, context, value::Serde};
use serde::{Deserialize, Serialize};
use tower_sessions::{Expiry, Session, SessionManagerLayer, SessionStore, cookie::time::Duration, session::Error};

/// The answer.
pub fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/set_preferences", get(preferences_form).post(set_preferences))
        .route("/profile", get(profile))
        .route("/login", post(login))
        .layer(SessionManagerLayer::new(store).with_name("exercise-3").with_expiry(KEPT))
}

/// A visitor who comes back within this time finds what they chose.
pub const KEPT: Expiry = Expiry::OnInactivity(Duration::days(30));

/// All of it in one value: it is saved whole, or not at all.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct Preferences {
    /// The colours.
    pub theme: Theme,
    /// Whether there is news.
    pub notifications: Notifications,
}

/// There are no other colours, so no form can bring any.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Theme {
    #[default]
    Light,
    Dark,
}

/// News, or none.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Notifications {
    #[default]
    Enabled,
    Disabled,
}

impl Preferences {
    /// Where the session keeps them.
    pub const KEY: &str = "preferences";

    /// What this visitor chose; the default for who chose nothing.
    pub async fn of(session: &Session) -> Result<Self, Error> {
        Ok(session.get(Self::KEY).await?.unwrap_or_default())
    }
}

/// The form, with the current choice in it.
pub async fn preferences_form(session: Session) -> Result<Html<String>, Failure> {
    page("form.html", Preferences::of(&session).await?)
}

/// Saves both. What was not offered never gets here: `Form` answers 422 to it.
pub async fn set_preferences(session: Session, Form(preferences): Form<Preferences>) -> Result<Redirect, Failure> {
    session.insert(Preferences::KEY, preferences).await?;
    Ok(Redirect::to("/profile"))
}

/// The page that shows them, and wears them.
pub async fn profile(session: Session) -> Result<Html<String>, Failure> {
    page("profile.html", Preferences::of(&session).await?)
}

/// Where the session keeps who is logged in.
const USERNAME: &str = "username";

/// What a login form sends.
#[derive(Deserialize)]
pub struct Credentials {
    /// Who it claims to be.
    pub username: String,
    /// The claim's proof.
    pub password: String,
}

/// Lets the user in under a new session ID, with all that the session holds. What another user left in it does not go
/// along.
pub async fn login(
    session: Session,
    Extension(users): Extension<Users>,
    Form(Credentials { username, password }): Form<Credentials>,
) -> Result<Response, Failure> {
    if !users.verify(&username, &password) {
        return Ok((StatusCode::UNAUTHORIZED, "That is no name and password of ours.\n").into_response());
    }
    if session.get::<String>(USERNAME).await?.is_some_and(|before| before != username) {
        session.clear().await;
    }
    session.insert(USERNAME, username).await?;
    session.cycle_id().await?; // last: an error after it would lose the session
    Ok(Redirect::to("/profile").into_response())
}

static TEMPLATES: LazyLock<Environment> = LazyLock::new(|| {
    let mut templates = Environment::new();
    for (name, source) in [
        ("layout.html", include_str!("../templates/layout.html")),
        ("form.html", include_str!("../templates/form.html")),
        ("profile.html", include_str!("../templates/profile.html")),
    ] {
        templates.add_template(name, source).expect("the solution's own templates parse");
    }
    templates
});

fn page(name: &str, preferences: Preferences) -> Result<Html<String>, Failure> {
    let context = context! { preferences => Serde(preferences) };
    Ok(Html(TEMPLATES.get_template(name)?.render(context)?))
}

/// The store or a template let us down; the visitor learns no more than that.
#[derive(Debug)]
pub struct Failure;

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, "This did not work. Please try again.\n").into_response()
    }
}

impl From<Error> for Failure {
    fn from(_: Error) -> Self {
        Self
    }
}

impl From<minijinja::Error> for Failure {
    fn from(_: minijinja::Error) -> Self {
        Self
    }
}
