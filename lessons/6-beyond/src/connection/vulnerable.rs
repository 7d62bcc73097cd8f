//! A WebSocket with a common mistake: it reads the session at the handshake, and never again.

use axum::{
    extract::{State, WebSocketUpgrade, ws::Message},
    response::Response,
};
use session_inspector::Clock;
use tower_sessions::Session;

use super::{Live, login::Login};

// ANCHOR: vulnerable
/// Accepts a handshake from any page, and continues to use the session that it loaded then.
pub(super) async fn open(
    State(live): State<Live>,
    session: Session,
    clock: Clock,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade.on_upgrade(async move |mut socket| {
        while let Some(Ok(message)) = socket.recv().await {
            let Message::Text(item) = message else { continue };
            let says = match Login::of(&session, &clock).await {
                Ok(Some(Login { user, .. })) if live.buy(&user, &item).await => live.greeting(&user),
                Ok(Some(_)) => "The shop does not sell this.".to_owned(),
                _ => "Log in first.".to_owned(),
            };
            if socket.send(Message::text(says)).await.is_err() {
                return;
            }
        }
    })
}
// ANCHOR_END: vulnerable
