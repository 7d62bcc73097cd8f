//! Server-sent events: an answer that does not end.

use std::convert::Infallible;

use axum::{
    extract::State,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{StreamExt, stream};
use lesson_page::Failure;
use session_inspector::Clock;
use tokio::sync::mpsc;
use tower_sessions::Session;

use super::{
    ENDED, Live,
    origin::NoOtherOrigin,
    socket::SEND_LIMIT,
    watch::{Next, WatchedLogin},
};

// ANCHOR: events
/// Streams the events in this user's account, as long as the login lasts. The last event is `ended`.
pub(super) async fn open(
    _: NoOtherOrigin,
    State(live): State<Live>,
    session: Session,
    clock: Clock,
) -> Result<Response, Failure> {
    let watch = match WatchedLogin::begin(&live, session, clock).await? {
        Ok(watch) => watch,
        Err(refused) => return Ok(refused.into_response()),
    };
    let greeting = Event::default().data(live.greeting(&watch.login.user));
    let (says, events) = mpsc::channel(1);
    tokio::spawn(tell(watch, says));
    let events = stream::unfold(events, async |mut events| Some((events.recv().await?, events)));
    let events = stream::iter([greeting]).chain(events).map(Ok::<_, Infallible>);
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

/// Sends each event until the login or the connection ends. It is a task of its own, so that it also ends while the
/// browser does not read, and gives back its permit.
async fn tell(mut watch: WatchedLogin, says: mpsc::Sender<Event>) {
    loop {
        let next = tokio::select! {
            next = watch.next() => next,
            () = says.closed() => return, // the browser has closed the stream
        };
        let (event, is_last) = match next {
            Next::Say(words) => (Event::default().data(words), false),
            Next::Ended => (Event::default().event("ended").data(ENDED), true),
            Next::Restart => return, // the browser connects again by itself
        };
        if says.send_timeout(event, SEND_LIMIT).await.is_err() || is_last {
            return;
        }
    }
}
// ANCHOR_END: events
