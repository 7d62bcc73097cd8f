//! A rolling deployment: old and new programs run at the same time with one store.
//!
//! Each release of the demo has its own routes at its own address. So a visitor can act as the load balancer, which
//! sends one request to the old program and the next one to the new.
//!
//! - `renamed`, `silent`: two ways to lose a cart; `versioned`: a way that loses none, in four releases.
//! - `keys`: the same four steps for the key that signs a cookie.
//! - [`drain`]: a graceful shutdown, which loses no request.

pub mod drain;
mod keys;
mod renamed;
mod silent;
mod versioned;

use axum::{
    Router,
    http::{StatusCode, header::RETRY_AFTER},
    middleware::from_fn,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use lesson_page::{Failure, Path};
use minijinja::{context, value::Serde};
use serde::Serialize;
use session_guard::run_again;
use tower_http::csrf::CsrfLayer;
use tower_sessions::Session;

use crate::page::PAGES;

/// The items that a visitor can put into a cart.
const ITEMS: [&str; 2] = ["cup", "teapot"];
/// The maximum number of items in a cart. Every release must have the same limit, because a cart that one has filled is
/// read by the others.
const MOST: usize = 99;

pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/release", get(overview))
        .merge(program::<renamed::Before, S>())
        .merge(program::<renamed::After, S>())
        .merge(program::<silent::Before, S>())
        .merge(program::<silent::After, S>())
        .merge(program::<versioned::First, S>())
        .merge(program::<versioned::Later<2>, S>())
        .merge(program::<versioned::Later<3>, S>())
        .merge(program::<versioned::Later<4>, S>())
        .merge(keys::routes())
        .merge(drain::routes())
        .layer(CsrfLayer::new())
}

/// The cart of one release: how the release reads the cart in the session, and how it writes it.
trait Cart: Sized + Send + Sync {
    /// The path of this release.
    const PATH: &'static str;

    fn load(session: &Session) -> impl Future<Output = Result<Self, Refused>> + Send;
    fn save(&self, session: &Session) -> impl Future<Output = Result<(), Refused>> + Send;
    fn add(&mut self, item: &str);
    /// Returns the number of items.
    fn count(&self) -> usize;
    /// Returns the cart as text, such as `cup × 2`, with all other fields that this release knows.
    fn summary(&self) -> String;
}

fn program<C: Cart + 'static, S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route(&format!("{}/add/{{item}}", C::PATH), post(add::<C>))
        .route_layer(from_fn(run_again))
        .route(C::PATH, get(view::<C>))
}

async fn view<C: Cart>(session: Session) -> Result<Html<String>, Refused> {
    let cart = C::load(&session).await?;
    let values = context! { program => Serde(Program::at(C::PATH)), summary => cart.summary(), items => ITEMS };
    Ok(PAGES.render("release-cart.html", values)?)
}

async fn add<C: Cart>(session: Session, Path(item): Path<String>) -> Result<Redirect, Refused> {
    let item = ITEMS.into_iter().find(|known| *known == item).ok_or(Refused::Unknown)?;
    let mut cart = C::load(&session).await?;
    if cart.count() >= MOST {
        return Err(Refused::Full);
    }
    cart.add(item);
    cart.save(&session).await?;
    Ok(Redirect::to(C::PATH))
}

// ANCHOR: refused
/// The reason why a release does not change a cart.
enum Refused {
    /// The session cannot be read, or the page cannot be rendered.
    Failure(Failure),
    /// Another release has written the cart, in a format that this one does not read.
    OtherFormat,
    /// There is no such item.
    Unknown,
    /// The cart has [`MOST`] items.
    Full,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let other = "Another release of this shop has saved your cart, and this one cannot read it. Your cart is \
                     unchanged. Try again in a moment.\n";
        match self {
            Self::Failure(failure) => failure.into_response(),
            Self::OtherFormat => (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")], other).into_response(),
            Self::Unknown => (StatusCode::NOT_FOUND, "The shop does not sell this.\n").into_response(),
            Self::Full => (StatusCode::UNPROCESSABLE_ENTITY, "Your cart is full, and unchanged.\n").into_response(),
        }
    }
}
// ANCHOR_END: refused

impl<E: Into<Failure>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Failure(error.into())
    }
}

/// One release, as the pages name it.
#[derive(Clone, Copy, Serialize)]
struct Program {
    path: &'static str,
    way: &'static str,
    release: &'static str,
    /// The way in which it stores the cart.
    does: &'static str,
}

const PROGRAMS: [Program; 8] = [
    Program::new("/release/renamed/1", "Renamed", "1", "stores a list of items"),
    Program::new("/release/renamed/2", "Renamed", "2", "stores counts, in a field that it calls lines"),
    Program::new("/release/silent/1", "Silent", "1", "stores a list of items, empty by default"),
    Program::new("/release/silent/2", "Silent", "2", "stores lines, empty by default"),
    Program::new(
        "/release/versioned/1",
        "Versioned",
        "1",
        "reads and writes items, and keeps fields that it does not know",
    ),
    Program::new("/release/versioned/2", "Versioned", "2", "reads lines as well, and still writes items"),
    Program::new("/release/versioned/3", "Versioned", "3", "writes lines, and still reads items"),
    Program::new("/release/versioned/4", "Versioned", "4", "reads and writes only lines"),
];

impl Program {
    const fn new(path: &'static str, way: &'static str, release: &'static str, does: &'static str) -> Self {
        Self { path, way, release, does }
    }

    fn at(path: &str) -> Option<Self> {
        PROGRAMS.into_iter().find(|program| program.path == path)
    }
}

async fn overview(session: Session) -> Result<Html<String>, Failure> {
    let values = context! {
        programs => Serde(PROGRAMS),
        key_releases => Serde(keys::RELEASES),
        items => ITEMS,
        played => Serde(drain::last(&session).await?),
    };
    PAGES.render("release.html", values)
}
