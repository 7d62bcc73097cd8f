//! Shops that mallory gets something out of where several things come together: only random stories meet them.

use axum::{
    Extension, Form, Router,
    extract::{Query, Request},
    response::{IntoResponse, Response},
    routing::get,
};
use checks::Users;
use solution_6::{Credentials, Failure};
use tower_sessions::{Session, SessionStore};

use super::Parts;

/// So that a bookmark can log in.
pub(super) fn a_link_logs_in<S: SessionStore + Clone>(store: S) -> Router {
    let form = async |session: Session, users: Extension<Users>, request: Request| -> Result<Response, Failure> {
        match Query::<Credentials>::try_from_uri(request.uri()) {
            Ok(Query(sent)) => solution_6::login(session, users, Form(sent)).await,
            Err(_) => Ok(solution_6::login_form().await?.into_response()),
        }
    };
    Parts { login_form: get(form), ..Parts::default() }.on(store)
}
