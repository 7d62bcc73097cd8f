//! Saves and deletes by its own hand, and a cookie whose name makes browsers strict.

use axum::{
    Extension, Form, Router,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::Users;
use solution_1::{Credentials, Failure};
use tower_sessions::{Session, SessionManagerLayer, SessionStore};

pub(crate) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/login", get(solution_1::login_form).post(login))
        .route("/protected", get(solution_1::protected))
        .route("/logout", post(solution_1::logout))
        .layer(SessionManagerLayer::new(store).with_name("__Host-sid"))
}

async fn login(
    session: Session,
    Extension(users): Extension<Users>,
    Form(form): Form<Credentials>,
) -> Result<Response, Failure> {
    if !users.verify(&form.username, &form.password) {
        return Ok((StatusCode::UNAUTHORIZED, solution_1::login_form().await?).into_response());
    }
    session.insert("username", form.username).await?;
    session.cycle_id().await?;
    session.save().await?;
    Ok(Redirect::to("protected").into_response())
}
