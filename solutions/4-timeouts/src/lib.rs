//! Exercise 4, timeouts, solved.

use std::sync::LazyLock;

use axum::{
    Extension, Form, Router,
    extract::Request,
    http::{StatusCode, Uri},
    middleware::{Next, from_fn},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::Users;
use minijinja::{Environment, context};
use serde::{Deserialize, Serialize};
use session_inspector::Clock;
use tower_sessions::{
    Expiry, Session, SessionManagerLayer, SessionStore,
    cookie::time::{Duration, OffsetDateTime, serde::timestamp},
    session::Error,
};

/// Returns the app of the exercise on `store`.
pub fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/login", get(login_form).post(login))
        .route("/protected", get(protected))
        .route("/help", get(help))
        .route("/logout", post(logout))
        .layer(from_fn(keep))
        .layer(SessionManagerLayer::new(store).with_name("exercise-4"))
}

/// The idle timeout: a login ends this long after its last request.
pub const IDLE: Duration = Duration::minutes(30);
/// The absolute timeout: a login ends this long after it began, even if it is active.
pub const ABSOLUTE: Duration = Duration::hours(8);
/// The absolute timeout of a remembered login, which has no idle timeout.
pub const REMEMBERED: Duration = Duration::days(30);
/// A request within this time of the last recorded one is not recorded, so most reads write nothing.
pub const UNNOTED: Duration = Duration::minutes(5);

/// A login, as the session stores it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Login {
    /// The name of the user.
    pub username: String,
    /// Whether the user asked to be remembered.
    pub remembered: bool,
    /// The time when the login began, in seconds since 1970.
    #[serde(with = "timestamp")]
    pub began: OffsetDateTime,
    /// The time of the last recorded request, in seconds since 1970.
    #[serde(with = "timestamp")]
    pub seen: OffsetDateTime,
}

impl Login {
    /// The login's key in the session.
    pub const KEY: &str = "login";

    /// Returns the login of this session, if there is one.
    pub async fn of(session: &Session) -> Result<Option<Self>, Error> {
        session.get(Self::KEY).await
    }

    /// Returns the time when the login ends, even if it is active.
    pub fn ends(&self) -> OffsetDateTime {
        self.began + if self.remembered { REMEMBERED } else { ABSOLUTE }
    }

    /// Whether the login has ended.
    pub fn is_over(&self, now: OffsetDateTime) -> bool {
        now >= self.ends() || !self.remembered && now - self.seen >= IDLE
    }

    /// Returns an expiry for a visitor who wants to be remembered, which gives the cookie an age. Returns `None` for
    /// any other visitor, whose cookie ends with the browser.
    pub fn expiry(&self, now: OffsetDateTime) -> Option<Expiry> {
        self.remembered.then(|| Expiry::OnInactivity(self.ends() - now))
    }
}

/// A login that had ended before this request.
#[derive(Clone, Copy, Debug)]
pub struct Ended;

/// Removes a login that has ended, and records the request of any other login.
pub async fn keep(session: Session, clock: Clock, mut request: Request, next: Next) -> Result<Response, Failure> {
    let now = clock.now();
    match Login::of(&session).await? {
        Some(login) if login.is_over(now) => {
            session.flush().await?;
            request.extensions_mut().insert(Ended);
        }
        Some(login) if now - login.seen >= UNNOTED => {
            session.insert(Login::KEY, Login { seen: now, ..login }).await?;
        }
        _ => {}
    }
    let response = next.run(request).await;
    if let Some(login) = Login::of(&session).await? {
        clock.note_absolute_limit(login.ends()); // for the inspector, which does not see this limit
        if session.is_modified() {
            // tower-sessions drops an expiry after its request, so every save needs it again.
            session.set_expiry(login.expiry(now));
        }
    }
    Ok(response)
}

/// The fields of the login form. A checkbox that is not checked is not sent.
#[derive(Deserialize)]
pub struct Credentials {
    /// The name that the sender claims.
    pub username: String,
    /// The password.
    pub password: String,
    /// `Some` if the checkbox was checked.
    pub remember: Option<String>,
}

/// Shows the form. If the login has ended, the page says so.
pub async fn login_form(uri: Uri, ended: Option<Extension<Ended>>) -> Result<Html<String>, Failure> {
    page("login.html", context! { ended => ended.is_some() || uri.query() == Some("ended") })
}

/// Begins a new login under a new ID.
pub async fn login(
    session: Session,
    clock: Clock,
    Extension(users): Extension<Users>,
    Form(Credentials { username, password, remember }): Form<Credentials>,
) -> Result<Response, Failure> {
    if !users.verify(&username, &password) {
        let refused = page("login.html", context! { refused => true })?;
        return Ok((StatusCode::UNAUTHORIZED, refused).into_response());
    }
    let now = clock.now();
    session.insert(Login::KEY, Login { username, remembered: remember.is_some(), began: now, seen: now }).await?;
    session.cycle_id().await?; // last, because an error after it would lose the session
    Ok(Redirect::to("/protected").into_response())
}

/// Shows a page for users only.
pub async fn protected(session: Session, ended: Option<Extension<Ended>>) -> Result<Response, Failure> {
    Ok(match Login::of(&session).await? {
        Some(Login { username, .. }) => page("protected.html", context! { username })?.into_response(),
        None => Redirect::to(if ended.is_some() { "/login?ended" } else { "/login" }).into_response(),
    })
}

/// Shows a page that does not use sessions.
pub async fn help() -> Result<Html<String>, Failure> {
    page("help.html", context! {})
}

/// Ends the session on the server and in the browser.
pub async fn logout(session: Session) -> Result<Redirect, Failure> {
    session.flush().await?;
    Ok(Redirect::to("/login"))
}

static TEMPLATES: LazyLock<Environment> = LazyLock::new(|| {
    let mut templates = Environment::new();
    for (name, source) in [
        ("login.html", include_str!("../templates/login.html")),
        ("protected.html", include_str!("../templates/protected.html")),
        ("help.html", include_str!("../templates/help.html")),
    ] {
        templates.add_template(name, source).expect("the solution's own templates parse");
    }
    templates
});

fn page(name: &str, context: minijinja::Value) -> Result<Html<String>, Failure> {
    Ok(Html(TEMPLATES.get_template(name)?.render(context)?))
}

/// The store or a template failed. The visitor learns no details.
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
