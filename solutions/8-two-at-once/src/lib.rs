//! Exercise 8, two at once, solved.

use std::{collections::BTreeMap, mem, sync::LazyLock};

use axum::{
    Extension, Form, Router,
    extract::{FromRequestParts, Path},
    http::{StatusCode, request::Parts},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::{Database, DatabaseError, Order, Orders, Row, Unknown, Users};
use minijinja::{Environment, context, value::Serde};
use serde::{Deserialize, Serialize};
use tower_sessions::{Session, SessionManagerLayer, SessionStore, session::Error};

/// Returns the app of the exercise on `store`.
pub fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/login", get(login_form).post(login))
        .route("/cart", get(cart))
        .route("/cart/{item}", post(add))
        .route("/checkout", post(checkout))
        .route("/orders", get(orders))
        .layer(SessionManagerLayer::new(store).with_name("exercise-8"))
}

/// The data in the database for each user.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Cart {
    /// The items and the count of each.
    pub items: BTreeMap<String, u32>,
    /// A number that rises with each change of the items, so it identifies the cart that a page showed.
    pub edition: u64,
    /// An order that was taken out of the items, and may not be placed yet.
    pub pending: Option<Pending>,
}

/// A pending order.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Pending {
    /// The edition that was bought.
    pub token: u64,
    /// The items of the order.
    pub items: BTreeMap<String, u32>,
}

impl Cart {
    /// The maximum number of different items.
    pub const MOST_ITEMS: usize = 20;
    /// The maximum count of one item.
    pub const MOST_OF_ONE: u32 = 9;
    /// The maximum length of an item's name, in characters.
    pub const LONGEST_NAME: usize = 100;

    /// Adds one of this item, if there is room for it.
    pub fn add(&mut self, item: &str) -> Result<(), Refusal> {
        let is_new = !self.items.contains_key(item);
        if item.chars().count() > Self::LONGEST_NAME || is_new && self.items.len() == Self::MOST_ITEMS {
            return Err(Refusal::DoesNotFit);
        }
        let count = self.items.entry(item.to_owned()).or_default();
        if *count == Self::MOST_OF_ONE {
            return Err(Refusal::DoesNotFit);
        }
        *count += 1;
        self.edition += 1;
        Ok(())
    }

    /// Takes out the items that the page with this token showed, if the cart still holds exactly these.
    pub fn claim(&mut self, token: u64) -> Result<(), Refusal> {
        if self.edition != token || self.items.is_empty() || self.pending.is_some() {
            return Err(Refusal::Changed);
        }
        self.edition += 1;
        self.pending = Some(Pending { token, items: mem::take(&mut self.items) });
        Ok(())
    }
}

/// The maximum number of attempts to change the cart.
pub const ATTEMPTS: usize = 20;

/// Loads the cart, changes it and saves it. Does so again if another request was faster.
pub async fn change(
    database: &Database,
    user: &str,
    change: impl Fn(&mut Cart) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    for _ in 0..ATTEMPTS {
        let Row { value: mut cart, version } = database.load::<Cart>(user).await?;
        change(&mut cart)?;
        match database.save(user, version, &cart).await {
            Err(DatabaseError::Stale) => {}
            saved => return saved.map(|_| ()).map_err(Refusal::from),
        }
    }
    Err(Refusal::Busy)
}

/// Shows the cart. Its form orders the items on the page. If there are no items, the form finishes the order whose
/// outcome is unknown.
pub async fn cart(User(user): User, Extension(database): Extension<Database>) -> Result<Html<String>, Refusal> {
    let Cart { items, edition, pending } = database.load(&user).await?.value;
    let token = pending.as_ref().filter(|_| items.is_empty()).map_or(edition, |pending| pending.token);
    let items: Vec<_> = items.iter().collect();
    Ok(page("cart.html", context! { items => Serde(items), token, pending => pending.is_some() })?)
}

/// Adds one of this item.
pub async fn add(
    User(user): User,
    Extension(database): Extension<Database>,
    Path(item): Path<String>,
) -> Result<Redirect, Refusal> {
    change(&database, &user, |cart| cart.add(&item)).await?;
    Ok(Redirect::to("/cart"))
}

/// The fields of the checkout form.
#[derive(Deserialize)]
pub struct Checkout {
    /// The token of the cart that its page showed.
    pub token: u64,
}

/// Orders the items that the page showed, exactly once.
pub async fn checkout(
    User(user): User,
    Extension(database): Extension<Database>,
    Extension(orders): Extension<Orders>,
    Form(Checkout { token }): Form<Checkout>,
) -> Result<Redirect, Refusal> {
    finish(&database, &orders, &user).await?;
    let claimed = change(&database, &user, |cart| cart.claim(token)).await;
    finish(&database, &orders, &user).await?;
    match claimed {
        // The same form was sent again.
        Err(Refusal::Changed) if orders.find(&number(&user, token)).await.is_some() => {}
        claimed => claimed?,
    }
    Ok(Redirect::to("/orders"))
}

/// Returns the number of an order. It is the same at each attempt, and different for each user and each edition.
pub fn number(user: &str, token: u64) -> String {
    format!("{user}/{token}")
}

/// Places the pending order, if there is one, and removes it from the cart. It is safe to repeat.
pub async fn finish(database: &Database, orders: &Orders, user: &str) -> Result<(), Refusal> {
    let Some(pending) = database.load::<Cart>(user).await?.value.pending else { return Ok(()) };
    let Pending { token, items } = pending.clone();
    orders.place(Order { number: number(user, token), user: user.to_owned(), items }).await?;
    let is_done = |cart: &mut Cart| {
        cart.pending.take_if(|noted| *noted == pending); // another request may have removed it, and added the next one
        Ok(())
    };
    change(database, user, is_done).await
}

/// Lists the orders that the warehouse has.
pub async fn orders(User(user): User, Extension(orders): Extension<Orders>) -> Result<Html<String>, Failure> {
    let all = orders.of(&user).await.into_iter().map(|order| order.items.into_iter().collect::<Vec<_>>());
    page("orders.html", context! { orders => Serde(all.collect::<Vec<_>>()) })
}

/// The user who sends the request. Anyone who is not logged in is sent to the login page.
#[derive(Debug)]
pub struct User(pub String);

impl<S: Send + Sync> FromRequestParts<S> for User {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let failed = || Failure.into_response();
        let session = Session::from_request_parts(parts, state).await.map_err(|_| failed())?;
        let user = session.get("username").await.map_err(|_| failed())?;
        user.map(Self).ok_or_else(|| Redirect::to("/login").into_response())
    }
}

/// Shows the form.
pub async fn login_form() -> Result<Html<String>, Failure> {
    page("login.html", context! {})
}

/// The fields of the login form.
#[derive(Deserialize)]
pub struct Credentials {
    /// The name that the sender claims.
    pub username: String,
    /// The password.
    pub password: String,
}

/// Logs the user in under a new session ID.
pub async fn login(
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
        templates.add_template(name, source).expect("the solution's own templates parse");
    }
    templates
});

/// Renders one of these templates.
pub fn page(name: &str, context: minijinja::Value) -> Result<Html<String>, Failure> {
    Ok(Html(TEMPLATES.get_template(name)?.render(context)?))
}

/// The reason why a request failed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Refusal {
    /// The cart has no room for the item.
    DoesNotFit,
    /// The cart is no longer the one that the page showed.
    Changed,
    /// Other requests have changed the cart at each attempt.
    Busy,
    /// It is unknown whether the order was placed.
    Unknown,
    /// An error in the program or its store.
    Failed,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, sentence) = match self {
            Self::DoesNotFit => (StatusCode::UNPROCESSABLE_ENTITY, "That does not fit into the cart.\n"),
            Self::Changed => (StatusCode::CONFLICT, "Your cart has changed. Look at it again before you buy.\n"),
            Self::Busy => {
                (StatusCode::SERVICE_UNAVAILABLE, "Too many requests are changing your cart. Please try again.\n")
            }
            Self::Unknown => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Your order may have been placed: the warehouse did not answer. Send the form again to find out; \
                 nothing is ordered twice.\n",
            ),
            Self::Failed => return Failure.into_response(),
        };
        (status, sentence).into_response()
    }
}

impl From<DatabaseError> for Refusal {
    fn from(_: DatabaseError) -> Self {
        Self::Failed
    }
}

impl From<Unknown> for Refusal {
    fn from(_: Unknown) -> Self {
        Self::Unknown
    }
}

impl From<Failure> for Refusal {
    fn from(_: Failure) -> Self {
        Self::Failed
    }
}

/// The store or a template failed. The visitor learns no details.
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
