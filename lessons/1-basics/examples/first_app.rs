//! A whole app with a session, as you would write it after `cargo new`. Run with `cargo run -p lesson-1 --example
//! first_app`; `cargo test -p lesson-1` runs its test.

// ANCHOR: imports
use std::{collections::BTreeMap, io};

use axum::{
    Form, Router,
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use minijinja::{Environment, context, value::Serde};
use serde::Deserialize;
use tokio::net::TcpListener;
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};
// ANCHOR_END: imports

// ANCHOR: app
#[tokio::main]
async fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    println!("Open http://localhost:3000/");
    axum::serve(listener, app()).await
}

fn app() -> Router {
    let sessions = SessionManagerLayer::new(MemoryStore::default());
    Router::new().route("/", get(show)).route("/eat", post(eat)).layer(sessions)
}
// ANCHOR_END: app

// ANCHOR: handlers
const FRUITS: [&str; 3] = ["apple", "cherry", "plum"];

/// How many of each fruit a visitor has eaten.
type Eaten = BTreeMap<String, u32>;

async fn show(session: Session) -> Result<Html<String>, Failure> {
    let eaten: Eaten = session.get("eaten").await?.unwrap_or_default();
    let page = include_str!("templates/fruits.html");
    let values = context! { fruits => Serde(FRUITS), eaten => Serde(eaten) };
    Ok(Html(Environment::new().render_named_str("fruits.html", page, values)?))
}

#[derive(Deserialize)]
struct Meal {
    fruit: String,
}

async fn eat(session: Session, Form(Meal { fruit }): Form<Meal>) -> Result<Redirect, Failure> {
    if FRUITS.contains(&fruit.as_str()) {
        let mut eaten: Eaten = session.get("eaten").await?.unwrap_or_default();
        *eaten.entry(fruit).or_default() += 1;
        session.insert("eaten", eaten).await?;
    }
    Ok(Redirect::to("/"))
}
// ANCHOR_END: handlers

// ANCHOR: failure
/// Any error: the log gets the details, the visitor a status.
struct Failure(Box<dyn std::error::Error>);

impl<E: std::error::Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        eprintln!("a page could not be made: {}", self.0);
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}
// ANCHOR_END: failure

// ANCHOR: test
#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn the_app_remembers_what_a_visitor_has_eaten() {
        let app = app();
        let eat = Request::post("/eat")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from("fruit=plum"))
            .unwrap();
        let answer = app.clone().oneshot(eat).await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);

        // What a browser does: it sends the cookie back, without its attributes.
        let set_cookie = answer.headers()["set-cookie"].to_str().unwrap();
        let (cookie, _) = set_cookie.split_once(';').unwrap();
        let look = Request::get("/").header("cookie", cookie).body(Body::empty()).unwrap();
        let page = app.clone().oneshot(look).await.unwrap().into_body().collect().await.unwrap().to_bytes();
        assert!(String::from_utf8_lossy(&page).contains("<li>plum: 1</li>"));

        let stranger = Request::get("/").body(Body::empty()).unwrap();
        let page = app.oneshot(stranger).await.unwrap().into_body().collect().await.unwrap().to_bytes();
        assert!(String::from_utf8_lossy(&page).contains("You have eaten nothing."));
    }
}
// ANCHOR_END: test
