//! An ID that connects an error page with the line in the log that has the details.

use std::fmt;

tokio::task_local! {
    static CURRENT: RequestId;
}

/// The ID of one request: sixteen hexadecimal digits. It is random, so that it does not reveal the number of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId(u64);

impl RequestId {
    /// The ID of the request that this task answers, or a new ID if [`crate::unavailable::say`] has not set one.
    pub fn current() -> Self {
        CURRENT.try_with(|id| *id).unwrap_or_else(|_| Self::new())
    }

    pub(crate) fn new() -> Self {
        Self(rand::random())
    }

    /// Runs `future` as part of the request with this ID.
    pub(crate) async fn scope<F: Future>(self, future: F) -> F::Output {
        CURRENT.scope(self, future).await
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
