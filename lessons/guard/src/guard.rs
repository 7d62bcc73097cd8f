//! The outermost layer of sessions. It opens the scope of a request, runs the request again after a conflict if that is
//! safe, prevents an old cookie from overwriting a newer one, and answers requests that conflict with another one.

use axum::{
    body::{Body, HttpBody, to_bytes},
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CONTENT_LENGTH, SET_COOKIE, TRANSFER_ENCODING},
        request::Parts,
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use session_inspector::Clock;

use crate::{
    cookies::leave_readable_cookies,
    renewal::RealStatus,
    scope::{self, Failure, Scope},
};

/// The maximum length of the body of a request that may run again, in bytes.
const LONGEST_BODY: usize = 64 * 1024;
/// The maximum number of runs of one request. In each round, one of several conflicting requests succeeds.
const RUNS: usize = 40;

/// Settings of [`guard`](guard()).
#[derive(Clone, Debug)]
pub struct Guard {
    cookie: &'static str,
}

impl Guard {
    /// Creates the settings for sessions whose ID is in the cookie with this name.
    pub fn new(cookie: &'static str) -> Self {
        Self { cookie }
    }
}

// ANCHOR: guard
/// The middleware outside the session layer. Use it with `from_fn_with_state`.
pub async fn guard(State(settings): State<Guard>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    leave_readable_cookies(&mut parts.headers);
    if !is_short(&parts, &body) {
        return settings.run(parts, body, next).await.0;
    }
    let Ok(body) = to_bytes(body, LONGEST_BODY).await else {
        return (StatusCode::BAD_REQUEST, "The request broke off.\n").into_response();
    };
    let is_safe = parts.method.is_safe();
    let mut runs = 0;
    loop {
        runs += 1;
        let (response, failure, may_run_again) =
            settings.run(parts.clone(), Body::from(body.clone()), next.clone()).await;
        // ANCHOR: runs_again
        let runs_again = match failure {
            Some(Failure::Conflict) => is_safe || may_run_again,
            Some(Failure::Gone) => is_safe,
            _ => false,
        };
        if !runs_again || runs == RUNS {
            return response;
        }
        wait_a_little(runs).await;
        // ANCHOR_END: runs_again
    }
}
// ANCHOR_END: guard

impl Guard {
    /// Runs the request once. Returns the answer, the failure of the store if there was one, and whether the request
    /// may run again.
    async fn run(&self, parts: Parts, body: Body, next: Next) -> (Response, Option<Failure>, bool) {
        let clock = parts.extensions.get::<Clock>().cloned().unwrap_or_default();
        let scope = Scope::at(clock, parts.method.is_safe());
        let mut response = scope.run(next.run(Request::from_parts(parts, body))).await;
        if let Some(RealStatus(status)) = response.extensions_mut().remove() {
            *response.status_mut() = status;
        }
        let state = scope.state();
        if response.status().is_server_error()
            && let Some(answer) = state.failure.and_then(answer)
        {
            response = answer;
        }
        if (state.met_tombstone || !state.led_to.is_empty()) && !state.has_created {
            remove_cookie(response.headers_mut(), self.cookie);
        }
        (response, state.failure, state.may_run_again)
    }
}

/// Sets whether the rest of this request may run again after a conflict. It may run again as long as it has changed
/// nothing but its session.
pub fn may_run_again(may: bool) {
    scope::with(|state| state.may_run_again = may);
}

/// Marks the requests of some routes as safe to run again. Use it with `from_fn`, as a `route_layer` of routes that
/// change nothing but the session, or that have the same effect when they run twice.
pub async fn run_again(request: Request, next: Next) -> Response {
    may_run_again(true);
    next.run(request).await
}

/// The answer to a visitor whose request conflicted with another one, or `None` for the failure of a backend.
fn answer(failure: Failure) -> Option<Response> {
    let sentence = match failure {
        Failure::Backend => return None,
        Failure::Conflict => {
            "Another request changed your session at the same moment, so the changes of this one were not saved. Load \
             the page again before you repeat it.\n"
        }
        Failure::Gone => "Your session has ended meanwhile, so the changes of this request were not saved.\n",
        Failure::JustEnded => {
            "You have just logged in, logged out or changed your password, and this request was sent before that, so \
             nothing of it was saved. Load the page again and repeat it.\n"
        }
    };
    Some((StatusCode::CONFLICT, sentence).into_response())
}

/// Whether the body is known to be short enough to be stored for another run.
fn is_short(Parts { method, headers, .. }: &Parts, body: &Body) -> bool {
    let said = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    // A request with neither header has no body (RFC 9112, section 6.3), even if a layer has wrapped one around it.
    let none = (method.is_safe() && !headers.contains_key(TRANSFER_ENCODING)).then_some(0);
    said.or(body.size_hint().upper()).or(none).is_some_and(|length: u64| length <= LONGEST_BODY as u64)
}

fn remove_cookie(headers: &mut HeaderMap, name: &str) {
    let is_other = |cookie: &&HeaderValue| {
        let rest = cookie.as_bytes().strip_prefix(name.as_bytes());
        !rest.is_some_and(|rest| rest.starts_with(b"="))
    };
    let others: Vec<_> = headers.get_all(SET_COOKIE).iter().filter(is_other).cloned().collect();
    headers.remove(SET_COOKIE);
    others.into_iter().for_each(|cookie| _ = headers.append(SET_COOKIE, cookie));
}

/// Waits for a random time of at most 32 milliseconds, so that conflicting requests do not collide again.
async fn wait_a_little(runs: usize) {
    let most = 1 << runs.min(5);
    tokio::time::sleep(std::time::Duration::from_millis(rand::random_range(0..=most))).await;
}
