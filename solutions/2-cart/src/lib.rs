//! Exercise 2, cart, solved.

use std::{collections::BTreeMap, sync::LazyLock};

use axum::{
    Router,
    extract::Path,
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use minijinja::{Environment, context, value::Serde};
use serde::{Deserialize, Serialize};
use tower_sessions::{Session, SessionManagerLayer, SessionStore, session::Error};

/// Returns the app of the exercise on `store`.
pub fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/view_cart", get(view_cart))
        .route("/add_to_cart/{item}", post(add_to_cart))
        .route("/remove_from_cart/{item}", post(remove_from_cart))
        .route("/clear_cart", post(clear_cart))
        .layer(SessionManagerLayer::new(store).with_name("exercise-2"))
}

/// The items and the count of each.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Cart(pub BTreeMap<String, u32>);

impl Cart {
    /// The cart's key in the session.
    pub const KEY: &str = "cart";
    /// The maximum number of different items.
    pub const MOST_ITEMS: usize = 50;
    /// The maximum count of one item.
    pub const MOST_OF_ONE: u32 = 99;
    /// The maximum length of an item's name, in characters.
    pub const LONGEST_NAME: usize = 100;

    /// Returns a copy of this session's cart, which may be empty. [`keep`](Self::keep) saves a changed copy.
    pub async fn of(session: &Session) -> Result<Self, Error> {
        Ok(session.get(Self::KEY).await?.unwrap_or_default())
    }

    /// Saves this cart in the session.
    pub async fn keep(&self, session: &Session) -> Result<(), Error> {
        session.insert(Self::KEY, self).await
    }

    /// Adds one of this item. Returns whether there was room for it.
    pub fn add(&mut self, item: String) -> bool {
        let is_new = !self.0.contains_key(&item);
        if item.chars().count() > Self::LONGEST_NAME || is_new && self.0.len() == Self::MOST_ITEMS {
            return false;
        }
        let count = self.0.entry(item).or_default();
        let fits = *count < Self::MOST_OF_ONE;
        *count += u32::from(fits);
        fits
    }
}

/// Shows the cart.
pub async fn view_cart(session: Session) -> Result<Html<String>, Failure> {
    let Cart(items) = Cart::of(&session).await?;
    Ok(Html(PAGE.get_template("cart.html")?.render(context! { items => Serde(items.iter().collect::<Vec<_>>()) })?))
}

/// Adds one of this item.
pub async fn add_to_cart(session: Session, Path(item): Path<String>) -> Result<Response, Failure> {
    let mut cart = Cart::of(&session).await?;
    if !cart.add(item) {
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, "That does not fit into the cart.\n").into_response());
    }
    cart.keep(&session).await?;
    Ok(Redirect::to("/view_cart").into_response())
}

/// Removes an item completely.
pub async fn remove_from_cart(session: Session, Path(item): Path<String>) -> Result<Redirect, Failure> {
    let mut cart = Cart::of(&session).await?;
    if cart.0.remove(&item).is_some() {
        cart.keep(&session).await?;
    }
    Ok(Redirect::to("/view_cart"))
}

/// Empties the cart.
pub async fn clear_cart(session: Session) -> Result<Redirect, Failure> {
    session.remove::<Cart>(Cart::KEY).await?;
    Ok(Redirect::to("/view_cart"))
}

static PAGE: LazyLock<Environment> = LazyLock::new(|| {
    let mut page = Environment::new();
    page.add_template("cart.html", include_str!("../templates/cart.html")).expect("the solution's own template parses");
    page
});

/// The error for a failed store or template. The visitor learns no details.
#[derive(Debug)]
pub struct Failure;

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
