//! Mallory copies every cookie that she sees, and sends her copies when a visitor presses a button.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::header::COOKIE,
    middleware::{self, Next},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use axum_extra::extract::CookieJar;
use http_body_util::BodyExt;
use lesson_page::Failure;
use minijinja::context;
use tower::ServiceExt;

use crate::{page::PAGES, signed_cookie};

/// The last value of each of the lesson's two cookies, from any visitor.
#[derive(Clone, Default)]
struct Copies(Arc<Mutex<[Option<String>; 2]>>);

const NAMES: [&str; 2] = [crate::COOKIE, signed_cookie::COOKIE];

/// Adds a layer that copies cookies to these pages, and two pages that show whether mallory's copies still work.
pub(crate) fn overhears(pages: Router) -> Router {
    let copies = Copies::default();
    let replay = |which: usize, path: &'static str| {
        let (pages, copies) = (pages.clone(), copies.clone());
        get(move || replay(pages, copies, which, path))
    };
    let replays = Router::new()
        .route("/replay", replay(0, "/get_session"))
        .route("/cookie/replay", replay(1, "/cookie/get_session"));
    pages.layer(middleware::from_fn_with_state(copies, copy)).merge(replays)
}

async fn copy(State(copies): State<Copies>, jar: CookieJar, request: Request, next: Next) -> Response {
    for (name, copy) in NAMES.iter().zip(copies.0.lock().unwrap_or_else(PoisonError::into_inner).iter_mut()) {
        if let Some(cookie) = jar.get(name) {
            *copy = Some(format!("{name}={}", cookie.value()));
        }
    }
    next.run(request).await
}

/// Sends the copy to `path`, as mallory's browser would, and shows the answer.
async fn replay(pages: Router, copies: Copies, which: usize, path: &'static str) -> Result<Html<String>, Failure> {
    let copy = copies.0.lock().unwrap_or_else(PoisonError::into_inner)[which].clone();
    let Some(copy) = copy else {
        return PAGES.render("replay.html", context! { path });
    };
    let answer = text(pages, path, &copy).await;
    PAGES.render("replay.html", context! { path, copy, inside => answer.contains("Logged in as"), answer })
}

async fn text(pages: Router, path: &str, cookie: &str) -> String {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = path.parse().unwrap_or_default();
    if let Ok(cookie) = cookie.parse() {
        request.headers_mut().insert(COOKIE, cookie);
    }
    let response = pages.oneshot(request).await.into_response();
    let body = response.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    String::from_utf8_lossy(&body).into_owned()
}
