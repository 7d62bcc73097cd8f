//! A load balancer in front of several instances of the app: each request goes to the next instance.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Instant,
};

use axum::{
    Router,
    extract::{ConnectInfo, Request, State},
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use lesson_page::{Failure, Path};
use minijinja::{context, value::Serde};
use tower_http::csrf::{CsrfLayer, ProtectionError};

use crate::{
    balancer::Balancer,
    instance::Instances,
    page::PAGES,
    proxy::{self, Limits, Lost, Proxy, Refusal},
};

/// The shared state of the load balancer.
#[derive(Clone)]
struct Front {
    balancer: Arc<Balancer>,
    ports: Arc<[u16]>,
    proxy: Proxy,
}

/// Creates a load balancer for these instances. It sends each request to one of them, except for its own page,
/// `/_front`.
///
/// Serve it with [`ConnectInfo`], from which it takes the visitor's address.
pub fn front(instances: Instances, limits: Limits) -> Router {
    let front = Front::before(instances.ports(), limits);
    Router::new()
        .route("/_front", get(page))
        .route("/_front/{number}/kill", post(kill))
        .route("/_front/{number}/start", post(start))
        // Only this page's own buttons may end and start programs, and no page of another site.
        .route_layer(CsrfLayer::new().with_rejection_response(refused as fn(_) -> _))
        .with_state((front.clone(), instances))
        .fallback_service(front.router())
}

/// Creates a load balancer for the programs that listen on these ports of this machine, without a page of its own.
/// Serve it like [`front`].
pub fn balance(ports: &[u16], limits: Limits) -> Router {
    Front::before(ports, limits).router()
}

impl Front {
    fn before(ports: &[u16], limits: Limits) -> Self {
        let balancer = Arc::new(Balancer::new(ports.len(), limits.rest));
        Self { balancer, ports: ports.into(), proxy: Proxy::new(limits) }
    }

    fn router(self) -> Router {
        Router::new().fallback(pass_on).with_state(self)
    }
}

async fn pass_on(
    State(front): State<Front>,
    ConnectInfo(visitor): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    if proxy::path(request.uri()).is_none() {
        return (StatusCode::BAD_REQUEST, "a request here asks for a path, such as /").into_response();
    }
    front.try_each(visitor.ip(), request).await.unwrap_or_else(IntoResponse::into_response)
}

impl Front {
    // ANCHOR: pass_on
    /// Sends the request to one instance after the other until one answers, at most once to each.
    async fn try_each(&self, visitor: IpAddr, request: Request) -> Result<Response, Refusal> {
        let (parts, body) = request.into_parts();
        let body = self.proxy.whole(body).await?;
        // A safe method, such as GET, only reads (RFC 9110, section 9.2.1), so the request may be sent again.
        let safe = parts.method.is_safe();
        let mut lost = Lost::NotReached;
        for index in self.balancer.order(safe, Instant::now()) {
            match self.proxy.send(self.ports[index], visitor, parts.clone(), body.clone()).await {
                Ok(response) => {
                    self.balancer.answered(index);
                    return Ok(response);
                }
                Err(how) => {
                    self.balancer.failed(index, Instant::now());
                    lost = lost.max(how);
                }
            }
            // This instance may still carry out the request, and a second one would carry it out again.
            if !safe && lost != Lost::NotReached {
                break;
            }
        }
        Err(lost.say(safe))
    }
    // ANCHOR_END: pass_on
}

async fn page(State((front, instances)): State<(Front, Instances)>) -> Result<Html<String>, Failure> {
    let resting: Vec<_> = (0..front.ports.len()).map(|index| front.balancer.is_resting(index)).collect();
    PAGES.render("front.html", context! { instances => Serde(instances.state().await), resting })
}

fn refused(_: ProtectionError) -> Response {
    (StatusCode::FORBIDDEN, "this request did not come from the page at /_front, so nothing was done").into_response()
}

async fn kill(State((_, instances)): State<(Front, Instances)>, Path(number): Path<usize>) -> Response {
    match instances.kill(number).await {
        Ok(()) => Redirect::to("/_front").into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn start(State((front, instances)): State<(Front, Instances)>, Path(number): Path<usize>) -> Response {
    match instances.start(number).await {
        Ok(()) => {
            front.balancer.answered(number - 1);
            Redirect::to("/_front").into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}
