//! A session that is over is ended in the store as soon as it is met.

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn},
    response::Response,
};
use checks::Users;
use solution_7::{Failure, Login};
use tower_sessions::{Session, SessionManagerLayer, SessionStore};

use crate::roles::Parts;

pub(in crate::roles) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Parts::default().routes().layer(from_fn(tidy)).layer(SessionManagerLayer::new(store).with_name("__Host-roles"))
}

async fn tidy(session: Session, request: Request, next: Next) -> Result<Response, Failure> {
    let users = request.extensions().get::<Users>().cloned().ok_or(Failure)?;
    let is_over = match session.get::<Login>(Login::KEY).await? {
        Some(login) => users.epoch(&login.username) != Some(login.epoch),
        None => false,
    };
    if is_over {
        session.flush().await?;
    }
    Ok(next.run(request).await)
}
