//! Login with OpenID Connect: the code flow, with PKCE, `state` and `nonce`.
//!
//! - `provider`: a small provider at `id.localhost`, which is part of this program, so that the demo needs no other.
//! - `registration`: the registration of this program, at this provider or at another one; `network`: requests to
//!   another provider; `discovery`: its endpoints and keys.
//! - `client`: the start of a login, and its answer; `id_token`: the token in it; `checks`: the checks of the answer,
//!   each of which a test can leave out.
//! - `accounts`: the account of each subject of the provider; `deletion`: the end of one.
//! - `logout`: the logout, here and at the provider; `logout_token`: the token that reports one.

mod accounts;
mod checks;
mod client;
mod deletion;
mod discovery;
mod id_token;
mod logout;
mod logout_token;
mod network;
mod provider;
mod registration;

use std::{convert::Infallible, sync::Arc, time::SystemTime};

use axum::{
    Router,
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, request::Parts},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use session_inspector::Clock;
use tower::ServiceExt;
use tower_http::csrf::CsrfLayer;

use accounts::Accounts;
pub use checks::ClientChecks;
use discovery::Discovery;
use provider::Provider;
pub use registration::Registration;

/// The first label of the provider's host. The rest is the host of the program: `localhost`, or a visitor's name below
/// it.
const PROVIDER: &str = "id.";

/// The state of the client and the provider. Clones share it.
#[derive(Clone)]
pub(crate) struct Elsewhere(Arc<Inner>);

struct Inner {
    checks: ClientChecks,
    provider: Provider,
    /// The registration at another provider, which replaces the provider in this program.
    registration: Option<Registration>,
    discovery: Discovery,
    accounts: Accounts,
}

impl Elsewhere {
    /// Uses the provider in this program.
    pub(crate) fn new(checks: ClientChecks) -> Self {
        Self::with(checks, None)
    }

    /// Uses the provider of this registration.
    pub(crate) fn at(registration: Registration) -> Self {
        Self::with(ClientChecks::ALL, Some(registration))
    }

    fn with(checks: ClientChecks, registration: Option<Registration>) -> Self {
        Self(Arc::new(Inner {
            checks,
            provider: Provider::default(),
            registration,
            discovery: Discovery::default(),
            accounts: Accounts::default(),
        }))
    }

    fn registration(&self, here: &Here) -> Result<Registration, url::ParseError> {
        let Inner { provider, registration, .. } = &*self.0;
        registration.clone().map_or_else(|| provider.registration(here), Ok)
    }

    /// Returns the time at the provider. The provider in this program has this program's clock, which the inspector can
    /// move. Another provider has a clock of its own.
    fn time_at_provider(&self, here: &Here) -> DateTime<Utc> {
        if self.0.registration.is_some() { Utc::now() } else { here.now() }
    }

    pub(crate) fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new()
            .route("/elsewhere", get(client::view))
            .route("/elsewhere/login", post(client::begin))
            .route("/elsewhere/back", get(client::back))
            .route("/elsewhere/delete", post(deletion::delete))
            .route("/elsewhere/logout", post(logout::here))
            .route("/elsewhere/logout/everywhere", post(logout::everywhere))
            .layer(CsrfLayer::new()) // for the forms; the provider redirects back with a GET, which passes
            .with_state(self.clone())
    }

    /// Returns the program behind both hosts: `pages` and the provider. Direct requests from the provider have no
    /// session.
    pub(crate) fn beside(&self, pages: Router) -> Router {
        let back_channel = Router::new().route("/elsewhere/ended", post(logout::back_channel)).with_state(self.clone());
        let pages = pages.merge(back_channel.clone());
        if self.0.registration.is_some() {
            return pages;
        }
        let hosts = Hosts { provider: self.0.provider.routes(back_channel), pages };
        Router::new().fallback(by_host).with_state(hosts)
    }
}

#[derive(Clone)]
struct Hosts {
    provider: Router,
    pages: Router,
}

async fn by_host(State(hosts): State<Hosts>, request: Request) -> Response {
    let (name, _) = session_inspector::host(request.headers());
    let part = if name.starts_with(PROVIDER) { hosts.provider } else { hosts.pages };
    part.oneshot(request).await.into_response()
}

/// The origins of this program and its provider, at the port of this request, and the clock of this program.
struct Here {
    own: String,
    provider: String,
    /// Whether the request came to this program at its own host name.
    is_own: bool,
    clock: Clock,
}

impl<S: Sync> FromRequestParts<S> for Here {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let clock = Clock::from_request_parts(parts, state).await?;
        Ok(Self::of(&parts.headers, clock))
    }
}

impl Here {
    fn of(headers: &HeaderMap, clock: Clock) -> Self {
        let (name, port) = session_inspector::host(headers);
        let own = name.strip_prefix(PROVIDER).unwrap_or(&name);
        // An IP address has no names below it.
        let own = if own.ends_with("localhost") { own } else { "localhost" };
        let is_own = own == name;
        Self { own: format!("http://{own}{port}"), provider: format!("http://{PROVIDER}{own}{port}"), is_own, clock }
    }

    /// Returns the address to which the provider redirects a visitor after a login.
    fn back(&self) -> String {
        format!("{}/elsewhere/back", self.own)
    }

    /// Returns the page with the login, to which the provider redirects a visitor after a logout.
    fn home(&self) -> String {
        format!("{}/elsewhere", self.own)
    }

    /// Returns the time on the clock of this program, in the type that `openidconnect` expects.
    fn now(&self) -> DateTime<Utc> {
        SystemTime::from(self.clock.now()).into()
    }
}

#[cfg(test)]
mod tests {
    use axum::{
        body::Body,
        http::{StatusCode, header::HOST},
    };

    use super::*;

    #[tokio::test]
    async fn a_program_that_uses_another_provider_is_no_provider_itself() {
        let there = Registration::new("http://localhost:9000", "shop", "secret").unwrap();
        for (elsewhere, status) in
            [(Elsewhere::new(ClientChecks::ALL), StatusCode::OK), (Elsewhere::at(there), StatusCode::NOT_FOUND)]
        {
            let request = Request::get("/.well-known/openid-configuration").header(HOST, "id.localhost:4006");
            let request = request.body(Body::empty()).unwrap();
            assert_eq!(elsewhere.beside(Router::new()).oneshot(request).await.unwrap().status(), status);
        }
    }

    #[test]
    fn the_provider_is_below_the_host_of_the_program() {
        for (host, own, provider) in [
            ("localhost:4006", "http://localhost:4006", "http://id.localhost:4006"),
            ("id.localhost:4006", "http://localhost:4006", "http://id.localhost:4006"),
            ("bob.localhost", "http://bob.localhost", "http://id.bob.localhost"),
            ("127.0.0.1:4006", "http://localhost:4006", "http://id.localhost:4006"),
            ("[::1]:4006", "http://localhost:4006", "http://id.localhost:4006"),
            (
                "id.lesson-6.workbook.localhost:4000",
                "http://lesson-6.workbook.localhost:4000",
                "http://id.lesson-6.workbook.localhost:4000",
            ),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            let here = Here::of(&headers, Clock::default());
            assert_eq!((here.own.as_str(), here.provider.as_str()), (own, provider), "{host}");
        }
    }
}
