//! The lessons' demos, in this process, each behind an inspector of its own.

use axum::Router;
use session_inspector::{Inspector, Observed};
use tower_sessions::MemoryStore;

/// The demo that also answers as [`EVIL`].
pub const ATTACKS: &str = "lesson-4";
/// The host of its attacker: another site than everything else here.
pub const EVIL: &str = "evil.localhost";

/// Every demo: its name, which is a label of its host name, and its app.
pub fn all() -> Vec<(&'static str, Router)> {
    vec![
        ("lesson-1", inspected(lesson_1::app)),
        ("lesson-2", inspected(lesson_2::app)),
        ("lesson-3", inspected(lesson_3::app)),
        ("lesson-4", inspected(lesson_4::app)),
        ("lesson-5", inspected(lesson_5::app)),
    ]
}

fn inspected(app: impl FnOnce(Observed<MemoryStore>) -> Router) -> Router {
    let inspector = Inspector::default();
    inspector.wrap(app(inspector.observe(MemoryStore::default())))
}
