//! The steps of a failed check, exchange by exchange, as the session inspector shows them.

use std::{path::PathBuf, sync::Arc};

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderValue, StatusCode},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use loopback_serve::guarded;
use minijinja::{Value, context};
use verdict::{CheckReport, Outcome, Step, Verdict, progress::Progress};

use super::rendered;
use crate::exercise::Exercise;

#[derive(Clone)]
struct Stories {
    root: Arc<PathBuf>,
    /// The origin whose pages may show a story in a frame.
    book: String,
}

pub(super) fn routes(root: PathBuf, book: String) -> Router {
    Router::new().route("/{exercise}/{check}", get(show)).with_state(Stories { root: Arc::new(root), book })
}

/// Returns the story of this check, if it failed in the last verdict on the exercise.
async fn show(State(Stories { root, book }): State<Stories>, Path((which, number)): Path<(String, usize)>) -> Response {
    let exercise = match Exercise::find(&root, &which) {
        Ok(exercise) => exercise,
        Err(reason) => return (StatusCode::NOT_FOUND, reason).into_response(),
    };
    let reached = Progress::load(&root).0.of(&exercise.id);
    let check = reached.verdict.and_then(|(verdict, _)| check(verdict, number));
    match check.as_ref().map(|check| &check.outcome) {
        Some(Outcome::Failed(failure)) => page_of(&format!("What check {number} did"), &failure.steps, &book),
        _ => {
            (StatusCode::NOT_FOUND, format!("Check {number} of {} has not failed.\n", exercise.name())).into_response()
        }
    }
}

fn check(verdict: Verdict, number: usize) -> Option<CheckReport> {
    let Verdict::Report(report) = verdict else { return None };
    report.checks.into_iter().find(|check| check.number == number)
}

/// Returns a read-only page. Its app no longer runs, so nothing can be sent from it, and no script runs on it. A step
/// from an earlier workbook, or a step without a request, is described in words.
fn page_of(title: &str, steps: &[Step], book: &str) -> Response {
    let style = include_str!("../../lessons/inspector/assets/inspector.css");
    let steps: Vec<_> = steps.iter().map(shown).collect();
    let page = rendered("story.html", include_str!("../templates/story.html"), context! { title, style, steps });
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors {book}"
    );
    let policy = HeaderValue::try_from(policy).expect("an origin fits into a header");
    guarded(Html(page).into_response(), policy)
}

fn shown(Step { who, method, path, answer, seen }: &Step) -> Value {
    let words = [who, method, path, answer].map(String::as_str).join(" ");
    context! { seen, words => words.split_whitespace().collect::<Vec<_>>().join(" ") }
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use http_body_util::BodyExt;
    use session_inspector::{Inspector, past_exchange};
    use tower::ServiceExt;
    use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

    use super::*;

    async fn remember(session: Session) {
        session.insert("user", "<i>alice</i>").await.unwrap();
    }

    #[tokio::test]
    async fn a_story_shows_its_steps_in_order_and_has_nothing_to_press() {
        let inspector = Inspector::default();
        let store = inspector.observe(MemoryStore::default());
        let app = inspector.wrap(Router::new().route("/", get(remember)).layer(SessionManagerLayer::new(store)));
        app.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
        let words = Step { who: "(time)".to_owned(), path: "<1 min> later".to_owned(), ..Step::default() };
        let seen = Step { seen: Some(past_exchange(&inspector.exchanges()[0], 2, true)), ..Step::default() };
        let page = page_of("Check 4", &[words, seen], "'none'");
        let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("script"), "{policy}");
        let html = page.into_body().collect().await.unwrap().to_bytes();
        let html = String::from_utf8(html.to_vec()).unwrap();
        let [later, record] = ["(time) &lt;1 min&gt; later", "&lt;i&gt;alice&lt;"].map(|words| html.find(words));
        assert!(later.is_some() && later < record, "{html}");
        assert!(!html.contains("<button") && !html.contains("<script"), "{html}");
    }
}
