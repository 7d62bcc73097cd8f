//! Programs that do not answer: a check of them must end, say what is true, and never pass.

use std::{convert::Infallible, process, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use checks::App;
use futures_util::{StreamExt, stream};
use tower_sessions::SessionStore;

/// A rogue's name, and its app.
pub type Rogue = (&'static str, fn() -> App);

/// All of them: what they do to `GET /login`, or to `app`.
pub const ROGUES: &[Rogue] = &[
    ("loops", || {
        App::new(|store| {
            answers(store, || {
                loop {
                    std::hint::spin_loop();
                }
            })
        })
    }),
    ("sleeps", || {
        App::new(|store| {
            answers(store, || {
                std::thread::sleep(Duration::from_secs(3600));
                String::new()
            })
        })
    }),
    ("waits", || App::new(waits)),
    ("never_ends_its_body", || App::new(never_ends_its_body)),
    ("exits", || App::new(|store| answers(store, || process::exit(0)))),
    ("aborts", || App::new(|store| answers(store, || process::abort()))),
    ("exits_in_app", || App::new(|_| process::exit(0))),
    ("panics_in_app", || App::new(|_| panic!("no routes today"))),
    ("floods", || {
        App::new(|store| {
            answers(store, || {
                (0..100_000).for_each(|line| println!("line {line} of very many"));
                "<p>flooded".to_owned()
            })
        })
    }),
    ("answers_100_megabytes", || App::new(|store| answers(store, || "x".repeat(100 << 20)))),
];

fn answers<S: SessionStore + Clone>(_store: S, page: fn() -> String) -> Router {
    Router::new().route("/login", get(async move || Html(page())))
}

fn waits<S: SessionStore + Clone>(_store: S) -> Router {
    Router::new().route("/login", get(async || -> Response { std::future::pending().await }))
}

fn never_ends_its_body<S: SessionStore + Clone>(_store: S) -> Router {
    let body = || stream::once(async { Ok::<_, Infallible>(Bytes::from("<form>")) }).chain(stream::pending());
    Router::new().route("/login", get(async move || Body::from_stream(body()).into_response()))
}
