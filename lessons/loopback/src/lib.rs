//! Serves an axum app to this machine alone. The session inspector, every lesson and the studio are served by it.
//!
//! # Layout
//!
//! - [`listen`]: a port on loopback. [`serve_within`]: a server with limits.
//! - [`local_hosts_only`], [`any_local_host`], [`at_its_own_name`]: which host names it answers to; [`visitor`]: whom a
//!   host name stands for.
//! - [`same_origin_only`], [`no_foreign_reader`]: which pages may change or read anything; [`guarded`]: a page that
//!   shows what nobody else is to read.
//! - [`Parent`]: another program that has started this one; [`Ports`]: what it is told.
//! - [`log_to_stderr`][]: where failures are told.

mod guarded;
mod hosts;
mod limits;
mod log;
mod loopback;
mod parent;
mod same_origin;
mod visitors;

pub use guarded::guarded;
pub use hosts::{INSPECTOR, any_local_host, at_its_own_name, host, local_hosts_only};
pub use limits::{Limits, serve_within};
pub use log::log_to_stderr;
pub use loopback::{Loopback, listen};
pub use parent::{Parent, Ports};
pub use same_origin::{no_foreign_reader, same_origin_only};
pub use visitors::{VISITORS, visitor};
