//! What connects the page that tells of a failure with the line of the log that has the details.

use std::fmt;

tokio::task_local! {
    static CURRENT: RequestId;
}

/// Names one request: sixteen hexadecimal digits, random, so that nobody learns from it how many there were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId(u64);

impl RequestId {
    /// The one of the request that this task answers; a new one where [`crate::unavailable::say`] has given it none.
    pub fn current() -> Self {
        CURRENT.try_with(|id| *id).unwrap_or_else(|_| Self::new())
    }

    pub(crate) fn new() -> Self {
        Self(rand::random())
    }

    /// Runs `future` as a part of the request with this ID.
    pub(crate) async fn scope<F: Future>(self, future: F) -> F::Output {
        CURRENT.scope(self, future).await
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
