//! Login with OpenID Connect: the code flow, with PKCE, `state` and `nonce`.
//!
//! - `provider`: a small provider at `id.localhost`, which is part of this program, so that the demo needs no other.
//! - `registration`: the registration of this program, at this provider or at another one; `network`: requests to
//!   another provider; `discovery`: its endpoints and keys.
//! - `client`: the start of a login, and its answer; `checks`: the checks of the answer, each of which a test can leave
//!   out.
//! - `accounts`: the account of each subject of the provider; `logout`: the logout, here and at the provider.

mod accounts;
mod checks;
mod client;
mod discovery;
mod logout;
mod network;
mod provider;
mod registration;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::{get, post},
};
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

    fn registration(&self, origins: &Origins) -> Result<Registration, url::ParseError> {
        let Inner { provider, registration, .. } = &*self.0;
        registration.clone().map_or_else(|| provider.registration(origins), Ok)
    }

    pub(crate) fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new()
            .route("/elsewhere", get(client::view))
            .route("/elsewhere/login", post(client::begin))
            .route("/elsewhere/back", get(client::back))
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

/// The origins of this program and its provider, at the port of this request.
struct Origins {
    own: String,
    provider: String,
}

impl Origins {
    fn of(headers: &HeaderMap) -> Self {
        let (name, port) = session_inspector::host(headers);
        let own = name.strip_prefix(PROVIDER).unwrap_or(&name);
        // An IP address has no names below it.
        let own = if own.ends_with("localhost") { own } else { "localhost" };
        Self { own: format!("http://{own}{port}"), provider: format!("http://{PROVIDER}{own}{port}") }
    }

    /// Returns the address to which the provider redirects a visitor after a login.
    fn back(&self) -> String {
        format!("{}/elsewhere/back", self.own)
    }

    /// Returns the page with the login, to which the provider redirects a visitor after a logout.
    fn home(&self) -> String {
        format!("{}/elsewhere", self.own)
    }

    /// Whether a request with these headers came to this program at its own host name.
    fn is_own(&self, headers: &HeaderMap) -> bool {
        let (name, port) = session_inspector::host(headers);
        self.own == format!("http://{name}{port}")
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
            let origins = Origins::of(&headers);
            assert_eq!((origins.own.as_str(), origins.provider.as_str()), (own, provider), "{host}");
        }
    }
}
