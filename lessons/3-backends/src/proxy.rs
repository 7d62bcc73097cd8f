//! Sends one request to an instance, and has the sentence for the visitor if no answer comes.

mod head;

use std::{error::Error, iter, net::IpAddr, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{Request, StatusCode, request::Parts},
    response::Response,
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::time::timeout;
use tower_http::timeout::TimeoutBody;

pub use head::path;
use head::{for_instance, remove_hop_by_hop};

/// The maximum size of a request's body, in bytes. The load balancer stores the body in memory, so that it can send it
/// to another instance. The app's own forms have a few bytes.
pub const BODY: usize = 64 * 1024;

/// The times that the load balancer waits.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The maximum time to open a connection.
    pub connect: Duration,
    /// The maximum time for the head of an answer from one instance, for each further part of its body, and for the
    /// whole body of a visitor's request. A request that may be sent again waits at most this long for each instance.
    pub answer: Duration,
    /// The time for which the load balancer skips an instance that did not answer.
    pub rest: Duration,
}

impl Default for Limits {
    /// An answer may take longer than two calls of the store, a load and a save, at their [limit](crate::store::LIMIT),
    /// because an instance with a slow store does not hang. The rest of ten seconds is nginx's default
    /// (`fail_timeout`).
    fn default() -> Self {
        Self { connect: Duration::from_secs(1), answer: Duration::from_secs(3), rest: Duration::from_secs(10) }
    }
}

/// The status and the sentence for a visitor who gets no answer. The sentence reveals nothing about the instances.
pub type Refusal = (StatusCode, &'static str);

/// How an instance failed to answer. In all cases but the first, a program accepted the connection.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Lost {
    /// No program accepted the connection, so none has received the request.
    NotReached,
    /// The instance accepted the request, and the connection broke.
    BrokenOff,
    /// The instance accepted the request and did not answer in time.
    TooLate,
}

impl Lost {
    /// Returns the status and the sentence for the visitor.
    pub fn say(self, safe: bool) -> Refusal {
        match (self, safe) {
            (Self::NotReached, _) => (StatusCode::SERVICE_UNAVAILABLE, "no instance is running; start one at /_front"),
            (Self::BrokenOff, true) => {
                (StatusCode::BAD_GATEWAY, "no instance gave a complete answer; please try again")
            }
            (Self::TooLate, true) => (StatusCode::GATEWAY_TIMEOUT, "no instance answered in time; please try again"),
            (Self::BrokenOff, false) => (
                StatusCode::BAD_GATEWAY,
                "the connection to the instance broke, and it is not known whether your request was carried out; check \
                 before you try again",
            ),
            (Self::TooLate, false) => (
                StatusCode::GATEWAY_TIMEOUT,
                "the instance did not answer in time, and it is not known whether your request was or will be carried \
                 out; check before you try again",
            ),
        }
    }
}

/// Sends requests to instances on this machine.
#[derive(Clone, Debug)]
pub struct Proxy {
    client: Client<HttpConnector, Body>,
    limits: Limits,
}

impl Proxy {
    /// Creates a proxy with these limits.
    pub fn new(limits: Limits) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(limits.connect));
        // Each request has its own connection. A reused connection may have ended with its instance, and then it is
        // unknown whether the instance has read the request.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Self { client, limits }
    }

    /// Reads the whole body of a visitor's request.
    ///
    /// # Errors
    /// A refusal if the body is longer than [`BODY`], does not arrive in time, or breaks off.
    pub async fn whole(&self, body: Body) -> Result<Bytes, Refusal> {
        let refuse = |status: StatusCode, sentence: &'static str| Err((status, sentence));
        match timeout(self.limits.answer, Limited::new(body, BODY).collect()).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                refuse(StatusCode::PAYLOAD_TOO_LARGE, "a form here has at most 64 KiB")
            }
            Ok(Err(_)) => refuse(StatusCode::BAD_REQUEST, "the request broke off"),
            Err(_) => refuse(StatusCode::REQUEST_TIMEOUT, "the request did not arrive in time"),
        }
    }

    /// Sends the request to the instance at `port`. The answer's body is passed on as it arrives.
    ///
    /// # Errors
    /// How the instance failed. The details go to `tracing`.
    pub async fn send(&self, port: u16, visitor: IpAddr, parts: Parts, body: Bytes) -> Result<Response, Lost> {
        let request = Request::from_parts(for_instance(port, visitor, parts), Body::from(body));
        let (lost, reason) = match timeout(self.limits.answer, self.client.request(request)).await {
            Ok(Ok(response)) => {
                let mut response = response.map(|body| Body::new(TimeoutBody::new(self.limits.answer, body)));
                remove_hop_by_hop(response.headers_mut());
                return Ok(response);
            }
            Ok(Err(error)) if error.is_connect() => (Lost::NotReached, causes(&error)),
            Ok(Err(error)) => (Lost::BrokenOff, causes(&error)),
            Err(_) => (Lost::TooLate, format!("no answer within {:?}", self.limits.answer)),
        };
        tracing::error!(port, ?lost, reason, "an instance did not answer");
        Err(lost)
    }
}

/// Returns the error with its causes, because hyper's own text says only where it happened.
pub fn causes(error: &(dyn Error + 'static)) -> String {
    let causes = iter::successors(Some(error), |error| <dyn Error>::source(*error));
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
