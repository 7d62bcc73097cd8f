//! A dashboard that counts its visits in the session, and a page that asks before it deletes.

use axum::{
    Router,
    extract::Path,
    response::Html,
    routing::{get, post},
};
use solution_7::{Admin, Failure, User};
use tower_sessions::SessionStore;

use super::escaped;
use crate::roles::Parts;

pub(in crate::roles) fn app<S: SessionStore + Clone>(store: S) -> Router {
    let parts =
        Parts { dashboard: get(dashboard), delete: get(asks).merge(post(solution_7::delete)), ..Parts::default() };
    parts.on(store)
}

async fn dashboard(user: User) -> Result<Html<String>, Failure> {
    const VISITS: &str = "visits";
    let visits = user.session.get::<u32>(VISITS).await?.unwrap_or_default() + 1;
    user.session.insert(VISITS, visits).await?;
    let Html(page) = solution_7::dashboard(user).await?;
    Ok(Html(format!("{page}<p>Visit {visits}")))
}

async fn asks(_: Admin, Path(name): Path<String>) -> Html<String> {
    Html(format!("<form method='post'>Delete {}? <button>Yes</button></form>", escaped(&name)))
}
