//! The reasons why an instance was not started or ended.

use std::fmt;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

/// The reason why a command to an instance failed.
#[derive(Debug)]
pub enum Refusal {
    /// There are only `count` instances.
    NoSuchInstance {
        /// The requested number.
        number: usize,
        /// The number of instances.
        count: usize,
    },
    /// While the instance was down, another program began to listen on its port.
    PortTaken {
        /// The instance.
        number: usize,
        /// Its port.
        port: u16,
    },
    /// The instance did not start, or did not end. The reason may contain a path or an address, so show it only in a
    /// terminal.
    Failed {
        /// The instance and the action that failed.
        what: String,
        /// The reason.
        reason: String,
    },
}

impl Refusal {
    pub(super) fn not_started(number: usize, reason: impl fmt::Display) -> Self {
        Self::Failed { what: format!("instance {number} did not start"), reason: reason.to_string() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchInstance { number, count } => {
                write!(formatter, "there is no instance {number}; there are {count}")
            }
            Self::PortTaken { number, port } => write!(
                formatter,
                "instance {number} cannot start, because another program now listens on port {port}; \
                 end that program and try again"
            ),
            Self::Failed { what, reason } => write!(formatter, "{what}: {reason}"),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::NoSuchInstance { .. } => (StatusCode::NOT_FOUND, self.to_string()).into_response(),
            Self::PortTaken { .. } => (StatusCode::CONFLICT, self.to_string()).into_response(),
            Self::Failed { what, reason } => {
                tracing::error!(reason, "{what}");
                (StatusCode::INTERNAL_SERVER_ERROR, what).into_response()
            }
        }
    }
}
