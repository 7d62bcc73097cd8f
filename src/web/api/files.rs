//! The learner's files, for the editor in the panel.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Api, Refused, failed};
use crate::{
    editor,
    files::{self, Unsaved},
};

/// The paths that a file of an answer may have.
const ALLOWED: &str = "its files are below src/ or templates/, and their names have letters, digits, spaces, `-`, `_` \
    and `.`, and no `.` at the beginning";

/// A change of a file, with the hash of the file on which it is based, or none if the file is new.
#[derive(Deserialize)]
pub(super) struct Change {
    text: String,
    base: Option<String>,
}

/// The place to open in the editor.
#[derive(Deserialize)]
pub(super) struct At {
    line: usize,
}

/// Returns all files, the hash of all of them together, and their folder. A missing folder has no files.
pub(super) async fn all(State(api): State<Api>, Path(which): Path<String>) -> Result<Json<Value>, Refused> {
    let exercise = api.exercise(&which)?;
    let folder = exercise.folder.canonicalize().unwrap_or(exercise.folder.clone());
    if !exercise.folder.exists() {
        return Ok(Json(json!({ "files": [], "hash": null, "folder": folder })));
    }
    let files = files::all(&exercise.folder).map_err(failed)?;
    Ok(Json(json!({ "files": files, "hash": exercise.hash().map_err(failed)?, "folder": folder })))
}

/// Writes a file. A change that is based on an older file gets 409 with the current file.
pub(super) async fn save(
    State(api): State<Api>,
    Path((which, path)): Path<(String, String)>,
    Json(Change { text, base }): Json<Change>,
) -> Result<Response, Refused> {
    let exercise = api.exercise(&which)?;
    let _alone = api.saving.lock().await;
    match files::save(&exercise.folder, &path, &text, base.as_deref()) {
        Ok(hash) => Ok(Json(json!({ "hash": hash, "all": exercise.hash().map_err(failed)? })).into_response()),
        Err(Unsaved::Changed(file)) => Ok((StatusCode::CONFLICT, Json(file)).into_response()),
        Err(Unsaved::NoPlace) => {
            Err((StatusCode::FORBIDDEN, format!("{path:?} is not a file of an answer: {ALLOWED}")))
        }
        Err(Unsaved::Io(error)) => Err(failed(format!("{path} cannot be written: {error}"))),
    }
}

/// Opens a file in the learner's own editor.
pub(super) async fn open(
    State(api): State<Api>,
    Path((which, path)): Path<(String, String)>,
    Json(At { line }): Json<At>,
) -> Result<String, Refused> {
    let exercise = api.exercise(&which)?;
    let missing = || (StatusCode::NOT_FOUND, format!("the answer has no file {path:?}"));
    let file = files::place(&exercise.folder, &path).filter(|file| file.is_file()).ok_or_else(missing)?;
    editor::open(&file, line).map_err(failed)
}
