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
/// Who may show an inspector in a frame: the book, at whatever port the studio has.
const FRAMED_BY: &str = "http://workbook.localhost:*";
/// Where lesson 3 keeps its sessions, here as when it runs alone.
const SESSIONS: &str = ".workbook/lesson-3.sqlite";

/// A lesson's demo.
#[derive(Clone, Debug)]
pub struct Demo {
    /// A label of its host name, such as `lesson-1`.
    pub name: &'static str,
    /// The app, watched.
    pub app: Router,
    /// The page of its inspector, for a host name of its own.
    pub inspector: Router,
}

/// Every demo of the workbook that lies in this folder.
pub fn all() -> Vec<Demo> {
    all_of(Path::new(""))
}

/// Every demo of the workbook at `root`.
pub fn all_of(root: &Path) -> Vec<Demo> {
    vec![
        demo("lesson-1", |inspector| inspected(inspector, MemoryStore::default(), lesson_1::app)),
        demo("lesson-2", |inspector| inspected(inspector, MemoryStore::default(), lesson_2::app)),
        demo("lesson-3", |inspector| at_first_request(inspector, root.join(SESSIONS))),
        demo("lesson-4", |inspector| inspected(inspector, MemoryStore::default(), lesson_4::app)),
        demo("lesson-5", |inspector| inspected(inspector, MemoryStore::default(), lesson_5::app)),
    ]
}

fn demo(name: &'static str, app: impl FnOnce(&Inspector) -> Router) -> Demo {
    let inspector = Inspector::default();
    Demo { name, app: app(&inspector), inspector: inspector.page(FRAMED_BY) }
}

fn inspected<S: SessionStore>(inspector: &Inspector, store: S, app: impl FnOnce(Observed<S>) -> Router) -> Router {
    inspector.wrap(app(inspector.observe(store)))
}

/// Lesson 3, whose file is opened when somebody looks at it: who never does gets none.
fn at_first_request(inspector: &Inspector, file: PathBuf) -> Router {
    let demo = Arc::new((OnceCell::new(), inspector.clone(), file));
    Router::new().fallback(async move |request: Request| {
        let (demo, inspector, file) = &*demo;
        let demo = demo.get_or_init(|| on_file(inspector, file)).await.clone();
        demo.oneshot(request).await.into_response()
    })
}

async fn on_file(inspector: &Inspector, file: &Path) -> Router {
    match open(&format!("sqlite:{}", file.display()), None, LIMIT).await {
        Ok(store) => {
            let place = Place { store: format!("sqlite:{SESSIONS}"), ..Place::default() };
            inspected(inspector, store, |store| lesson_3::app_at(place, store))
        }
        Err(reason) => {
            let place = Place { store: "memory:".to_owned(), instead: Some(reason.to_string()), ..Place::default() };
            let store = lesson_3::store::memory::Memory::default();
            inspected(inspector, store, |store| lesson_3::app_at(place, store))
        }
    }
}
