//! Requests of one session take turns.
//!
//! tower-sessions loads a session, lets a request change it and saves all of it. Of two requests at the same time both
//! load the same, and the one that saves last undoes what the other did.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, Weak},
};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use lesson_4::request::cookie;
use tokio::sync::Mutex;

use crate::COOKIE;

// ANCHOR: turns
/// Whose turn it is, for each session ID. Clones are the same turns.
#[derive(Clone, Default)]
pub(crate) struct Turns(Arc<std::sync::Mutex<HashMap<String, Weak<Mutex<()>>>>>);

/// Outside of the session layer, which loads and saves: lets a request wait until the others of its session are
/// answered. For `from_fn_with_state`.
pub(crate) async fn take(State(turns): State<Turns>, request: Request, next: Next) -> Response {
    let Some(id) = cookie(request.headers(), COOKIE).map(|cookie| cookie.value().to_owned()) else {
        return next.run(request).await; // nobody else has a session that is not made yet
    };
    let turn = turns.of(id);
    let _until_answered = turn.lock().await;
    next.run(request).await
}

impl Turns {
    fn of(&self, id: String) -> Arc<Mutex<()>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, turn| turn.strong_count() > 0);
        let turn = all.get(&id).and_then(Weak::upgrade).unwrap_or_default();
        all.insert(id, Arc::downgrade(&turn));
        turn
    }
}
// ANCHOR_END: turns

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, middleware::from_fn_with_state, routing::post};
    use tokio::task::{JoinSet, yield_now};
    use tower::ServiceExt;
    use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

    use super::*;

    /// Ten requests of one session at the same time, each of which adds one; how many of them count.
    async fn count(with_turns: bool) -> u64 {
        let add = |session: Session| async move {
            let count: u64 = session.get("count").await.unwrap().unwrap_or_default();
            yield_now().await; // a query, say
            session.insert("count", count + 1).await.unwrap();
        };
        let store = MemoryStore::default();
        let mut app = Router::new()
            .route("/", post(add))
            .layer(SessionManagerLayer::new(store.clone()).with_name(COOKIE).with_secure(false));
        if with_turns {
            app = app.layer(from_fn_with_state(Turns::default(), take));
        }
        let session = Session::new(None, Arc::new(store.clone()), None);
        session.insert("count", 0).await.unwrap();
        session.save().await.unwrap();
        let id = session.id().unwrap();
        let mut requests = JoinSet::new();
        for _ in 0..10 {
            let request = Request::post("/").header("cookie", format!("{COOKIE}={id}")).body(Body::empty()).unwrap();
            requests.spawn(app.clone().oneshot(request));
        }
        requests.join_all().await;
        let after = Session::new(Some(id), Arc::new(store), None);
        after.get("count").await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn s09_without_turns_what_others_do_at_the_same_time_is_lost() {
        assert_eq!(count(false).await, 1);
        assert_eq!(count(true).await, 10);
    }

    #[test]
    fn whoever_has_had_a_turn_is_forgotten() {
        let turns = Turns::default();
        for id in 0..100 {
            drop(turns.of(id.to_string()));
        }
        let held = turns.of("alice".to_owned());
        assert!(Arc::ptr_eq(&held, &turns.of("alice".to_owned())));
        assert_eq!(turns.0.lock().unwrap().len(), 1);
    }
}
