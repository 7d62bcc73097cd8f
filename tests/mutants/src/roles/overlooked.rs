//! Mistakes with names that are nearly another's, at another address, at the second time, or after a new start.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Extension, Form, Router,
    extract::{Path, Request},
    http::StatusCode,
    middleware::{Next, from_fn},
    response::{IntoResponse, Redirect, Response},
    routing::post,
};
use checks::{Role, Users};
use solution_7::{Admin, Credentials, Failure, Login, Refusal, User};
use tower_sessions::{Session, SessionManagerLayer, SessionStore};

use super::Parts;

type Name = Path<String>;

/// The solution's deletion, of whom this makes of the name.
fn deleting<S: SessionStore + Clone>(found: fn(&str) -> String, store: S) -> Router {
    let delete = move |admin: Admin, Path(name): Name| solution_7::delete(admin, Path(found(&name)));
    Parts { delete: post(delete), ..Parts::default() }.on(store)
}

pub(super) fn decodes_twice<S: SessionStore + Clone>(store: S) -> Router {
    let decoded = |name: &str| {
        let name = format!("={}", name.replace('+', "%2B").replace('&', "%26"));
        form_urlencoded::parse(name.as_bytes()).next().map(|(_, name)| name.into_owned()).unwrap_or_default()
    };
    deleting(decoded, store)
}

pub(super) fn a_plus_is_a_blank<S: SessionStore + Clone>(store: S) -> Router {
    deleting(|name| name.replace('+', " "), store)
}

/// Whoever has a name that begins like this one is taken for this one.
pub(super) fn similar_admins_do_not_count<S: SessionStore + Clone>(store: S) -> Router {
    async fn demote(Admin(user): Admin, Path(name): Name) -> Result<Redirect, Refusal> {
        let is_other = |other: &String| !other.starts_with(&name) && user.users.role(other) == Some(Role::Admin);
        if user.users.role(&name) == Some(Role::Admin) && !user.users.names().iter().any(is_other) {
            return Err((StatusCode::CONFLICT, "This is the last admin."));
        }
        solution_7::demote(Admin(user), Path(name)).await
    }
    Parts { demote: post(demote), ..Parts::default() }.on(store)
}

/// The solution's own, which a slash leads past.
pub(super) fn a_slash_leads_past_the_guard<S: SessionStore + Clone>(store: S) -> Router {
    async fn delete(users: Extension<Users>, Path(name): Name) -> Redirect {
        users.delete(&name);
        Redirect::to("/admin")
    }
    Parts::default().on(store).route("/admin/users/{name}/delete/", post(delete))
}

/// Against double clicks.
pub(super) fn ends_others_once<S: SessionStore + Clone>(store: S) -> Router {
    const DONE: &str = "has_ended_others";
    async fn end_others(user: User) -> Result<Redirect, Failure> {
        if user.session.get_value(DONE).await?.is_some() {
            return Ok(Redirect::to("/dashboard"));
        }
        user.session.insert(DONE, true).await?;
        solution_7::end_others(user).await
    }
    Parts { end_others: post(end_others), ..Parts::default() }.on(store)
}

type Epochs = Arc<Mutex<HashMap<String, u64>>>;

const NOTED: &str = "noted";

fn now(epochs: &Epochs, name: &str) -> u64 {
    epochs.lock().unwrap().get(name).copied().unwrap_or_default()
}

/// Which of a user's sessions are over is known to this run of the program.
pub(super) fn ended_ones_are_noted_in_memory<S: SessionStore + Clone>(store: S) -> Router {
    type Noted = Extension<Epochs>;
    async fn end_others(user: User, Extension(epochs): Noted) -> Result<Redirect, Failure> {
        let epoch = now(&epochs, &user.username) + 1;
        epochs.lock().unwrap().insert(user.username, epoch);
        user.session.insert(NOTED, epoch).await?;
        Ok(Redirect::to("/dashboard"))
    }
    async fn login(
        session: Session,
        users: Extension<Users>,
        Extension(epochs): Noted,
        sent: Form<Credentials>,
    ) -> Result<Response, Failure> {
        let epoch = now(&epochs, &sent.0.username);
        let answer = solution_7::login(session.clone(), users, sent).await?;
        if answer.status() == StatusCode::SEE_OTHER {
            session.insert(NOTED, epoch).await?;
        }
        Ok(answer)
    }
    async fn door(
        session: Session,
        Extension(epochs): Noted,
        request: Request,
        next: Next,
    ) -> Result<Response, Failure> {
        let login: Option<Login> = session.get(Login::KEY).await?;
        let noted: u64 = session.get(NOTED).await?.unwrap_or_default();
        let is_over = login.is_some_and(|login| noted < now(&epochs, &login.username));
        match is_over && !matches!(request.uri().path(), "/login" | "/logout") {
            true => Ok(Redirect::to("/login").into_response()),
            false => Ok(next.run(request).await),
        }
    }
    let parts = Parts { login: post(login), end_others: post(end_others), ..Parts::default() };
    let site = parts.routes().layer(from_fn(door)).layer(Extension(Epochs::default()));
    site.layer(SessionManagerLayer::new(store))
}
