//! Shows a past exchange on another program's page.

use crate::{Event, Exchange, What, html};

/// Renders the exchange as an item of HTML, as the live page shows it under this number, but without buttons, because
/// its app is no longer running. `is_open` unfolds it; otherwise it is unfolded only if it changed something. The page
/// needs the style sheet `assets/inspector.css`.
pub fn past_exchange(exchange: &Exchange, number: u64, is_open: bool) -> String {
    html::past_event(&Event { number, what: What::Exchange(Box::new(exchange.clone())) }, is_open)
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, http::Request, routing::get};
    use tower::ServiceExt;
    use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

    use super::*;
    use crate::Inspector;

    async fn remember(session: Session) {
        session.insert("user", "<i>alice</i>").await.unwrap();
    }

    #[tokio::test]
    async fn a_past_exchange_shows_what_it_changed_and_has_nothing_to_press() {
        let inspector = Inspector::default();
        let store = inspector.observe(MemoryStore::default());
        let app = inspector.wrap(Router::new().route("/", get(remember)).layer(SessionManagerLayer::new(store)));
        app.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
        let html = past_exchange(&inspector.exchanges()[0], 4, true);
        assert!(html.contains("&lt;i&gt;alice&lt;") && html.contains("<details open"), "{html}");
        assert!(!html.contains("<button") && !html.contains("<script"), "{html}");
    }
}
