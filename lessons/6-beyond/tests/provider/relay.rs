//! A relay between the program and the provider. It passes everything on, and can replace the ID token in an answer.

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

/// How the relay changes the next request for tokens.
#[derive(Default)]
struct Next {
    instead: Option<String>,
    meanwhile: Option<BoxFuture<'static, ()>>,
}

impl Relay {
    /// Starts a relay in front of the provider at this port. The relay has another port, so the issuer is different.
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

    /// Returns the number of requests for the provider's metadata.
    pub fn discoveries(&self) -> usize {
        self.discoveries.load(Ordering::Relaxed)
    }

    /// Runs `meanwhile` before the next answer of the token endpoint.
    pub fn waits_for(&self, meanwhile: impl Future<Output = ()> + Send + 'static) {
        self.next.lock().unwrap().meanwhile = Some(meanwhile.boxed());
    }

    pub fn issuer(&self) -> String {
        issuer(self.port)
    }

    /// Puts this ID token into the next answer of the token endpoint.
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
