//! Serves an axum app to this machine only. The session inspector, every lesson and the studio use it.
//!
//! # Layout
//!
//! - [`listen`]: a port on loopback. [`serve_within`]: a server with limits.
//! - [`local_hosts_only`], [`any_local_host`], [`at_its_own_name`]: the host names that it answers; [`visitor`]: the
//!   visitor that a host name stands for.
//! - [`same_origin_only`], [`no_foreign_reader`]: the pages that may change or read anything; [`guarded`]: protection
//!   for a page that shows secrets.
//! - [`Parent`]: another program that has started this one; [`Ports`]: the ports that this one reports to it.
//! - [`log_to_stderr`], [`log_to_stderr_with`]: the log of failures.

mod guarded;
mod hosts;
mod limits;
mod log;
mod loopback;
mod parent;
mod same_origin;
mod visitors;

pub use guarded::guarded;
pub use hosts::{INSPECTOR, any_local_host, at_its_own_name, host, local_hosts_only, names_one_host};
pub use limits::{Limits, serve_within};
pub use log::{CONFLICT, log_to, log_to_stderr, log_to_stderr_with};
pub use loopback::{Loopback, listen};
pub use parent::{Parent, Ports};
pub use same_origin::{no_foreign_reader, same_origin_only};
pub use visitors::{VISITORS, visitor};
