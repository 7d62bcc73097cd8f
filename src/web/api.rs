//! The API for the panel beside the book. Only the book's own pages may do more than read.

mod events;
mod files;
mod hints;
mod news;
mod programs;
mod progress;
mod reset;
mod run;
mod state;

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use axum::{
    Router,
    http::StatusCode,
    middleware,
    routing::{get, post, put},
};
use loopback_serve::same_origin_only;
use tokio::sync::Mutex;

use crate::{exercise::Exercise, program::Programs};

#[derive(Clone)]
struct Api {
    root: Arc<PathBuf>,
    programs: Programs,
    news: news::News,
    /// The pages of the book that have a lab. They are read at the first use, because the book is built only once.
    labs: Arc<OnceLock<Vec<String>>>,
    running: run::Running,
    /// Held while a file is compared and written, so that of two saves on the same text one is refused.
    saving: Arc<Mutex<()>>,
}

/// A status and a sentence.
type Refused = (StatusCode, String);

pub(crate) fn routes(root: PathBuf, programs: Programs) -> Router {
    let root = Arc::new(root);
    let news = news::News::of(root.clone());
    let (running, labs, saving) = <_>::default();
    let api = Api { root, programs, news, labs, running, saving };
    Router::new()
        .route("/events", get(events::events))
        .route("/progress", get(progress::progress))
        .route("/pages/{*page}", put(progress::read))
        .route("/labs/{*page}", put(progress::tried))
        .route("/programs/{name}", get(programs::status))
        .route("/programs/{name}/ahead", post(programs::build_ahead))
        .route("/programs/{name}/again", post(programs::start_again))
        .route("/exercises/{number}", get(state::latest))
        .route("/exercises/{number}/check", post(run::run))
        .route("/exercises/{number}/files", get(files::all))
        .route("/exercises/{number}/files/{*path}", put(files::save))
        .route("/exercises/{number}/open/{*path}", post(files::open))
        .route("/exercises/{number}/hints/{hint}", post(hints::show))
        .route("/exercises/{number}/reset", post(reset::reset))
        .route("/exercises/{number}/backups/{backup}", post(reset::bring_back))
        .fallback(async || (StatusCode::NOT_FOUND, "The API has no such address.\n"))
        .layer(middleware::from_fn(same_origin_only))
        .with_state(api)
}

impl Api {
    fn exercise(&self, which: &str) -> Result<Exercise, Refused> {
        Exercise::find(&self.root, which).map_err(|reason| (StatusCode::NOT_FOUND, reason))
    }
}

fn failed(reason: impl std::fmt::Display) -> Refused {
    (StatusCode::INTERNAL_SERVER_ERROR, reason.to_string())
}
