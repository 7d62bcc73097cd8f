//! Exercise 8, two at once: the task and its hints are in README.md.
//!
//! `cargo test -p exercise-8` checks your answer, `cargo run -p exercise-8` lets you try it.
//! Change anything in this file except the signature of `app`; add templates and files as you like.
//!
//! The login and the orders page are there. The cart and the checkout are yours to write.

use std::sync::LazyLock;

use axum::{
    Extension, Form, Router,
    extract::{FromRequestParts, Path},
    http::{StatusCode, request::Parts},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::{Database, Orders, Users};
use minijinja::{Environment, context, value::Serde};
use serde::Deserialize;
use tower_sessions::{Session, SessionManagerLayer, SessionStore, session::Error};

/// Your answer. The caller provides the store, and the [`Users`], the [`Database`] and the [`Orders`] as `Extension`s.
pub fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/login", get(login_form).post(login))
        .route("/cart", get(cart))
        .route("/cart/{item}", post(add))
        .route("/checkout", post(checkout))
        .route("/orders", get(orders))
        .layer(SessionManagerLayer::new(store).with_name("exercise-8"))
}

async fn cart(User(_user): User, Extension(_database): Extension<Database>) -> Response {
    todo!("load the cart of this user, and show cart.html with its `items` and its `token`")
}

async fn add(User(_user): User, Extension(_database): Extension<Database>, Path(_item): Path<String>) -> Response {
    todo!("put one of this item into the cart, even if others change it meanwhile, or answer 4xx if it does not fit")
}

/// The field of the form in cart.html.
#[derive(Deserialize)]
pub struct Checkout {
    /// The token of the cart that its page showed. Give it any type that serde can read.
    pub token: String,
}

async fn checkout(
    User(_user): User,
    Extension(_database): Extension<Database>,
    Extension(_orders): Extension<Orders>,
    Form(_form): Form<Checkout>,
) -> Response {
    todo!("order what the page with this token showed, once, and send the visitor to /orders")
}

async fn orders(User(user): User, Extension(orders): Extension<Orders>) -> Result<Html<String>, Failure> {
    let all: Vec<_> =
        orders.of(&user).await.into_iter().map(|order| order.items.into_iter().collect::<Vec<_>>()).collect();
    page("orders.html", context! { orders => Serde(all) })
}

/// The user who sends the request. Anyone who is not logged in is sent to the login page.
struct User(String);

impl<S: Send + Sync> FromRequestParts<S> for User {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let failed = || Failure.into_response();
        let session = Session::from_request_parts(parts, state).await.map_err(|_| failed())?;
        let user = session.get("username").await.map_err(|_| failed())?;
        user.map(Self).ok_or_else(|| Redirect::to("/login").into_response())
    }
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
    session.insert("username", username).await?;
    session.cycle_id().await?;
    Ok(Redirect::to("/cart").into_response())
}

static TEMPLATES: LazyLock<Environment> = LazyLock::new(|| {
    let mut templates = Environment::new();
    for (name, source) in [
        ("login.html", include_str!("../templates/login.html")),
        ("cart.html", include_str!("../templates/cart.html")),
        ("orders.html", include_str!("../templates/orders.html")),
    ] {
        templates.add_template(name, source).expect("the templates parse");
    }
    templates
});

fn page(name: &str, context: minijinja::Value) -> Result<Html<String>, Failure> {
    Ok(Html(TEMPLATES.get_template(name)?.render(context)?))
}

/// The store or a template failed. The visitor learns no details.
#[derive(Debug)]
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
