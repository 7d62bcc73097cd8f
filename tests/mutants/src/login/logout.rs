//! Mistakes in the logout.

use std::sync::{Arc, Mutex};

use axum::{
    Extension, Form, Router,
    http::header::SET_COOKIE,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::Users;
use solution_1::{Credentials, Failure, User};
use tower_sessions::{Session, SessionStore, session::Id};

use super::Parts;

pub(super) fn clears<S: SessionStore + Clone>(store: S) -> Router {
    async fn logout(session: Session) -> Redirect {
        session.clear().await;
        Redirect::to("/login")
    }
    Parts { logout: post(logout), ..Parts::default() }.on(store)
}

pub(super) fn removes_the_key<S: SessionStore + Clone>(store: S) -> Router {
    async fn logout(session: Session) -> Result<Redirect, Failure> {
        session.remove_value("username").await?;
        Ok(Redirect::to("/login"))
    }
    Parts { logout: post(logout), ..Parts::default() }.on(store)
}

pub(super) fn in_the_browser_only<S: SessionStore + Clone>(store: S) -> Router {
    async fn logout() -> Response {
        ([(SET_COOKIE, "id=; Path=/; Max-Age=0")], Redirect::to("/login")).into_response()
    }
    Parts { logout: post(logout), ..Parts::default() }.on(store)
}

pub(super) fn leads_nowhere<S: SessionStore + Clone>(store: S) -> Router {
    async fn logout(session: Session) -> Result<Redirect, Failure> {
        session.flush().await?;
        Ok(Redirect::to("/"))
    }
    Parts { logout: post(logout), ..Parts::default() }.on(store)
}

/// The IDs of all who are logged in.
type Everyone = Arc<Mutex<Vec<Id>>>;

pub(super) fn ends_all<S: SessionStore + Clone>(store: S) -> Router {
    async fn login(
        session: Session,
        Extension(all): Extension<Everyone>,
        users: Extension<Users>,
        form: Form<Credentials>,
    ) -> Result<Response, Failure> {
        let answer = solution_1::login(session.clone(), users, form).await?;
        if User::of(&session).await?.is_some() {
            session.save().await?;
            all.lock().unwrap().extend(session.id());
        }
        Ok(answer)
    }
    let everyone = Everyone::default();
    let (all, all_ends) = (everyone.clone(), store.clone());
    let logout = post(async move |session: Session| -> Result<Redirect, Failure> {
        session.flush().await?;
        let ids = std::mem::take(&mut *all.lock().unwrap());
        for id in ids {
            all_ends.delete(&id).await.map_err(|error| Failure::from(tower_sessions::session::Error::Store(error)))?;
        }
        Ok(Redirect::to("/login"))
    });
    Parts { login: get(solution_1::login_form).post(login), logout, ..Parts::default() }
        .on(store)
        .layer(Extension(everyone))
}

pub(super) fn by_get<S: SessionStore + Clone>(store: S) -> Router {
    Parts { logout: get(solution_1::logout).post(solution_1::logout), ..Parts::default() }.on(store)
}
