//! A middleware in front of everything that needs a user.

use axum::{
    Extension, Router,
    extract::Request,
    middleware::{self, Next},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use minijinja::HtmlEscape;
use solution_1::{Failure, User};
use tower_sessions::{Session, SessionManagerLayer, SessionStore};

pub(crate) fn app<S: SessionStore + Clone>(store: S) -> Router {
    let inside = Router::new().route("/protected", get(protected)).route_layer(middleware::from_fn(users_only));
    Router::new()
        .merge(inside)
        .route("/login", get(solution_1::login_form).post(solution_1::login))
        .route("/logout", post(solution_1::logout))
        .layer(SessionManagerLayer::new(store).with_name("s"))
}

#[derive(Clone)]
struct Name(String);

async fn users_only(session: Session, mut request: Request, next: Next) -> Result<Response, Failure> {
    let Some(user) = User::of(&session).await? else {
        return Ok(Redirect::to("/login").into_response());
    };
    request.extensions_mut().insert(Name(user.username));
    Ok(next.run(request).await)
}

async fn protected(Extension(Name(name)): Extension<Name>) -> Html<String> {
    Html(format!(
        "<!doctype html><title>x</title><script>let alice = '<p>';</script><main>{}</main>",
        HtmlEscape(&name)
    ))
}
