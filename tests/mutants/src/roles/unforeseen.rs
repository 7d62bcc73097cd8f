//! Mistakes on pages and in moments that are easily forgotten.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use axum::{
    Extension, Router,
    extract::Path,
    http::{HeaderMap, StatusCode, header::REFERER},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::{Role, Users};
use minijinja::HtmlEscape;
use solution_7::{Admin, Failure, Login, Refusal, User, may_lose};
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

/// On a small site that is all.
pub(super) fn lists_ten_users<S: SessionStore + Clone>(store: S) -> Router {
    async fn admin(Admin(user): Admin) -> Html<String> {
        let names = user.users.names().into_iter().take(10);
        let list: String = names.map(|name| format!("<li>{}</li>", HtmlEscape(&name))).collect();
        Html(format!("<h1>Admin dashboard</h1><ul>{list}</ul>"))
    }
    Parts { admin: get(admin), ..Parts::default() }.on(store)
}

/// The page that deletes accounts knows which ones are gone, and nobody else does.
pub(super) fn notes_whom_it_deleted<S: SessionStore + Clone>(store: S) -> Router {
    type Deleted = Extension<Arc<Mutex<HashSet<String>>>>;
    async fn dashboard(
        session: Session,
        Extension(users): Extension<Users>,
        Extension(deleted): Deleted,
    ) -> Result<Response, Failure> {
        let login = session.get::<Login>(Login::KEY).await?;
        let is_current = |login: &Login| users.epoch(&login.username).is_none_or(|epoch| epoch == login.epoch);
        let is_there = |login: &Login| !deleted.lock().unwrap().contains(&login.username);
        let Some(Login { username, .. }) = login.filter(is_current).filter(is_there) else {
            return Ok(Redirect::to("/login").into_response());
        };
        let role = users.role(&username).unwrap_or(Role::User);
        Ok(solution_7::dashboard(User { username, role, session, users }).await?.into_response())
    }
    async fn delete(admin: Admin, Extension(deleted): Deleted, Path(name): Name) -> Result<Redirect, Refusal> {
        let gone = solution_7::delete(admin, Path(name.clone())).await?;
        deleted.lock().unwrap().insert(name);
        Ok(gone)
    }
    let parts = Parts { dashboard: get(dashboard), delete: post(delete), ..Parts::default() };
    parts.on(store).layer(Extension(Arc::<Mutex<HashSet<String>>>::default()))
}

/// Convenient for an admin, and the dashboard is not shown.
pub(super) fn sends_an_admin_on_from_the_login<S: SessionStore + Clone>(store: S) -> Router {
    async fn dashboard(user: User, headers: HeaderMap) -> Result<Response, Failure> {
        let comes_from_the_login = headers.get(REFERER).is_some_and(|page| page.as_bytes().ends_with(b"/login"));
        match user.role == Role::Admin && comes_from_the_login {
            true => Ok(Redirect::to("/admin").into_response()),
            false => Ok(solution_7::dashboard(user).await?.into_response()),
        }
    }
    Parts { dashboard: get(dashboard), ..Parts::default() }.on(store)
}

/// Between the look and the change it waits once, and hardly at all.
pub(super) fn writes_it_down_first<S: SessionStore + Clone>(store: S) -> Router {
    async fn demote(Admin(user): Admin, Path(name): Name) -> Result<Redirect, Refusal> {
        may_lose(&user.users, &name)?;
        tokio::task::yield_now().await;
        user.users.set_role(&name, Role::User);
        Ok(Redirect::to("/admin"))
    }
    Parts { demote: post(demote), ..Parts::default() }.on(store)
}
