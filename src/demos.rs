//! The lessons' demos, in this process, each behind an inspector of its own.

use axum::Router;
use session_inspector::{Inspector, Observed};
use tower_sessions::MemoryStore;

/// Every demo: the first label of its host name, and its app.
pub fn all() -> Vec<(&'static str, Router)> {
    vec![
        ("lesson-1", inspected(lesson_1::app)),
        ("lesson-2", inspected(lesson_2::app)),
        ("lesson-3", inspected(lesson_3::app)),
    ]
}

fn inspected(app: impl FnOnce(Observed<MemoryStore>) -> Router) -> Router {
    let inspector = Inspector::default();
    inspector.wrap(app(inspector.observe(MemoryStore::default())))
}
