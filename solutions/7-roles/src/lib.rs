//! Exercise 7, roles, solved.

use std::sync::LazyLock;

use axum::{
    Extension, Form, Router,
    extract::{FromRequestParts, Path},
    http::{StatusCode, request::Parts},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::{Role, Users};
use minijinja::{Environment, context, value::Serde};
use serde::{Deserialize, Serialize};
use tower_sessions::{Session, SessionManagerLayer, SessionStore, session::Error};

/// Returns the app of the exercise on `store`.
pub fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/login", get(login_form).post(login))
        .route("/logout", post(logout))
        .route("/dashboard", get(dashboard))
        .route("/admin", get(admin))
        .route("/admin/users/{name}/demote", post(demote))
        .route("/admin/users/{name}/delete", post(delete))
        .route("/sessions/end_others", post(end_others))
        .layer(SessionManagerLayer::new(store).with_name("exercise-7"))
}

/// The data in the session: the user, and the account's epoch at the login. The role is not in it, because it can
/// change during the session.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Login {
    /// The name of the user.
    pub username: String,
    /// The account's epoch at the login.
    pub epoch: u64,
}

impl Login {
    /// The login's key in the session.
    pub const KEY: &str = "login";

    /// Returns the login of this session, if its account still exists and no other session has ended it.
    pub async fn of(session: &Session, users: &Users) -> Result<Option<Self>, Error> {
        let login: Option<Self> = session.get(Self::KEY).await?;
        Ok(login.filter(|login| users.epoch(&login.username) == Some(login.epoch)))
    }
}

/// An extractor for handlers that only users may call.
#[derive(Debug)]
pub struct User {
    /// The name of the user.
    pub username: String,
    /// The current role of the user.
    pub role: Role,
    /// The session of the user.
    pub session: Session,
    /// The accounts.
    pub users: Users,
}

impl<S: Send + Sync> FromRequestParts<S> for User {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let failed = || Failure.into_response();
        let session = Session::from_request_parts(parts, state).await.map_err(|_| failed())?;
        let users = parts.extensions.get::<Users>().cloned().ok_or_else(failed)?;
        let login = Login::of(&session, &users).await.map_err(|_| failed())?;
        let found = login.and_then(|Login { username, .. }| users.role(&username).map(|role| (username, role)));
        let (username, role) = found.ok_or_else(|| Redirect::to("/login").into_response())?;
        Ok(Self { username, role, session, users })
    }
}

/// An extractor for handlers that only admins may call.
#[derive(Debug)]
pub struct Admin(pub User);

impl<S: Send + Sync> FromRequestParts<S> for Admin {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let user = User::from_request_parts(parts, state).await?;
        match user.role {
            Role::Admin => Ok(Self(user)),
            Role::User => Err((StatusCode::FORBIDDEN, "This is for admins.\n").into_response()),
        }
    }
}

/// Shows the form.
pub async fn login_form() -> Result<Html<String>, Failure> {
    page("login.html", context! {})
}

/// The fields of the login form.
#[derive(Deserialize)]
pub struct Credentials {
    /// The name that the sender claims.
    pub username: String,
    /// The password.
    pub password: String,
}

/// Logs the user in under a new session ID.
pub async fn login(
    session: Session,
    Extension(users): Extension<Users>,
    Form(Credentials { username, password }): Form<Credentials>,
) -> Result<Response, Failure> {
    let epoch = users.epoch(&username).filter(|_| users.verify(&username, &password));
    let Some(epoch) = epoch else {
        let refused = page("login.html", context! { refused => true })?;
        return Ok((StatusCode::UNAUTHORIZED, refused).into_response());
    };
    session.insert(Login::KEY, Login { username, epoch }).await?;
    session.cycle_id().await?; // last, because an error after it would lose the session
    Ok(Redirect::to("/dashboard").into_response())
}

/// Ends the session on the server and in the browser.
pub async fn logout(session: Session) -> Result<Redirect, Failure> {
    session.flush().await?;
    Ok(Redirect::to("/login"))
}

/// Shows the user's own page.
pub async fn dashboard(User { username, role, .. }: User) -> Result<Html<String>, Failure> {
    page("dashboard.html", context! { username, is_admin => role == Role::Admin })
}

/// Lists all users.
pub async fn admin(Admin(User { users, .. }): Admin) -> Result<Html<String>, Failure> {
    let role = |name: &str| if users.role(name) == Some(Role::Admin) { "admin" } else { "user" };
    let names = users.names();
    let all: Vec<_> = names.iter().map(|name| (name, role(name))).collect();
    page("admin.html", context! { users => Serde(all) })
}

/// Makes an admin a user.
pub async fn demote(Admin(User { users, .. }): Admin, Path(name): Path<String>) -> Result<Redirect, Refusal> {
    may_lose(&users, &name)?;
    users.set_role(&name, Role::User);
    Ok(Redirect::to("/admin"))
}

/// Deletes an account.
pub async fn delete(Admin(User { users, .. }): Admin, Path(name): Path<String>) -> Result<Redirect, Refusal> {
    may_lose(&users, &name)?;
    users.delete(&name);
    Ok(Redirect::to("/admin"))
}

/// A status and a sentence with the reason.
pub type Refusal = (StatusCode, &'static str);

/// Refuses if there is no such user, or if it is the last admin.
pub fn may_lose(users: &Users, name: &str) -> Result<(), Refusal> {
    let is_admin = |name: &str| users.role(name) == Some(Role::Admin);
    let others = users.names().iter().filter(|other| *other != name && is_admin(other)).count();
    match users.role(name) {
        None => Err((StatusCode::NOT_FOUND, "There is no such user.\n")),
        Some(Role::Admin) if others == 0 => Err((StatusCode::CONFLICT, "This is the last admin.\n")),
        Some(_) => Ok(()),
    }
}

/// Ends every session of the old epoch, and moves this session to the new epoch.
pub async fn end_others(User { username, session, users, .. }: User) -> Result<Redirect, Failure> {
    let epoch = users.next_epoch(&username).ok_or(Failure)?;
    session.insert(Login::KEY, Login { username, epoch }).await?;
    Ok(Redirect::to("/dashboard"))
}

static TEMPLATES: LazyLock<Environment> = LazyLock::new(|| {
    let mut templates = Environment::new();
    for (name, source) in [
        ("login.html", include_str!("../templates/login.html")),
        ("dashboard.html", include_str!("../templates/dashboard.html")),
        ("admin.html", include_str!("../templates/admin.html")),
    ] {
        templates.add_template(name, source).expect("the solution's own templates parse");
    }
    templates
});

/// Renders one of these templates.
pub fn page(name: &str, context: minijinja::Value) -> Result<Html<String>, Failure> {
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
