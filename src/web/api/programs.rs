//! The status of the programs.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};

use super::{Api, Refused};
use crate::program::{Program, Status};

/// Returns the status of a program. This does not count as a use.
pub(super) async fn status(State(api): State<Api>, Path(name): Path<String>) -> Result<Json<Status>, Refused> {
    Ok(Json(find(&api, &name)?.status()))
}

/// Builds a program ahead, because the learner is about to use it.
pub(super) async fn build_ahead(State(api): State<Api>, Path(name): Path<String>) -> StatusCode {
    api.programs.build_ahead(&name);
    StatusCode::NO_CONTENT
}

/// Starts a program again after it has ended.
pub(super) async fn start_again(State(api): State<Api>, Path(name): Path<String>) -> Result<StatusCode, Refused> {
    find(&api, &name)?.start_again();
    Ok(StatusCode::NO_CONTENT)
}

fn find<'a>(api: &'a Api, name: &str) -> Result<&'a Program, Refused> {
    api.programs.get(name).ok_or_else(|| (StatusCode::NOT_FOUND, format!("there is no program {name}\n")))
}
