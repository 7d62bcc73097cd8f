//! The IDs of a user's sessions are listed, and the others are deleted in the store.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Extension, Form, Router,
    http::StatusCode,
    response::{Redirect, Response},
    routing::post,
};
use checks::Users;
use solution_7::{Credentials, Failure, User};
use tower_sessions::{Session, SessionStore, session::Id};

use crate::roles::Parts;

type Open = Arc<Mutex<HashMap<String, Vec<Id>>>>;

pub(in crate::roles) fn app<S: SessionStore + Clone>(store: S) -> Router {
    let open = Open::default();
    let noted = open.clone();
    let login = move |session, users, form| login(noted.clone(), session, users, form);
    let sessions = store.clone();
    let end_others = move |user: User| end_others(open.clone(), sessions.clone(), user);
    Parts { login: post(login), end_others: post(end_others), ..Parts::default() }.on(store)
}

async fn login(
    open: Open,
    session: Session,
    users: Extension<Users>,
    form: Form<Credentials>,
) -> Result<Response, Failure> {
    let name = form.0.username.clone();
    let answer = solution_7::login(session.clone(), users, form).await?;
    if answer.status() == StatusCode::SEE_OTHER {
        session.save().await?; // or there is no ID yet
        open.lock().unwrap().entry(name).or_default().extend(session.id());
    }
    Ok(answer)
}

async fn end_others<S: SessionStore>(open: Open, store: S, user: User) -> Result<Redirect, Failure> {
    let own = user.session.id().ok_or(Failure)?;
    let all = open.lock().unwrap().insert(user.username, vec![own]).unwrap_or_default();
    for other in all.into_iter().filter(|id| *id != own) {
        store.delete(&other).await.map_err(|_| Failure)?;
    }
    Ok(Redirect::to("/dashboard"))
}
