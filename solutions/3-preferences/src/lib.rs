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

/// Returns the app of the exercise on `store`.
pub fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/set_preferences", get(preferences_form).post(set_preferences))
        .route("/profile", get(profile))
        .route("/login", post(login))
        .layer(SessionManagerLayer::new(store).with_name("exercise-3").with_expiry(KEPT))
}

/// The time for which the session keeps a visitor's choice after their last save.
pub const KEPT: Expiry = Expiry::OnInactivity(Duration::days(30));

/// Both preferences in one value, so that they are saved completely or not at all.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct Preferences {
    /// The colors of the pages.
    pub theme: Theme,
    /// Whether the site sends notifications.
    pub notifications: Notifications,
}

/// The themes. There are no others, so no form can set an unknown one.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Theme {
    #[default]
    Light,
    Dark,
}

/// Whether the site sends notifications.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Notifications {
    #[default]
    Enabled,
    Disabled,
}

impl Preferences {
    /// The key of the preferences in the session.
    pub const KEY: &str = "preferences";

    /// Returns this visitor's choice, or the default for a visitor who has chosen nothing.
    pub async fn of(session: &Session) -> Result<Self, Error> {
        Ok(session.get(Self::KEY).await?.unwrap_or_default())
    }
}

/// Shows the form with the current choice.
pub async fn preferences_form(session: Session) -> Result<Html<String>, Failure> {
    page("form.html", Preferences::of(&session).await?)
}

/// Saves both preferences. `Form` answers 422 to any other value before this handler runs.
pub async fn set_preferences(session: Session, Form(preferences): Form<Preferences>) -> Result<Redirect, Failure> {
    session.insert(Preferences::KEY, preferences).await?;
    Ok(Redirect::to("/profile"))
}

/// Shows the preferences and applies the theme.
pub async fn profile(session: Session) -> Result<Html<String>, Failure> {
    page("profile.html", Preferences::of(&session).await?)
}

/// The key of the username in the session.
const USERNAME: &str = "username";

/// The fields of a login form.
#[derive(Deserialize)]
pub struct Credentials {
    /// The name that the sender claims.
    pub username: String,
    /// The password.
    pub password: String,
}

/// Logs the user in under a new session ID. The session keeps its data, unless it belonged to another user.
pub async fn login(
    session: Session,
    Extension(users): Extension<Users>,
    Form(Credentials { username, password }): Form<Credentials>,
) -> Result<Response, Failure> {
    if !users.verify(&username, &password) {
        return Ok((StatusCode::UNAUTHORIZED, "The name or the password is wrong.\n").into_response());
    }
    if session.get::<String>(USERNAME).await?.is_some_and(|before| before != username) {
        session.clear().await;
    }
    session.insert(USERNAME, username).await?;
    session.cycle_id().await?; // last, because an error after it would lose the session
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

/// The error for a failed store or template. The visitor learns no details.
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
