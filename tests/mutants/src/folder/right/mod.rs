//! Other right answers to exercise 5.

pub(super) mod dates;
pub(super) mod folders;
pub(super) mod lines;
pub(super) mod one_file;
pub(super) mod strict;
pub(super) mod tokio_fs;

use sha2::{Digest, Sha256};
use tower_sessions::session_store::Error;

/// A name for a session that does not tell its ID.
pub(super) fn hidden(id: &impl ToString) -> String {
    format!("{:x}", Sha256::digest(id.to_string()))
}

fn failed(error: impl ToString) -> Error {
    Error::Backend(error.to_string())
}
