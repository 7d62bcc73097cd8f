//! The lessons' demos, in this process, each behind an inspector of its own.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{Router, extract::Request, response::IntoResponse};
use lesson_3::{Place, address::open, store::LIMIT};
use session_inspector::{Inspector, Observed};
use tokio::sync::OnceCell;
use tower::ServiceExt;
use tower_sessions::{MemoryStore, SessionStore};

/// The demo that also answers as [`EVIL`].
pub const ATTACKS: &str = "lesson-4";
/// The host of its attacker: another site than everything else here.
pub const EVIL: &str = "evil.localhost";
/// Where lesson 3 keeps its sessions, here as when it runs alone.
const SESSIONS: &str = ".workbook/lesson-3.sqlite";

/// Every demo of the workbook that lies in this folder.
pub fn all() -> Vec<(&'static str, Router)> {
    all_of(Path::new(""))
}

/// Every demo of the workbook at `root`: its name, which is a label of its host name, and its app.
pub fn all_of(root: &Path) -> Vec<(&'static str, Router)> {
    vec![
        ("lesson-1", inspected(MemoryStore::default(), lesson_1::app)),
        ("lesson-2", inspected(MemoryStore::default(), lesson_2::app)),
        ("lesson-3", at_first_request(root.join(SESSIONS))),
        ("lesson-4", inspected(MemoryStore::default(), lesson_4::app)),
        ("lesson-5", inspected(MemoryStore::default(), lesson_5::app)),
    ]
}

fn inspected<S: SessionStore>(store: S, app: impl FnOnce(Observed<S>) -> Router) -> Router {
    let inspector = Inspector::default();
    inspector.wrap(app(inspector.observe(store)))
}

/// Lesson 3, whose file is opened when somebody looks at it: who never does gets none.
fn at_first_request(file: PathBuf) -> Router {
    let demo = Arc::new((OnceCell::new(), file));
    Router::new().fallback(async move |request: Request| {
        let (demo, file) = &*demo;
        let demo = demo.get_or_init(|| on_file(file)).await.clone();
        demo.oneshot(request).await.into_response()
    })
}

async fn on_file(file: &Path) -> Router {
    match open(&format!("sqlite:{}", file.display()), None, LIMIT).await {
        Ok(store) => {
            let place = Place { store: format!("sqlite:{SESSIONS}"), ..Place::default() };
            inspected(store, |store| lesson_3::app_at(place, store))
        }
        Err(reason) => {
            let place = Place { store: "memory:".to_owned(), instead: Some(reason.to_string()), ..Place::default() };
            inspected(lesson_3::store::memory::Memory::default(), |store| lesson_3::app_at(place, store))
        }
    }
}
