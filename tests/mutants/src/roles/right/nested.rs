//! All of /admin stands behind one middleware; its handlers ask for nothing.

use axum::{
    Extension, Router,
    extract::{Path, Request},
    http::StatusCode,
    middleware::{Next, from_fn},
    response::{Html, Redirect, Response},
    routing::{get, post},
};
use checks::{Role, Users};
use solution_7::{Admin, Refusal, may_lose};
use tower_sessions::{SessionManagerLayer, SessionStore};

use super::escaped;

pub(in crate::roles) fn app<S: SessionStore + Clone>(store: S) -> Router {
    let admin = Router::new().route("/", get(all)).route("/users/{name}/{what}", post(change)).layer(from_fn(door));
    Router::new()
        .nest("/admin", admin)
        .route("/login", get(solution_7::login_form).post(solution_7::login))
        .route("/logout", post(solution_7::logout))
        .route("/dashboard", get(solution_7::dashboard))
        .route("/sessions/end_others", post(solution_7::end_others))
        .layer(SessionManagerLayer::new(store))
}

async fn door(_: Admin, request: Request, next: Next) -> Response {
    next.run(request).await
}

async fn all(Extension(users): Extension<Users>) -> Html<String> {
    let names: String = users.names().iter().map(|name| format!("<tr><td>{}</td></tr>", escaped(name))).collect();
    Html(format!("<title>Admins</title><h2>Admin dashboard</h2><table>{names}</table>"))
}

async fn change(
    Extension(users): Extension<Users>,
    Path((name, what)): Path<(String, String)>,
) -> Result<Redirect, Refusal> {
    may_lose(&users, &name)?;
    match what.as_str() {
        "demote" => users.set_role(&name, Role::User),
        "delete" => users.delete(&name),
        _ => return Err((StatusCode::NOT_FOUND, "There is nothing of this kind to do.")),
    };
    Ok(Redirect::to("/admin"))
}
