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
//! let page = inspector.page("'none'");
//! ```
//!
//! Serve `app` as before, and `page` at another port. Each exchange stands there with its visitor, and with the browser's
//! cookies beside the session's record in the store, before and after; each attribute of a cookie says what it does.
//! [`serve()`] does both for you.
//!
//! From the page a past request can be sent again: as it was, edited, or with another visitor's cookies, as somebody would
//! who has stolen one. It goes to `app` inside of the process. A bar shows how long the session goes on, and buttons move
//! the [`Clock`] to just before and just after the next limit. An app that ends sessions by a rule of its own can tell
//! when: [`Clock::note_absolute_limit`].
//!
//! The page shows session IDs to anyone who opens it: it is a tool for a desk, not for production. It is no part of `app`,
//! because a script on any page of the app could read it there. Open it as `http://inspector.localhost:PORT/`, a host
//! that the app does not have: browsers send the cookies of one host to all its ports.
//!
//! # Visitors
//!
//! A browser keeps the cookies of each host apart. Open the app as `http://alice.localhost:PORT/` and as
//! `http://bob.localhost:PORT/`, and one browser is two visitors; `mallory` is the third such name. Any other visitor goes
//! by the letter of the first session cookie that was seen.
//!
//! # Limits
//!
//! The timeline holds 500 events and 8 MiB: the events counted as JSON, and with each exchange its request as it came, up
//! to 64 KiB, to be sent again; a longer one cannot be. Readers share the events and what is made of them for the
//! page, at most six times that; a reader holds nothing but its place, 32 may read at the same time, and one that falls
//! behind goes on with what is still there. Of one event at most 4 KiB of a text, 16 KiB of a body or of a session's
//! data, 100 cookies and 100 store calls are kept; with each of the last 2000 cookie values, 256 bytes of its attributes.
//! Secrets are masked in all that is shown and saved; in a request that is kept to be sent again they are not.
//! A request that is sent again has 10 seconds, and 1 MiB of its answer is read. The clock can be 100 years ahead.
//!
//! # Layout
//!
//! - [`Clock`]: system time plus what someone skipped; handlers take it as an argument.
//! - [`Observed`]: the store, watched, on that clock.
//! - [`Held`]: a store call that waits, so that a test can say what happens meanwhile.
//! - `wall`: the middleware that sees a request come and its response go; `calls`: what the store was asked meanwhile;
//!   `body`: what it keeps of bodies; `sent`: the
//!   request as it came; `bounds`: how much is kept of anything.
//! - `timeline`: the last events and the names A, B, C … of cookie values; `visitor`: whose they are; `feed`: how pages
//!   read it.
//! - [`exchange`](Exchange): what an event holds; `words`: a plain sentence on it; `transcript`: all of it as text;
//!   `export`: in a file.
//! - [`Unwatched`]: what stays off the timeline.
//! - `retell`: what another inspector saw, told on this one's timeline.
//! - `page`: the live page; `view`: an event as it shows it; [`past_exchange`]: one on a page of somebody else; `again`: the
//!   requests it sends; `curl`: one as a line for a shell. [`serve`](serve()): a server for one app on loopback;
//!   [`serve_within`]: one with limits; [`Parent`]: a program that serves it to others.
//! - [`local_hosts_only`]: which names it answers to; [`same_origin_only`]: who may do more than read.

#![warn(missing_docs)]

mod again;
mod body;
mod bounds;
mod calls;
mod clock;
mod curl;
mod exchange;
mod export;
mod feed;
mod hold;
mod observed;
mod page;
mod retell;
mod sent;
mod serve;
mod story;
mod timeline;
mod transcript;
mod unwatched;
mod view;
mod visitor;
mod wall;
mod words;

use std::sync::Arc;

use axum::{Router, middleware};

pub use clock::{Clock, LONGEST_AHEAD};
pub use exchange::{
    Attribute, Body, Change, Cookie, Event, Exchange, FromPage, Life, Operation, Outcome, Request, Response, Retold,
    Session, SetCookie, StoreCall, What,
};
pub use hold::{Held, Holds};
pub use loopback_serve::{
    Limits, Loopback, Parent, Ports, VISITORS, host, listen, local_hosts_only, log_to_stderr, same_origin_only,
    serve_within,
};
pub use observed::{MOVED_KEY, Observed, TOMBSTONE_KEY};
pub use serve::{BESIDE, serve, serve_on};
pub use story::past_exchange;
use timeline::Timeline;
pub use unwatched::Unwatched;
pub use words::span;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The timeline and the clock that an observed store and a wrapped app share. Clones are the same inspector.
///
/// A handler of the wrapped app finds its inspector as `Extension<Inspector>`.
#[derive(Clone, Debug)]
pub struct Inspector {
    timeline: Arc<Timeline>,
    clock: Clock,
    holds: Holds<Operation>,
    app: again::App,
}

impl Default for Inspector {
    fn default() -> Self {
        let timeline = Arc::<Timeline>::default();
        let clock = Clock::told_on(timeline.clone());
        Self { timeline, clock, holds: Holds::default(), app: again::App::default() }
    }
}

impl Inspector {
    /// The store to hand to the app: it behaves like `store`, is watched, and ages by this inspector's clock.
    pub fn observe<S>(&self, store: S) -> Observed<S> {
        Observed::new(store, self.clone())
    }

    /// The app behind the wall. The page sends requests to the app that was wrapped last, as long as that is there.
    ///
    /// A handler that panics is answered with status 500 and its message, so that the exchange can be shown.
    pub fn wrap(&self, app: Router) -> Router {
        self.app.remember(app.layer(middleware::from_fn_with_state(self.clone(), wall::watch)))
    }

    /// The inspector's own page, to be served at an origin of its own: a host name that the app does not have, or at
    /// least another port. It answers to names of this machine only.
    ///
    /// `frame_ancestors` says which pages may show it in a frame, in the words of a content security policy:
    /// `'none'`, or an origin such as `http://workbook.localhost:*`.
    ///
    /// # Panics
    /// `frame_ancestors` has a character that does not fit into a header.
    pub fn page(&self, frame_ancestors: &str) -> Router {
        loopback_serve::any_local_host(page::routes(self.clone(), frame_ancestors))
    }

    /// The clock that the observed store and the wrapped app's [`Clock`] arguments share.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Moves the clock on by `by`, as if that long had passed, and says so on the timeline.
    pub fn skip(&self, by: std::time::Duration) {
        self.clock.skip(by);
    }

    /// Has the next store call of this kind wait until what this returns is dropped: for tests of what happens when two
    /// requests meet. One call can be held at a time.
    pub fn hold(&self, operation: Operation) -> Held {
        self.holds.hold(operation, 0)
    }

    /// What is on the timeline, oldest first: copies of at most 500 events.
    pub fn events(&self) -> Vec<Event> {
        self.timeline.since(0).iter().map(|noted| noted.event.clone()).collect()
    }

    /// The exchanges on the timeline, oldest first.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges_since(0)
    }

    /// The exchanges after the event of this number, oldest first.
    pub fn exchanges_since(&self, number: u64) -> Vec<Exchange> {
        let exchange = |event: &Event| match &event.what {
            What::Exchange(exchange) => Some((**exchange).clone()),
            _ => None,
        };
        self.timeline.since(number).iter().filter_map(|noted| exchange(&noted.event)).collect()
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
        transcript::of(self.timeline.since(0).iter().map(|noted| &noted.event))
    }
}
