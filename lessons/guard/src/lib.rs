//! What tower-sessions leaves to its user when requests of one session overlap.
//!
//! # Layout
//!
//! - [`Scope`]: what one request knows of the sessions it has met; a task-local value.
//! - [`version`]: compare-and-swap: a store refuses a save that is based on a stale load.

mod scope;
pub mod version;

pub use scope::Scope;
