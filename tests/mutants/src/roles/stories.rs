//! Mistakes that show when several things come together: only random stories meet them.

use axum::{
    Extension, Form, Router,
    extract::Path,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::{Role, Users};
use solution_7::{Admin, Credentials, Failure, Login, Refusal, User};
use tower_sessions::{Session, SessionStore};

use super::Parts;

/// Takes a name in capitals for the same name.
pub(super) fn takes_any_case<S: SessionStore + Clone>(store: S) -> Router {
    async fn delete(Admin(user): Admin, Path(name): Path<String>) -> Result<Redirect, Refusal> {
        let found = user.users.names().into_iter().find(|other| other.eq_ignore_ascii_case(&name)).unwrap_or(name);
        solution_7::delete(Admin(user), Path(found)).await
    }
    Parts { delete: post(delete), ..Parts::default() }.on(store)
}

const WAS_ADMIN: &str = "was_admin";

/// Whoever was an admin in this session is one, as long as they are in, even if it is another by now.
pub(super) fn the_next_user_is_an_admin_too<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(session: Session, users: Extension<Users>, sent: Form<Credentials>) -> Result<Response, Failure> {
        let before: Option<Login> = session.get(Login::KEY).await?;
        let was_admin = before.is_some_and(|login| users.role(&login.username) == Some(Role::Admin));
        let answer = solution_7::login(session.clone(), users, sent).await?;
        if answer.status() == StatusCode::SEE_OTHER {
            session.insert(WAS_ADMIN, was_admin).await?;
        }
        Ok(answer)
    }
    async fn admin(user: User) -> Result<Response, Failure> {
        let was_admin = user.session.get(WAS_ADMIN).await?.unwrap_or(false);
        match user.role {
            Role::User if !was_admin => Ok(StatusCode::FORBIDDEN.into_response()),
            _ => solution_7::admin(Admin(user)).await.map(IntoResponse::into_response),
        }
    }
    Parts { login: post(login), admin: get(admin), ..Parts::default() }.on(store)
}
