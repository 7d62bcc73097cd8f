//! Restores the initial state of an exercise, or an answer from a backup.

use std::path::PathBuf;

use axum::{
    Json,
    extract::{Path, State},
};
use serde_json::{Value, json};
use verdict::progress::Progress;

use super::{Api, Refused, failed};
use crate::{exercise::Exercise, stub};

/// Replaces the answer with the stub. Returns the name of the backup, if there was an answer.
pub(super) async fn reset(State(api): State<Api>, Path(which): Path<String>) -> Result<Json<Value>, Refused> {
    let exercise = api.exercise(&which)?;
    let _alone = api.saving.lock().await;
    let backup = stub::restore(&api.root, &exercise).map_err(failed)?;
    Ok(kept(&api, &exercise, backup))
}

/// Replaces the answer with a backup. Returns the name of the new backup.
pub(super) async fn bring_back(
    State(api): State<Api>,
    Path((which, backup)): Path<(String, String)>,
) -> Result<Json<Value>, Refused> {
    let exercise = api.exercise(&which)?;
    let _alone = api.saving.lock().await;
    let backup = stub::bring_back(&api.root, &exercise, &backup).map_err(failed)?;
    Ok(kept(&api, &exercise, Some(backup)))
}

/// Deletes the verdict, because it was on another answer.
fn kept(api: &Api, exercise: &Exercise, backup: Option<PathBuf>) -> Json<Value> {
    let note = Progress::change(&api.root, &exercise.id, |reached| reached.verdict = None);
    let name = backup.as_ref().and_then(|backup| Some(backup.file_name()?.to_string_lossy().into_owned()));
    Json(json!({ "backup": name, "folder": backup, "note": note }))
}
