//! Requests of the client to another provider, over the network.

use std::{future::ready, io, net::IpAddr, pin::Pin, sync::Arc, time::Duration};

use axum::{
    body::{Body, to_bytes},
    http::Request,
};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::{
    client::legacy::{Client, ResponseFuture},
    rt::TokioExecutor,
};
use openidconnect::{HttpRequest, HttpResponse};
use tokio::time::timeout;
use url::Url;

/// The maximum size of an answer, in bytes. A discovery document or a set of keys has a few thousand.
pub(super) const LONGEST: usize = 64 * 1024;
/// The time that the provider may take for an answer, because a visitor waits for it.
const LIMIT: Duration = Duration::from_secs(10);

/// The future of an answer.
pub(super) type HttpFuture = Pin<Box<dyn Future<Output = io::Result<HttpResponse>> + Send>>;
/// The function that sends a request to a provider.
pub(super) type Http = Arc<dyn Fn(HttpRequest) -> HttpFuture + Send + Sync>;

// ANCHOR: network
/// Creates a function that sends requests over the network. It does not follow redirects.
///
/// # Errors
/// The issuer has an `https` address, and this machine trusts no certificate authority.
pub(super) fn over_network(issuer: &Url) -> io::Result<Http> {
    let mut builder = Client::builder(TokioExecutor::new());
    // Each request has its own connection, because a reused one may have ended with its server.
    builder.pool_max_idle_per_host(0);
    if issuer.scheme() == "http" {
        let client = builder.build_http();
        return Ok(Arc::new(move |request| within_limits(request, |request| client.request(request))));
    }
    let connector = HttpsConnectorBuilder::new().with_native_roots()?.https_only().enable_http1().build();
    let client = builder.build(connector);
    Ok(Arc::new(move |request| within_limits(request, |request| client.request(request))))
}
// ANCHOR_END: network

fn within_limits(request: HttpRequest, send: impl FnOnce(Request<Body>) -> ResponseFuture) -> HttpFuture {
    // The discovery document names the endpoints, and one of them receives the secret.
    if !Url::parse(&request.uri().to_string()).is_ok_and(|url| is_confidential(&url)) {
        return Box::pin(ready(Err(io::Error::other("an endpoint is neither at https nor on this machine"))));
    }
    let answer = send(request.map(Body::from));
    let whole = async {
        let (parts, body) = answer.await.map_err(io::Error::other)?.into_parts();
        let body = to_bytes(Body::new(body), LONGEST).await.map_err(io::Error::other)?;
        Ok(HttpResponse::from_parts(parts, body.to_vec()))
    };
    Box::pin(async { timeout(LIMIT, whole).await? })
}

/// Whether nobody between this program and that address can read the request.
pub(super) fn is_confidential(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let is_local = || match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost",
    };
    url.scheme() == "https" || url.scheme() == "http" && is_local()
}

#[cfg(test)]
mod tests {
    use std::{future::pending, net::Ipv4Addr};

    use axum::{Router, http::StatusCode, response::Redirect, routing::get};
    use tokio::net::TcpListener;

    use super::*;

    /// Returns the answer of a provider on this machine, for a test.
    async fn ask(path: &str) -> io::Result<HttpResponse> {
        let app = Router::new()
            .route("/long", get("k".repeat(LONGEST)))
            .route("/too-long", get("k".repeat(LONGEST + 1)))
            .route("/moved", get(Redirect::to("/long")))
            .route("/never", get(async || pending::<()>().await));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let issuer = format!("http://{}", listener.local_addr()?);
        tokio::spawn(async { axum::serve(listener, app).await });
        asked_at(&issuer, &format!("{issuer}{path}")).await
    }

    async fn asked_at(issuer: &str, endpoint: &str) -> io::Result<HttpResponse> {
        let http = over_network(&issuer.parse().unwrap())?;
        http(Request::get(endpoint).body(Vec::new()).unwrap()).await
    }

    #[tokio::test]
    async fn an_answer_has_a_longest_length_and_leads_to_no_other_address() {
        assert_eq!(ask("/long").await.unwrap().body().len(), LONGEST);
        assert!(ask("/too-long").await.is_err());
        assert_eq!(ask("/moved").await.unwrap().status(), StatusCode::SEE_OTHER);
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_does_not_answer_is_given_up() {
        assert_eq!(ask("/never").await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn no_endpoint_gets_a_secret_in_clear_over_a_network() {
        let refused = asked_at("http://localhost:9", "http://192.0.2.1/token").await.unwrap_err();
        assert!(refused.to_string().contains("neither at https nor on this machine"), "{refused}");
    }
}
