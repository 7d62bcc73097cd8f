//! Makes overlapping requests of one session safe, which tower-sessions leaves to its user.
//!
//! ```text
//! let sessions = SessionManagerLayer::new(Guarded::new(store)).with_name(COOKIE);
//! let app = pages
//!     .layer(from_fn_with_state(Renewal::new(every), Renewal::renew)) // if IDs are to be renewed
//!     .layer(sessions)
//!     .layer(from_fn_with_state(Guard::new(COOKIE), guard));
//! ```
//!
//! [`guard`](guard()) and the session layer answer some requests themselves, with 409, 400 or 500. So a layer that
//! every answer needs, such as one for CORS, belongs outside them. Inside them, it would miss those answers, and a
//! script of another origin could not read them.
//!
//! - A save that is based on a stale load is refused as a conflict, and the request runs again where that is safe
//!   ([`run_again`]). Otherwise the visitor gets a message.
//! - A save never brings back a session that has ended.
//! - A change of the session's ID ([`renew_id`], [`replace_id`]) does not disturb requests that are still running with
//!   the old one, and none of them gets a cookie that would overwrite the new one.
//!
//! # Layout
//!
//! - [`Scope`]: the sessions that one request has used, as a task-local value.
//! - [`version`]: compare-and-swap: a store refuses a save that is based on a stale load.
//! - [`Guarded`]: any store, with these rules; `marker`: the entry under an ID that has ended.
//! - [`guard`](guard()): the outermost layer: it opens the scope, runs a request again, and answers after a failure.
//! - [`readable_cookies`]: drops cookies that imitate or hide others.
//! - [`Renewal`]: a new ID at regular intervals.

mod cookies;
mod guard;
mod marker;
mod renewal;
mod scope;
mod store;
pub mod version;

pub use cookies::readable_cookies;
pub use guard::{Guard, guard, may_run_again, run_again};
pub use renewal::{Renewal, renew_id, replace_id};
pub use scope::{Scope, note_failure};
pub use store::Guarded;
