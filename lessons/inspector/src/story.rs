//! A story that is over, on a page that only shows it.

use axum::{http::HeaderValue, response::Response};
use minijinja::{Value, context};

use crate::{Event, Exchange, What, page};

/// A step of a story that is over.
#[derive(Clone, Debug)]
pub enum StoryStep {
    /// A request and its answer.
    Exchange(Box<Exchange>),
    /// What happened without one, in words.
    Words(String),
}

/// A page on which each exchange stands as on the live one, the first one on top. There is no app behind it, so nothing
/// can be sent from it, and no script runs on it.
///
/// `frame_ancestors` says which pages may show it in a frame, as for [`Inspector::page`](crate::Inspector::page).
///
/// # Panics
/// `frame_ancestors` has a character that does not fit into a header.
pub fn story(title: &str, steps: &[StoryStep], frame_ancestors: &str) -> Response {
    let shown: Vec<_> = (1..).zip(steps).map(|(number, step)| shown(number, step, number == steps.len())).collect();
    let style = include_str!("../assets/inspector.css");
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors {frame_ancestors}"
    );
    let policy = HeaderValue::try_from(policy).expect("the sources of `frame-ancestors` fit into a header");
    page::guarded(page::render("story.html", context! { title, style, steps => shown }), policy)
}

/// The last step is open, also where it changed nothing: it is what the story leads to.
fn shown(number: usize, step: &StoryStep, is_last: bool) -> Value {
    match step {
        StoryStep::Exchange(exchange) => {
            let event = Event { number: number as u64, what: What::Exchange(exchange.clone()) };
            context! { html => page::past_event(&event, is_last) }
        }
        StoryStep::Words(words) => context! { number, words },
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, http::Request, routing::get};
    use http_body_util::BodyExt;
    use tower::ServiceExt;
    use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

    use super::*;
    use crate::Inspector;

    async fn remember(session: Session) {
        session.insert("user", "<i>alice</i>").await.unwrap();
    }

    #[tokio::test]
    async fn a_story_shows_its_steps_in_order_and_has_nothing_to_press() {
        let inspector = Inspector::default();
        let store = inspector.observe(MemoryStore::default());
        let app = inspector.wrap(Router::new().route("/", get(remember)).layer(SessionManagerLayer::new(store)));
        app.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
        let exchange = Box::new(inspector.exchanges().remove(0));
        let steps = [StoryStep::Words("(time) <1 min> later".to_owned()), StoryStep::Exchange(exchange)];
        let page = story("Check 4", &steps, "'none'");
        let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("script"), "{policy}");
        let html = page.into_body().collect().await.unwrap().to_bytes();
        let html = String::from_utf8(html.to_vec()).unwrap();
        let [later, record] = ["(time) &lt;1 min&gt; later", "&lt;i&gt;alice&lt;"].map(|words| html.find(words));
        assert!(later.is_some() && later < record, "{html}");
        assert!(!html.contains("<button") && !html.contains("<script"), "{html}");
    }
}
