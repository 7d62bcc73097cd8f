//! Other right answers to exercise 3.

pub(super) mod booleans;
pub(super) mod extractor;
pub(super) mod loose;
pub(super) mod middleware;
pub(super) mod one_handler;
pub(super) mod one_page;

use tower_sessions::{Expiry, cookie::time::Duration};

fn a_week() -> Expiry {
    Expiry::OnInactivity(Duration::weeks(1))
}
