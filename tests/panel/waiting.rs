//! Tests the page that is shown until a program listens.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, StatusCode},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use futures_util::{StreamExt, stream};
use tokio::{net::TcpListener, task::yield_now};

use crate::chromium::{start_chromium, wait_for_words};

const SCRIPT: &str = include_str!("../../src/templates/program.js");

/// The first answer to the page's request breaks off. At the second, the program listens.
pub async fn a_page_continues_to_wait_after_an_answer_that_breaks_off_in_a_real_browser() {
    let asked = Arc::<AtomicUsize>::default();
    let answer = async move |headers: HeaderMap| -> Response {
        if !headers.contains_key("x-workbook-ask") {
            return match asked.load(Ordering::SeqCst) {
                0 => Html(format!("<main>It is being built.</main><script>{SCRIPT}</script>")).into_response(),
                _ => Html("<p>It is up.</p>").into_response(),
            };
        }
        if asked.fetch_add(1, Ordering::SeqCst) > 0 {
            return StatusCode::NO_CONTENT.into_response();
        }
        let begins = stream::once(async { Ok("<main>") });
        // The first part is sent before the error.
        let breaks_off = stream::once(async {
            yield_now().await;
            Err(io::Error::other("it breaks off"))
        });
        let breaks_off = begins.chain(breaks_off);
        (StatusCode::SERVICE_UNAVAILABLE, Body::from_stream(breaks_off)).into_response()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, Router::new().route("/", get(answer))).await });
    let driver = start_chromium();
    let browser = driver.browser().await;
    browser.goto(&address).await.unwrap();
    wait_for_words(&browser, "p", "It is up.").await;
}
