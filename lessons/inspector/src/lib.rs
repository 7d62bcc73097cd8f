//! An inspector for any axum + tower-sessions app: it shows what the app's sessions really do, exchange by exchange.
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
//! Serve `app` as before, and `page` on another port. The page shows each exchange with its visitor, and the browser's
//! cookies beside the session's record in the store, before and after. It explains each attribute of a cookie.
//! [`serve()`] serves both.
//!
//! The page can send a past request again: unchanged, edited, or with another visitor's cookies, like somebody who has
//! stolen them. The request goes to `app` inside the process. A bar shows how long the session lasts, and buttons move
//! the [`Clock`] to just before and just after the next limit. An app that ends sessions by its own rule can report its
//! limit: [`Clock::note_absolute_limit`].
//!
//! The page shows session IDs to anyone who opens it, so it is a tool for development, not for production. It is not
//! part of `app`, because a script on any page of the app could read it there. Open it as
//! `http://inspector.localhost:PORT/`, a host name that the app does not have, because browsers send the cookies of one
//! host to all its ports.
//!
//! # Visitors
//!
//! A browser separates the cookies of different hosts. Open the app as `http://alice.localhost:PORT/` and as
//! `http://bob.localhost:PORT/`, and one browser is two visitors. `mallory` is the third such name. Any other visitor
//! is named by the letter of their first session cookie.
//!
//! # Limits
//!
//! The timeline holds 500 events and 8 MiB. This counts the events as JSON, and for each exchange its request as it
//! came, up to 64 KiB, so that it can be sent again. A longer request cannot be sent again. Readers share the events
//! and their HTML for the page, which takes at most six times as much. A reader holds only its position, and 32 may
//! read at the same time. A reader that falls behind continues with the events that are still there. One event stores
//! at most 4 KiB of a text, 16 KiB of a body or of a session's data, 100 cookies and 100 store calls. The attributes of
//! the last 2000 cookie values are stored, 256 bytes of each. Secrets are masked where they are shown or saved, but not
//! in a stored request. A request that is sent again may take 10 seconds, and 1 MiB of its answer is read. The clock
//! can be 100 years ahead.
//!
//! # Layout
//!
//! - [`Clock`]: system time plus the skipped time; handlers take it as an argument.
//! - [`Observed`]: the observed store, on that clock.
//! - [`Held`]: a store call that waits, so that a test can control what happens in the meantime.
//! - `wall`: the middleware that sees each request and its response; `calls`: the store calls in between; `body`: the
//!   stored part of bodies; `sent`: the request as it came; `bounds`: the limits.
//! - `timeline`: the last events and the letters A, B, C … of cookie values; `visitor`: their visitors; `feed`: how
//!   pages read it.
//! - [`exchange`](Exchange): the data of an event; `words`: sentences about it; `transcript`: all events as text;
//!   `export`: all events as a file.
//! - [`Unwatched`]: a mark for answers that stay off the timeline.
//! - `retell`: shows exchanges of another inspector on this timeline.
//! - `page`: the live page; `view`: an event for its template; [`past_exchange`]: an event on another program's page;
//!   `again`: the requests that the page sends; `curl`: a request as a line for a shell. [`serve`](serve()): a server
//!   for one app on loopback; [`serve_within`]: a server with limits; [`Parent`]: a program that shows it to others.
//! - [`local_hosts_only`]: the host names that it answers; [`same_origin_only`]: the pages that may do more than read.

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
mod html;
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

use std::{fmt, sync::Arc};

use axum::{Router, middleware};

pub use clock::{Clock, LONGEST_AHEAD};
pub use exchange::{
    Attribute, Body, Change, Cookie, Event, Exchange, FromPage, Life, Operation, Outcome, Request, Response, Retold,
    Session, SetCookie, StoreCall, What,
};
pub use hold::{Held, Holds};
pub use loopback_serve::{
    CONFLICT, Limits, Loopback, Parent, Ports, VISITORS, host, listen, local_hosts_only, log_to, log_to_stderr,
    log_to_stderr_with, same_origin_only, serve_within,
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
#[derive(Clone)]
pub struct Inspector {
    timeline: Arc<Timeline>,
    clock: Clock,
    holds: Holds<Operation>,
    app: again::App,
}

/// Without its fields, which hold session IDs and values. A derived implementation would also be compiled once more for
/// every app that has an observed store.
impl fmt::Debug for Inspector {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Inspector").finish_non_exhaustive()
    }
}

impl Default for Inspector {
    fn default() -> Self {
        let timeline = Arc::<Timeline>::default();
        let clock = Clock::recorded_on(timeline.clone());
        Self { timeline, clock, holds: Holds::default(), app: again::App::default() }
    }
}

impl Inspector {
    /// Returns the store for the app. It behaves like `store`, it is observed, and its records age by this inspector's
    /// clock.
    pub fn observe<S>(&self, store: S) -> Observed<S> {
        Observed::new(store, self.clone())
    }

    /// Returns the app with the inspector around it. The page sends requests to the app that was wrapped last, as long
    /// as it exists.
    ///
    /// If a handler panics, the answer has status 500 and the panic's message, so that the page can show the exchange.
    pub fn wrap(&self, app: Router) -> Router {
        self.app.remember(app.layer(middleware::from_fn_with_state(self.clone(), wall::watch)))
    }

    /// Returns the inspector's own page. Serve it at an origin of its own: a host name that the app does not have, or
    /// at least another port. It answers only to names of this machine.
    ///
    /// `frame_ancestors` are the pages that may show it in a frame, in the syntax of a content security policy:
    /// `'none'`, or an origin such as `http://workbook.localhost:*`.
    ///
    /// # Panics
    /// If `frame_ancestors` has a character that is not allowed in a header.
    pub fn page(&self, frame_ancestors: &str) -> Router {
        loopback_serve::any_local_host(page::routes(self.clone(), frame_ancestors))
    }

    /// Returns the clock that the observed store and the wrapped app's [`Clock`] arguments share.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Moves the clock forward by `by`, and reports that on the timeline.
    pub fn skip(&self, by: std::time::Duration) {
        self.clock.skip(by);
    }

    /// Makes the next store call of this kind wait until the result is dropped, for tests of overlapping requests. Only
    /// one call can be held at a time.
    pub fn hold(&self, operation: Operation) -> Held {
        self.holds.hold(operation, 0)
    }

    /// Returns copies of the events on the timeline, oldest first: at most 500.
    pub fn events(&self) -> Vec<Event> {
        self.timeline.since(0).iter().map(|noted| noted.event.clone()).collect()
    }

    /// Returns the exchanges on the timeline, oldest first.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges_since(0)
    }

    /// Returns the exchanges after the event with this number, oldest first.
    pub fn exchanges_since(&self, number: u64) -> Vec<Exchange> {
        let exchange = |event: &Event| match &event.what {
            What::Exchange(exchange) => Some((**exchange).clone()),
            _ => None,
        };
        self.timeline.since(number).iter().filter_map(|noted| exchange(&noted.event)).collect()
    }

    /// Returns the number of the newest event, or 0 if there was none.
    pub fn newest(&self) -> u64 {
        *self.timeline.watch().borrow()
    }

    /// Returns the letter of this cookie value on the timeline. A new value gets the next letter.
    pub fn label(&self, value: &str) -> String {
        self.timeline.label(value)
    }

    /// Removes every event. Cookie values keep their letters.
    pub fn clear(&self) {
        self.timeline.clear();
    }

    /// Returns the timeline as text for snapshots and books. The same exchanges give the same text in every run.
    pub fn transcript(&self) -> String {
        transcript::of(self.timeline.since(0).iter().map(|noted| &noted.event))
    }
}
