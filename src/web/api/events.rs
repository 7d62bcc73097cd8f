//! Reports all changes to each visible window, in one stream.

use std::{convert::Infallible, future::pending};

use axum::{
    extract::{Query, State},
    response::{
        IntoResponse,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{Api, news::Now};
use crate::program::{Program, Status};

/// The content of a window.
#[derive(Deserialize)]
pub(super) struct About {
    program: Option<String>,
}

/// The state for a window. Each event contains all of it, so that a window that was disconnected has missed nothing.
#[derive(Clone, PartialEq, Serialize)]
struct Update {
    #[serde(flatten)]
    now: Now,
    /// The program that the window shows, if it shows one.
    program: Option<Status>,
}

/// Sends an event at the start, and one after each change. The stream ends with the connection.
pub(super) async fn events(State(api): State<Api>, Query(about): Query<About>) -> impl IntoResponse {
    let program = about.program.and_then(|name| api.programs.get(&name).map(Program::changes));
    let listener = Listener { news: api.news.listen(), program, last: None };
    let updates = stream::unfold(listener, async |mut listener| {
        let update = listener.next().await;
        let event = Event::default().json_data(&update).unwrap_or_default();
        Some((Ok::<_, Infallible>(event), listener))
    });
    Sse::new(updates).keep_alive(KeepAlive::default())
}

struct Listener {
    news: watch::Receiver<Now>,
    program: Option<watch::Receiver<Status>>,
    last: Option<Update>,
}

impl Listener {
    async fn next(&mut self) -> Update {
        loop {
            let now = self.news.borrow_and_update().clone();
            let program = self.program.as_mut().map(|program| program.borrow_and_update().clone());
            let update = Update { now, program };
            if self.last.as_ref() != Some(&update) {
                self.last = Some(update.clone());
                return update;
            }
            tokio::select! {
                () = changed(Some(&mut self.news)) => {}
                () = changed(self.program.as_mut()) => {}
            }
        }
    }
}

/// Returns when there is a new value. It never returns if there is no receiver or the studio ends.
async fn changed<T>(receiver: Option<&mut watch::Receiver<T>>) {
    let is_other = match receiver {
        Some(receiver) => receiver.changed().await.is_ok(),
        None => false,
    };
    if !is_other {
        pending().await
    }
}
