//! Exercise 1, login, solved.

use std::sync::LazyLock;

use axum::{
    Extension, Form, Router,
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::Users;
use minijinja::{Environment, context};
use serde::Deserialize;
use tower_sessions::{Session, SessionManagerLayer, SessionStore, session::Error};

/// Returns the app of the exercise on `store`.
pub fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/login", get(login_form).post(login))
        .route("/protected", get(protected))
        .route("/logout", post(logout))
        .layer(SessionManagerLayer::new(store).with_name("exercise-1"))
}

/// The fields of the login form.
#[derive(Deserialize)]
pub struct Credentials {
    /// The name that the sender claims.
    pub username: String,
    /// The password. It is checked but not stored.
    pub password: String,
}

/// Shows an empty form.
pub async fn login_form() -> Result<Html<String>, Failure> {
    page("login.html", context! { refused => false })
}

/// Logs the user in under a new session ID, or refuses without details.
pub async fn login(
    session: Session,
    Extension(users): Extension<Users>,
    Form(Credentials { username, password }): Form<Credentials>,
) -> Result<Response, Failure> {
    if !users.verify(&username, &password) {
        let refused = page("login.html", context! { refused => true })?;
        return Ok((StatusCode::UNAUTHORIZED, refused).into_response());
    }
    User { username }.log_in(&session).await?;
    Ok(Redirect::to("/protected").into_response())
}

/// Shows a page for users only.
pub async fn protected(session: Session) -> Result<Response, Failure> {
    Ok(match User::of(&session).await? {
        Some(User { username }) => page("protected.html", context! { username })?.into_response(),
        None => Redirect::to("/login").into_response(),
    })
}

/// Ends the session on the server and in the browser.
pub async fn logout(session: Session) -> Result<Redirect, Failure> {
    session.flush().await?;
    Ok(Redirect::to("/login"))
}

/// The user who is logged in, as the session stores it.
pub struct User {
    /// The name with which the user has logged in.
    pub username: String,
}

impl User {
    const KEY: &str = "username";

    /// Returns the user of this session, if one is logged in.
    pub async fn of(session: &Session) -> Result<Option<Self>, Error> {
        let username = session.get(Self::KEY).await?;
        Ok(username.map(|username| Self { username }))
    }

    /// Logs this user in, under a new ID that no attacker could have planted.
    pub async fn log_in(&self, session: &Session) -> Result<(), Error> {
        session.insert(Self::KEY, &self.username).await?;
        session.cycle_id().await?; // last, because an error after it would lose the session
        Ok(())
    }
}

static TEMPLATES: LazyLock<Environment> = LazyLock::new(|| {
    let mut templates = Environment::new();
    for (name, source) in [
        ("login.html", include_str!("../templates/login.html")),
        ("protected.html", include_str!("../templates/protected.html")),
    ] {
        templates.add_template(name, source).expect("the solution's own templates parse");
    }
    templates
});

fn page(name: &str, context: minijinja::Value) -> Result<Html<String>, Failure> {
    Ok(Html(TEMPLATES.get_template(name)?.render(context)?))
}

/// The error for a failed store or template. The visitor learns no details.
pub struct Failure;

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, "This did not work. Please try again.").into_response()
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
