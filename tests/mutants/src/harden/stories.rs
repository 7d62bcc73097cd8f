//! Shops that mallory gets something out of where several things come together: only random stories meet them.

use axum::{
    Extension, Form, Router,
    extract::{Query, Request},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::Users;
use serde::Deserialize;
use solution_6::{Credentials, Failure, USERNAME, shop::Shop};
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

#[derive(Deserialize)]
struct Signed {
    username: Option<String>,
    text: String,
}

/// What was taken out of one form is still believed in the other.
pub(super) fn the_note_may_say_who<S: SessionStore + Clone>(store: S) -> Router {
    async fn note(
        session: Session,
        Extension(shop): Extension<Shop>,
        Form(sent): Form<Signed>,
    ) -> Result<Redirect, Failure> {
        let Some(own) = session.get::<String>(USERNAME).await? else { return Ok(Redirect::to("/login")) };
        shop.note(sent.username.unwrap_or(own), sent.text);
        Ok(Redirect::to("/"))
    }
    Parts { note: post(note), ..Parts::default() }.on(store)
}
