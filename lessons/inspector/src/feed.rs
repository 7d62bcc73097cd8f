//! The stream of events that a page of the inspector reads.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::timeout,
};

use crate::{
    Clock, Inspector, html,
    timeline::{Position, Step, Timeline},
    words,
};

/// The maximum number of pages that may read at the same time.
pub(crate) const READERS: usize = 32;
/// After this time without an event, the stream sends a comment, so that a broken connection is noticed.
const QUIET: Duration = Duration::from_secs(15);

/// Streams every event as a piece of HTML: first the events on the timeline, then each new one.
///
/// A browser that reconnects names the last event that it received. If possible, the stream continues from there.
/// Otherwise, and for a new reader, it begins with the event `reset`, which makes a page clear its events.
///
/// `after` is the last event that a page received before it closed its stream itself. If the browser names an event,
/// that one is newer and counts.
pub(crate) fn stream_of(
    inspector: &Inspector,
    readers: &Arc<Semaphore>,
    headers: &HeaderMap,
    after: Option<&str>,
) -> Response {
    let Ok(place) = readers.clone().try_acquire_owned() else {
        let sentence = format!("{READERS} pages of this inspector are already open: close one of them.\n");
        return (StatusCode::SERVICE_UNAVAILABLE, sentence).into_response();
    };
    let named = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let reader = Reader {
        newest: inspector.timeline.watch(),
        timeline: inspector.timeline.clone(),
        clock: inspector.clock.clone(),
        read: named.or(after).and_then(position),
        _place: place,
    };
    let chunks = stream::unfold(reader, |mut reader| async {
        let chunk = reader.next().await?;
        Some((Ok::<_, Infallible>(chunk), reader))
    });
    ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(chunks)).into_response()
}

/// A reader of the stream. It holds only the event that it is delivering, even if the page reads slowly. A reader that
/// falls behind continues with the events that are still on the timeline.
struct Reader {
    timeline: Arc<Timeline>,
    clock: Clock,
    newest: watch::Receiver<u64>,
    read: Option<Position>,
    _place: OwnedSemaphorePermit,
}

impl Reader {
    /// Returns the first data for a page: the clock in words, the seconds by which it is ahead, its time in
    /// milliseconds of Unix time, and the number of the newest event. Events up to that number are not new.
    fn beginning(&self) -> String {
        let ahead = self.clock.skipped().as_secs();
        let (clock, now) = (words::clock_words(ahead), self.clock.now_milliseconds());
        serde_json::json!({ "clock": clock, "ahead": ahead, "now": now, "newest": *self.newest.borrow() }).to_string()
    }

    async fn next(&mut self) -> Option<Bytes> {
        loop {
            self.newest.mark_unchanged();
            match self.timeline.after(self.read) {
                Some(Step::Reset(start)) => {
                    self.read = Some(start);
                    return Some(message("reset", start, &self.beginning()));
                }
                Some(Step::Event(noted)) => {
                    self.read = Some(noted.at);
                    let made = || message(html::kind(&noted.event), noted.at, &html::event(&noted.event));
                    return Some(noted.message.get_or_init(made).clone());
                }
                None => {}
            }
            match timeout(QUIET, self.newest.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return None,
                Err(_) => return Some(Bytes::from_static(b":\n\n")),
            }
        }
    }
}

/// Formats one event of the stream (HTML standard, section 9.2, "Server-sent events").
fn message(kind: &str, at: Position, data: &str) -> Bytes {
    let mut text = format!("id: {:016x}-{}\nevent: {kind}\n", at.epoch, at.number);
    for line in data.split(['\n', '\r']) {
        text.push_str("data: ");
        text.push_str(line);
        text.push('\n');
    }
    text.push('\n');
    text.into()
}

/// Reads the position from an event's `id`.
fn position(id: &str) -> Option<Position> {
    let (epoch, number) = id.split_once('-')?;
    Some(Position { epoch: u64::from_str_radix(epoch, 16).ok()?, number: number.parse().ok()? })
}
