//! Exercise 6, harden: the task and its hints are in README.md.
//!
//! `cargo test -p exercise-6` checks your answer, `cargo run -p exercise-6` lets you try it.
//! Change anything in this crate except the signature of `app`, the routes' paths and the names of their fields.
//!
//! The shop works, but it has ten weaknesses.

pub mod shop;

use std::sync::LazyLock;

use axum::{
    Extension, Form, Router,
    http::{StatusCode, header::SET_COOKIE},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::Users;
use minijinja::{Environment, context, value::Serde};
use serde::Deserialize;
use shop::Shop;
use tower_sessions::{Session, SessionManagerLayer, SessionStore, cookie::SameSite, session::Error};

/// Your answer. The caller provides the store, and the [`Users`] as an `Extension`.
pub fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/login", get(login_form).post(login))
        .route("/buy", get(buy).post(buy))
        .route("/note", post(note))
        .route("/logout", post(logout))
        .layer(Extension(Shop::default()))
        .layer(
            SessionManagerLayer::new(store)
                .with_name("exercise-6")
                .with_same_site(SameSite::None)
                .with_http_only(false),
        )
}

/// The key of the username in the session.
const USERNAME: &str = "username";

async fn index(session: Session, Extension(shop): Extension<Shop>) -> Result<Response, Failure> {
    let Some(username) = session.get::<String>(USERNAME).await? else {
        return Ok(Redirect::to("/login").into_response());
    };
    let books = shop.books();
    let context = context! { username, orders => Serde(books.orders), notes => Serde(books.notes) };
    Ok(page("shop.html", context)?.into_response())
}

async fn login_form() -> Result<Html<String>, Failure> {
    page("login.html", context! {})
}

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

async fn login(
    session: Session,
    Extension(users): Extension<Users>,
    Form(Credentials { username, password }): Form<Credentials>,
) -> Result<Response, Failure> {
    if !users.verify(&username, &password) {
        let refused = page("login.html", context! { refused => true })?;
        return Ok((StatusCode::UNAUTHORIZED, refused).into_response());
    }
    session.insert(USERNAME, username).await?;
    Ok(Redirect::to("/").into_response())
}

#[derive(Deserialize)]
struct Purchase {
    username: String,
    item: String,
}

async fn buy(
    session: Session,
    Extension(shop): Extension<Shop>,
    Form(Purchase { username, item }): Form<Purchase>,
) -> Result<Redirect, Failure> {
    if session.get::<String>(USERNAME).await?.is_none() {
        return Ok(Redirect::to("/login"));
    }
    shop.order(username, item);
    Ok(Redirect::to("/"))
}

#[derive(Deserialize)]
struct Text {
    text: String,
}

async fn note(
    session: Session,
    Extension(shop): Extension<Shop>,
    Form(Text { text }): Form<Text>,
) -> Result<Redirect, Failure> {
    let Some(username) = session.get::<String>(USERNAME).await? else {
        return Ok(Redirect::to("/login"));
    };
    shop.note(username, text);
    Ok(Redirect::to("/"))
}

async fn logout() -> impl IntoResponse {
    ([(SET_COOKIE, "exercise-6=; Path=/; Secure; Max-Age=0")], Redirect::to("/login"))
}

static TEMPLATES: LazyLock<Environment> = LazyLock::new(|| {
    let mut templates = Environment::new();
    for (name, source) in
        [("login.html", include_str!("../templates/login.html")), ("shop.html", include_str!("../templates/shop.html"))]
    {
        templates.add_template(name, source).expect("this is a template");
    }
    templates
});

fn page(name: &str, context: minijinja::Value) -> Result<Html<String>, Failure> {
    Ok(Html(TEMPLATES.get_template(name)?.render(context)?))
}

/// The store or a template failed. The visitor learns no details.
struct Failure;

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, "This did not work. Please try again.\n").into_response()
    }
}

impl From<Error> for Failure {
    fn from(_: Error) -> Self {
        Self
    }
}

impl From<minijinja::Error> for Failure {
    fn from(_: minijinja::Error) -> Self {
        Self
    }
}
