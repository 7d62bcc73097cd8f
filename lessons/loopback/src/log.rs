//! The log for failures that no page shows.

use std::io;

/// Starts a log of failures on standard error. Pages do not show a backend's errors, and tower-sessions reports its
/// failures nowhere else. Does nothing if there already is a log.
pub fn log_to_stderr() {
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::ERROR).with_writer(io::stderr);
    let _ = log.try_init();
}
