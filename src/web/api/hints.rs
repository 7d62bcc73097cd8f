//! Hints, one at a time. The list of shown hints is shared with the terminal's `hint`.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Serialize;
use verdict::progress::Progress;

use super::{Api, Refused};
use crate::{exercise::Exercise, markdown};

#[derive(Serialize)]
pub(super) struct Hint {
    number: usize,
    title: String,
    html: String,
}

impl Hint {
    /// Returns this hint of the exercise, counted from 1.
    fn of(exercise: &Exercise, number: usize) -> Option<Self> {
        let hint = exercise.brief.hints.get(number.checked_sub(1)?)?;
        Some(Self { number, title: hint.title.clone(), html: markdown::html(&hint.text) })
    }
}

pub(super) async fn show(
    State(api): State<Api>,
    Path((which, number)): Path<(String, usize)>,
) -> Result<Json<Hint>, Refused> {
    let exercise = api.exercise(&which)?;
    let missing = || (StatusCode::NOT_FOUND, format!("{} has no hint {number}", exercise.name()));
    let hint = Hint::of(&exercise, number).ok_or_else(missing)?;
    // The hint is shown even if this cannot be stored.
    let _ = Progress::change(&api.root, &exercise.id, |reached| reached.hints.extend([number]));
    Ok(Json(hint))
}
