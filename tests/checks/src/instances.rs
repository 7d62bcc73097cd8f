//! Several instances of one app, as behind a load balancer.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Router, extract::Request};
use tower::{ServiceExt, service_fn};

/// The number of instances.
const INSTANCES: usize = 3;

/// Three instances of this app over one store. They take turns: each request goes to the next one.
pub fn instances<S: Clone>(app: impl Fn(S) -> Router) -> impl Fn(S) -> Router {
    move |store| {
        let all: [Router; INSTANCES] = std::array::from_fn(|_| app(store.clone()));
        let next = Arc::new(AtomicUsize::new(0));
        Router::new().fallback_service(service_fn(move |request: Request| {
            let turn = next.fetch_add(1, Ordering::Relaxed) % INSTANCES;
            all[turn].clone().oneshot(request)
        }))
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, extract::State, http::Method, routing::post};
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn each_request_goes_to_the_next_instance() {
        let started = AtomicUsize::new(0);
        let app = instances(|store: &str| {
            let own = format!("{store} {}", started.fetch_add(1, Ordering::Relaxed));
            Router::new().route("/", post(|State(own): State<String>| async { own })).with_state(own)
        });
        let app = app("store");
        let mut told = Vec::new();
        for _ in 0..4 {
            let request = Request::builder().method(Method::POST).uri("/").body(Body::empty()).unwrap();
            let body = app.clone().oneshot(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
            told.push(String::from_utf8(body.to_vec()).unwrap());
        }
        assert_eq!(told, ["store 0", "store 1", "store 2", "store 0"]);
    }
}
