//! A WebSocket that belongs to a login.

use std::time::Duration;

use axum::{
    Error,
    extract::{
        State, WebSocketUpgrade,
        ws::{CloseCode, CloseFrame, Message, WebSocket, close_code},
    },
    http::StatusCode,
    response::{IntoResponse, Response},
};
use lesson_page::Failure;
use session_inspector::Clock;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite;
use tower_sessions::Session;

use super::{
    ENDED, LOG_IN_FIRST, Live,
    origin::OwnOrigin,
    watch::{Next, Refused, WatchedLogin},
};

/// The maximum length of a message, in bytes: the name of an item.
const LONGEST: usize = 1024;
/// The maximum time for sending a message. Otherwise a browser that does not read would also delay the end of the
/// connection at a logout.
pub(super) const SEND_LIMIT: Duration = Duration::from_secs(5);

// ANCHOR: socket
pub(super) async fn open(
    _: OwnOrigin,
    State(live): State<Live>,
    session: Session,
    clock: Clock,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Failure> {
    let watch = match WatchedLogin::begin(&live, session, clock).await? {
        Ok(watch) => watch,
        Err(refused) => return Ok(refused.into_response()),
    };
    // Without the second limit, a frame of up to 16 MiB is read before its message is found to be too long.
    let upgrade = upgrade.max_message_size(LONGEST).max_frame_size(LONGEST);
    Ok(upgrade.on_upgrade(async |socket| serve(socket, watch, live).await))
}

async fn serve(mut socket: WebSocket, mut watch: WatchedLogin, live: Live) {
    let ended = (close_code::POLICY, ENDED);
    let mut says = live.greeting(&watch.login.user);
    let (code, reason) = loop {
        if !say(&mut socket, Message::text(says)).await {
            return;
        }
        says = tokio::select! {
            next = watch.next() => match next {
                Next::Say(words) => words,
                Next::Ended => break ended,
                Next::Restart => break (close_code::AWAY, "The server is restarting."),
            },
            item = heard(&mut socket) => match item {
                Err(None) => return, // the browser has closed the connection, or it has broken
                Err(Some(end)) => break end,
                Ok(_) if !watch.act().await => break ended,
                Ok(item) if live.buy(&watch.login.user, &item).await => format!("You have ordered: {item}."),
                Ok(_) => "The shop does not sell this.".to_owned(),
            },
        };
    };
    say(&mut socket, Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await;
}

/// The code and the reason of a close frame.
type End = (CloseCode, &'static str);

/// Returns the user's next message, or the end of the connection. The browser and not the user sends a ping, and the
/// library answers it.
async fn heard(socket: &mut WebSocket) -> Result<String, Option<End>> {
    loop {
        match socket.recv().await.ok_or(None)? {
            Ok(Message::Text(item)) => return Ok(item.to_string()),
            Ok(Message::Ping(_) | Message::Pong(_)) => {}
            Ok(Message::Binary(_)) => return Err(Some((close_code::UNSUPPORTED, "Send text, not binary data."))),
            Ok(Message::Close(_)) => {
                let _ = timeout(SEND_LIMIT, socket.recv()).await; // the library sends its close frame while it reads
                return Err(None);
            }
            Err(error) => return Err(unreadable(error)),
        }
    }
}

/// Returns the close frame for a message that the library does not read, or `None` if the connection has broken.
fn unreadable(error: Error) -> Option<End> {
    match *error.into_inner().downcast::<tungstenite::Error>().ok()? {
        tungstenite::Error::Capacity(_) => Some((close_code::SIZE, "This message is too long.")),
        tungstenite::Error::Utf8(_) => Some((close_code::INVALID, "This is not UTF-8.")),
        _ => None,
    }
}

/// Sends a message. Returns whether that succeeded.
async fn say(socket: &mut WebSocket, message: Message) -> bool {
    timeout(SEND_LIMIT, socket.send(message)).await.is_ok_and(|sent| sent.is_ok())
}
// ANCHOR_END: socket

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::NotLoggedIn => LOG_IN_FIRST.into_response(),
            Self::TooMany => {
                let sentence = "You have too many connections open. Close another tab first.\n";
                (StatusCode::TOO_MANY_REQUESTS, sentence).into_response()
            }
        }
    }
}
