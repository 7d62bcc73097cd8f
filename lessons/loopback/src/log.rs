//! Where failures are told that no page tells.

use std::io;

/// Writes what goes wrong to standard error, from now on: pages do not say what a backend says, and tower-sessions tells
/// its failures nowhere else. Does nothing where a log is written already.
pub fn log_to_stderr() {
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::ERROR).with_writer(io::stderr);
    let _ = log.try_init();
}
