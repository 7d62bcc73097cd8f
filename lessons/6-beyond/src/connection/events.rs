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
use tower_sessions::Session;

use super::{Live, watch::Watch};

// ANCHOR: events
/// Streams the events in this user's account, as long as the login lasts. The last event is `ended`.
///
/// There is no origin check: a script of another origin cannot read the answer, because no CORS header allows it. But a
/// script on a neighboring host can open as many streams as a login may have. There is also no limit on how long a
/// browser may leave the answer unread.
pub(super) async fn open(State(live): State<Live>, session: Session, clock: Clock) -> Result<Response, Failure> {
    let watch = match Watch::begin(&live, session, clock).await? {
        Ok(watch) => watch,
        Err(refused) => return Ok(refused.into_response()),
    };
    let greeting = Event::default().data(live.greeting(&watch.login.user));
    let told = stream::unfold(Some(watch), async |watch| {
        let mut watch = watch?;
        Some(match watch.next().await {
            Some(words) => (Event::default().data(words), Some(watch)),
            None => (Event::default().event("ended").data("Your session has ended."), None),
        })
    });
    let events = stream::iter([greeting]).chain(told).map(Ok::<_, Infallible>);
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}
// ANCHOR_END: events
