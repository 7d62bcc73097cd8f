//! Mistakes on pages and in moments that are easily forgotten.

use axum::{
    Extension, Router,
    extract::Path,
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::{Role, Users};
use solution_7::{Admin, Failure, Refusal, User, may_lose};
use tower_sessions::{Session, SessionStore, session::Error};

use super::Parts;

type Name = Path<String>;

pub(super) fn forbids_in_the_users_name<S: SessionStore + Clone>(store: S) -> Router {
    async fn admin(user: User) -> Result<Response, Failure> {
        match user.role {
            Role::Admin => solution_7::admin(Admin(user)).await.map(IntoResponse::into_response),
            Role::User => {
                Ok((StatusCode::FORBIDDEN, Html(format!("<p>{}, this is for admins", user.username))).into_response())
            }
        }
    }
    Parts { admin: get(admin), ..Parts::default() }.on(store)
}

pub(super) fn the_title_is_forgotten<S: SessionStore + Clone>(store: S) -> Router {
    async fn dashboard(user: User) -> Result<Html<String>, Failure> {
        let title = format!("<title>{}</title>", user.username);
        let Html(page) = solution_7::dashboard(user).await?;
        Ok(Html(page.replacen("</title>", "</title>\n", 1) + &title))
    }
    Parts { dashboard: get(dashboard), ..Parts::default() }.on(store)
}

pub(super) fn the_refusal_tells_who_exists<S: SessionStore + Clone>(store: S) -> Router {
    async fn demote(user: User, Extension(users): Extension<Users>, name: Name) -> Response {
        if user.role == Role::Admin {
            return solution_7::demote(Admin(user), name).await.into_response();
        }
        let reason = if users.role(&name).is_some() { "That is not yours to change." } else { "This is for admins." };
        (StatusCode::FORBIDDEN, reason).into_response()
    }
    Parts { demote: post(demote), ..Parts::default() }.on(store)
}

pub(super) fn refuses_when_it_is_done<S: SessionStore + Clone>(store: S) -> Router {
    async fn demote(user: User, Path(name): Name) -> Result<Redirect, Refusal> {
        const NO: Refusal = (StatusCode::FORBIDDEN, "No.");
        let is_admin = user.role == Role::Admin;
        may_lose(&user.users, &name).map_err(|refusal| if is_admin { refusal } else { NO })?;
        user.users.set_role(&name, Role::User);
        if is_admin { Ok(Redirect::to("/admin")) } else { Err(NO) }
    }
    Parts { demote: post(demote), ..Parts::default() }.on(store)
}

pub(super) fn the_beginning_of_a_name_will_do<S: SessionStore + Clone>(store: S) -> Router {
    async fn delete(Admin(user): Admin, Path(name): Name) -> Result<Redirect, Refusal> {
        let found = user.users.names().into_iter().find(|other| other.starts_with(&name)).unwrap_or(name);
        solution_7::delete(Admin(user), Path(found)).await
    }
    Parts { delete: post(delete), ..Parts::default() }.on(store)
}

/// The store takes its time between the look and the change.
pub(super) fn notes_it_before_it_is_done<S: SessionStore + Clone>(store: S) -> Router {
    async fn demote(session: Session, Admin(user): Admin, Path(name): Name) -> Result<Redirect, Response> {
        may_lose(&user.users, &name).map_err(IntoResponse::into_response)?;
        session.insert("demoted", &name).await.map_err(unable)?;
        session.save().await.map_err(unable)?;
        user.users.set_role(&name, Role::User);
        Ok(Redirect::to("/admin"))
    }
    fn unable(_: Error) -> Response {
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
    Parts { demote: post(demote), ..Parts::default() }.on(store)
}

pub(super) fn counts_the_admins_too_early<S: SessionStore + Clone>(store: S) -> Router {
    async fn demote(Admin(user): Admin, Path(name): Name) -> Result<Redirect, Refusal> {
        may_lose(&user.users, &name)?;
        for _ in 0..100 {
            tokio::task::yield_now().await; // a mail is sent
        }
        user.users.set_role(&name, Role::User);
        Ok(Redirect::to("/admin"))
    }
    Parts { demote: post(demote), ..Parts::default() }.on(store)
}
