//! Signing in elsewhere: OpenID Connect, with the code flow, PKCE, `state` and `nonce`.
//!
//! - `provider`: a small provider at `id.localhost`, which is a part of this program so that the demo needs no other.
//! - `client`: how a login begins, and how it comes back; `care`: what is checked then, so that a test can leave it out.
//! - `accounts`: whose account a subject of the provider opens; `goodbye`: the end, here and there.

mod accounts;
mod care;
mod client;
mod goodbye;
mod provider;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tower::ServiceExt;

use accounts::Accounts;
pub use care::Care;
use provider::Provider;

/// The host of this program's own pages. The provider leads to no other one.
const HOST: &str = "localhost";
/// The host of the provider.
const PROVIDER: &str = "id.localhost";

/// What a login needs. Clones are the same.
#[derive(Clone)]
pub(crate) struct Elsewhere(Arc<Inner>);

struct Inner {
    care: Care,
    provider: Provider,
    accounts: Accounts,
}

impl Elsewhere {
    pub(crate) fn new(care: Care) -> Self {
        Self(Arc::new(Inner { care, provider: Provider::default(), accounts: Accounts::default() }))
    }

    pub(crate) fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new()
            .route("/elsewhere", get(client::view))
            .route("/elsewhere/login", post(client::begin))
            .route("/elsewhere/back", get(client::back))
            .route("/elsewhere/logout", post(goodbye::here))
            .with_state(self.clone())
    }

    /// The program behind both hosts: `pages`, and the provider. What the provider sends by itself reaches no session.
    pub(crate) fn beside(&self, pages: Router) -> Router {
        let told = Router::new().route("/elsewhere/ended", post(goodbye::there)).with_state(self.clone());
        let hosts = Hosts { provider: self.0.provider.routes(told.clone()), pages: pages.merge(told) };
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
    let part = if name == PROVIDER { hosts.provider } else { hosts.pages };
    part.oneshot(request).await.into_response()
}

/// This program and its provider, at the port of this request.
struct Origins {
    own: String,
    provider: String,
}

impl Origins {
    fn of(headers: &HeaderMap) -> Self {
        let (_, port) = session_inspector::host(headers);
        Self { own: format!("http://{HOST}{port}"), provider: format!("http://{PROVIDER}{port}") }
    }

    /// Where the provider sends a visitor back to.
    fn back(&self) -> String {
        format!("{}/elsewhere/back", self.own)
    }
}
