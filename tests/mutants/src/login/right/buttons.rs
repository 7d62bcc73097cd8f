//! The form is sent by its button, its fields stand elsewhere, and another form comes first. `app` starts a task.

use axum::{
    Router,
    response::Html,
    routing::{get, post},
};
use tower_sessions::{Session, SessionManagerLayer, SessionStore};

use solution_1::{Failure, User};

const FORMS: &str =
    "<form method=post action=/register><input name=username><input name=new_password type=password></form>
    <form id=login><button formmethod=POST formaction='/login?next=/protected#top'>Log in</button></form>
    <input form=login name=username><input form=login type=password name=password>";

pub(crate) fn app<S: SessionStore + Clone>(store: S) -> Router {
    tokio::spawn(std::future::pending::<()>()); // such as one that cleans up
    Router::new()
        .route("/login", get(login_form).post(solution_1::login))
        .route("/protected", get(solution_1::protected))
        .route("/logout", post(solution_1::logout))
        .layer(SessionManagerLayer::new(store).with_name("__Host-id"))
}

async fn login_form(session: Session) -> Result<Html<&'static str>, Failure> {
    Ok(Html(if User::of(&session).await?.is_some() { "You are logged in" } else { FORMS }))
}
