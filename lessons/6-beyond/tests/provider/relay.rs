//! Between the program and the provider: it passes everything on, and can put another ID token into an answer.

use std::{
    net::Ipv4Addr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Json, Router,
    body::to_bytes,
    extract::Request,
    response::{IntoResponse, Response},
};
use futures_util::{FutureExt, future::BoxFuture};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::real::{at, issuer};

pub struct Relay {
    port: u16,
    next: Arc<Mutex<Next>>,
    discoveries: Arc<AtomicUsize>,
}

/// What is special about the next request for tokens.
#[derive(Default)]
struct Next {
    instead: Option<String>,
    meanwhile: Option<BoxFuture<'static, ()>>,
}

impl Relay {
    /// In front of the provider at this port. It is at a port of its own, so the provider has another issuer there.
    pub async fn start(provider: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (next, discoveries) = (Arc::<Mutex<Next>>::default(), Arc::<AtomicUsize>::default());
        let (provider, nexts, counter) = (at(provider), next.clone(), discoveries.clone());
        let app = Router::new().fallback(async move |request: Request| {
            let path = request.uri().path();
            counter.fetch_add(path.ends_with("/openid-configuration").into(), Ordering::Relaxed);
            let is_token = path.ends_with("/token/");
            let Next { instead, meanwhile } =
                if is_token { std::mem::take(&mut *nexts.lock().unwrap()) } else { Next::default() };
            if let Some(meanwhile) = meanwhile {
                meanwhile.await;
            }
            let answer = provider.oneshot(request).await.unwrap_or_else(|never| match never {});
            match instead {
                Some(other) => with_token(answer, &other).await,
                None => answer,
            }
        });
        tokio::spawn(async { axum::serve(listener, app).await });
        Self { port, next, discoveries }
    }

    /// How many times the provider was asked what it offers.
    pub fn discoveries(&self) -> usize {
        self.discoveries.load(Ordering::Relaxed)
    }

    /// Before the token endpoint answers the next time, this happens.
    pub fn waits_for(&self, meanwhile: impl Future<Output = ()> + Send + 'static) {
        self.next.lock().unwrap().meanwhile = Some(meanwhile.boxed());
    }

    pub fn issuer(&self) -> String {
        issuer(self.port)
    }

    /// The next answer of the token endpoint has this ID token.
    pub fn answers_with(&self, id_token: &str) {
        self.next.lock().unwrap().instead = Some(id_token.to_owned());
    }
}

async fn with_token(answer: Response, id_token: &str) -> Response {
    let (status, body) = (answer.status(), to_bytes(answer.into_body(), 1 << 20).await.unwrap());
    let mut told: Value = serde_json::from_slice(&body).unwrap();
    assert!(told["id_token"].is_string(), "{told}");
    told["id_token"] = json!(id_token);
    (status, Json(told)).into_response()
}
