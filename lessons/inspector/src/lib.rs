//! A glass wall for any axum + tower-sessions app: what its sessions really do, exchange by exchange.
//!
//! ```
//! # use axum::{Router, routing::get};
//! # use tower_sessions::{MemoryStore, SessionManagerLayer, SessionStore};
//! # fn app<S: SessionStore + Clone>(store: S) -> Router {
//! #     Router::new().route("/", get(|| async { "hello" })).layer(SessionManagerLayer::new(store))
//! # }
//! let inspector = session_inspector::Inspector::default();
//! let app = inspector.wrap(app(inspector.observe(MemoryStore::default())));
//! ```
//!
//! Serve `app` and open `/_inspector`: each exchange stands there with the cookies it brought, the
//! calls it made to the store, the session before and after, and every attribute of every
//! `Set-Cookie`. It shows session IDs to whoever opens the page: a tool for a desk, not for production.
//!
//! # Layout
//!
//! - [`Clock`]: system time plus what someone skipped; handlers take it as an argument.
//! - [`Observed`]: the store, watched, on that clock.
//! - `wall`: the middleware that sees a request come and its response go; `body`: what it keeps of bodies.
//! - `timeline`: the last 500 events and the names A, B, C … of cookie values.
//! - [`exchange`](Exchange): what an event holds; `words`: a plain sentence on it; `transcript`: all of it as text.
//! - `page`: the live page; [`serve`](serve()): a server for one app on loopback.

mod body;
mod clock;
mod exchange;
mod observed;
mod page;
mod serve;
mod timeline;
mod transcript;
mod wall;
mod words;

use std::sync::Arc;

use axum::{Router, middleware};

pub use clock::Clock;
pub use exchange::{
    Attribute, Body, Change, Cookie, Event, Exchange, Operation, Outcome, Request, Response, Session, SetCookie,
    StoreCall, What,
};
pub use observed::{MOVED_KEY, Observed, TOMBSTONE_KEY};
pub use serve::{listen, serve, serve_on};
use timeline::Timeline;
pub use words::span;

/// Where the inspector's own page lives, below the app it watches.
pub const PATH: &str = "/_inspector";

/// The timeline and the clock that an observed store and a wrapped app share. Clones are the same inspector.
#[derive(Clone, Debug)]
pub struct Inspector {
    timeline: Arc<Timeline>,
    clock: Clock,
}

impl Default for Inspector {
    fn default() -> Self {
        let timeline = Arc::<Timeline>::default();
        Self { clock: Clock::told_on(timeline.clone()), timeline }
    }
}

impl Inspector {
    /// The store to hand to the app: it behaves like `store`, is watched, and ages by this inspector's clock.
    pub fn observe<S>(&self, store: S) -> Observed<S> {
        Observed::new(store, self.clone())
    }

    /// The app behind the wall, with the inspector's page at [`PATH`].
    ///
    /// A handler that panics is answered with status 500 and its message, so that the exchange can be shown.
    pub fn wrap(&self, app: Router) -> Router {
        let watched = app.layer(middleware::from_fn_with_state(self.clone(), wall::watch));
        Router::new().nest(PATH, page::routes(self.clone())).fallback_service(watched)
    }

    /// The clock that the observed store and the wrapped app's [`Clock`] arguments share.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Moves the clock on by `by`, as if that long had passed, and says so on the timeline.
    pub fn skip(&self, by: std::time::Duration) {
        self.clock.skip(by);
    }

    /// What is on the timeline, oldest first: the last 500 events.
    pub fn events(&self) -> Vec<Event> {
        self.timeline.since(0)
    }

    /// The exchanges on the timeline, oldest first.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges_since(0)
    }

    /// The exchanges after the event of this number, oldest first.
    pub fn exchanges_since(&self, number: u64) -> Vec<Exchange> {
        let exchange = |event: Event| match event.what {
            What::Exchange(exchange) => Some(*exchange),
            _ => None,
        };
        self.timeline.since(number).into_iter().filter_map(exchange).collect()
    }

    /// The number of the newest event; 0 if there was none.
    pub fn newest(&self) -> u64 {
        *self.timeline.watch().borrow()
    }

    /// The letter that this cookie value goes by on the timeline, from now on if it had none.
    pub fn label(&self, value: &str) -> String {
        self.timeline.label(value)
    }

    /// Forgets every event; cookie values keep their names.
    pub fn clear(&self) {
        self.timeline.clear();
    }

    /// The timeline as text, the same in every run that makes the same exchanges: for snapshots and books.
    pub fn transcript(&self) -> String {
        transcript::of(&self.events())
    }
}
