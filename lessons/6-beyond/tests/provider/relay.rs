//! Between the program and the provider: it passes everything on, and can put another ID token into an answer.

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    body::to_bytes,
    extract::Request,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::real::{at, issuer};

pub struct Relay {
    port: u16,
    instead: Arc<Mutex<Option<String>>>,
}

impl Relay {
    /// In front of the provider at this port. It is at a port of its own, so the provider has another issuer there.
    pub async fn start(provider: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let instead = Arc::<Mutex<Option<String>>>::default();
        let (provider, puts) = (at(provider), instead.clone());
        let app = Router::new().fallback(async move |request: Request| {
            let is_token = request.uri().path().ends_with("/token/");
            let answer = provider.oneshot(request).await.unwrap_or_else(|never| match never {});
            let other = if is_token { puts.lock().unwrap().take() } else { None };
            match other {
                Some(other) => with_token(answer, &other).await,
                None => answer,
            }
        });
        tokio::spawn(async { axum::serve(listener, app).await });
        Self { port, instead }
    }

    pub fn issuer(&self) -> String {
        issuer(self.port)
    }

    /// The next answer of the token endpoint has this ID token.
    pub fn answers_with(&self, id_token: &str) {
        *self.instead.lock().unwrap() = Some(id_token.to_owned());
    }
}

async fn with_token(answer: Response, id_token: &str) -> Response {
    let (status, body) = (answer.status(), to_bytes(answer.into_body(), 1 << 20).await.unwrap());
    let mut told: Value = serde_json::from_slice(&body).unwrap();
    assert!(told["id_token"].is_string(), "{told}");
    told["id_token"] = json!(id_token);
    (status, Json(told)).into_response()
}
