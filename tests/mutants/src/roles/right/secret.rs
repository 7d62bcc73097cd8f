//! Each user has a secret, each of their sessions a copy of it; a new secret ends those that hold the old one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Extension, Form, Router,
    extract::Request,
    http::StatusCode,
    middleware::{Next, from_fn},
    response::{IntoResponse, Redirect, Response},
    routing::post,
};
use checks::Users;
use solution_7::{Credentials, Failure, Login, User};
use tower_sessions::{Session, SessionManagerLayer, SessionStore, session::Id};

use crate::roles::Parts;

#[derive(Clone, Default)]
struct Secrets(Arc<Mutex<HashMap<String, String>>>);

impl Secrets {
    fn of(&self, name: &str) -> String {
        self.0.lock().unwrap().entry(name.to_owned()).or_insert_with(|| Id::default().to_string()).clone()
    }

    fn anew(&self, name: &str) {
        self.0.lock().unwrap().remove(name);
    }
}

pub(in crate::roles) fn app<S: SessionStore + Clone>(store: S) -> Router {
    let parts = Parts { login: post(login), end_others: post(end_others), ..Parts::default() };
    parts.routes().layer(from_fn(compare)).layer(SessionManagerLayer::new(store)).layer(Extension(Secrets::default()))
}

async fn compare(
    session: Session,
    Extension(secrets): Extension<Secrets>,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let login: Option<Login> = session.get(Login::KEY).await?;
    let secret: Option<String> = session.get("secret").await?;
    if let Some(login) = login
        && secret != Some(secrets.of(&login.username))
    {
        session.flush().await?;
    }
    Ok(next.run(request).await)
}

async fn login(
    session: Session,
    users: Extension<Users>,
    Extension(secrets): Extension<Secrets>,
    form: Form<Credentials>,
) -> Result<Response, Failure> {
    let name = form.0.username.clone();
    let answer = solution_7::login(session.clone(), users, form).await?;
    if answer.status() == StatusCode::SEE_OTHER {
        session.insert("secret", secrets.of(&name)).await?;
    }
    Ok(answer)
}

async fn end_others(user: User, Extension(secrets): Extension<Secrets>) -> Result<Response, Failure> {
    secrets.anew(&user.username);
    user.session.insert("secret", secrets.of(&user.username)).await?;
    user.session.cycle_id().await?;
    Ok(Redirect::to("/dashboard").into_response())
}
