//! Exercise 6, harden, solved.

pub mod shop;

use std::sync::LazyLock;

use axum::{
    Extension, Form, Router,
    extract::Request,
    http::{
        HeaderMap, HeaderName, Method, StatusCode,
        header::{COOKIE as COOKIES, HOST, ORIGIN, SET_COOKIE},
    },
    middleware::{Next, from_fn, map_request},
    response::{AppendHeaders, Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use checks::Users;
use minijinja::{Environment, context, value::Serde};
use serde::Deserialize;
use shop::Shop;
use tower_sessions::{Session, SessionManagerLayer, SessionStore, cookie::SameSite, session::Error};

/// The name of the session cookie. No other host can set a cookie with this name, as long as [`names_as_sent`] drops
/// imitations.
pub const COOKIE: &str = "__Host-exercise-6";
/// A removal of the cookie that browsers accept. The one that tower-sessions sends lacks `Secure`.
const REMOVAL: &str = "__Host-exercise-6=; Path=/; Secure; HttpOnly; Max-Age=0";

/// Returns the app of the exercise on `store`.
pub fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/login", get(login_form).post(login))
        .route("/buy", post(buy))
        .route("/note", post(note))
        .route("/logout", post(logout))
        .layer(Extension(Shop::default()))
        .layer(SessionManagerLayer::new(store).with_name(COOKIE).with_same_site(SameSite::Lax))
        .layer(map_request(names_as_sent))
        .layer(from_fn(own_pages_only))
}

/// Drops each cookie whose name has a `%`. tower-sessions reads `%5F%5FHost-` as `__Host-`. A browser does not, so a
/// neighboring host may set such a cookie.
pub async fn names_as_sent(mut request: Request) -> Request {
    let headers = request.headers_mut();
    let all = headers.get_all(COOKIES).iter().filter_map(|cookies| cookies.to_str().ok());
    let pairs = all.flat_map(|cookies| cookies.split(';'));
    let kept: Vec<_> = pairs.filter(|pair| !pair.split('=').next().is_some_and(|name| name.contains('%'))).collect();
    match kept.join(";").parse() {
        Ok(cookies) if !kept.is_empty() => drop(headers.insert(COOKIES, cookies)),
        _ => drop(headers.remove(COOKIES)),
    }
    request
}

/// Refuses a request that would change something and does not come from a page of this same origin.
pub async fn own_pages_only(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if reads || is_own(request.headers()) {
        return next.run(request).await;
    }
    (StatusCode::FORBIDDEN, "This request did not come from a page of this site, so nothing was done.\n")
        .into_response()
}

/// Whether the browser says that a page of ours sent the request. A request from another program has none of these
/// headers, and cannot abuse a visitor's session.
fn is_own(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("no text"));
    match (text(HeaderName::from_static("sec-fetch-site")), text(ORIGIN)) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => origin.split_once("://").map(|(_, host)| host) == text(HOST),
        (None, None) => true,
    }
}

/// The key of the username in the session.
pub const USERNAME: &str = "username";

/// Shows the shop to visitors who are logged in.
pub async fn index(session: Session, Extension(shop): Extension<Shop>) -> Result<Response, Failure> {
    let Some(username) = session.get::<String>(USERNAME).await? else {
        return Ok(Redirect::to("/login").into_response());
    };
    let books = shop.books();
    let context = context! { username, orders => Serde(books.orders), notes => Serde(books.notes) };
    Ok(page("shop.html", context)?.into_response())
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
    session.insert(USERNAME, username).await?;
    session.cycle_id().await?; // last, because an error after it would lose the session
    Ok(Redirect::to("/").into_response())
}

/// The fields of the order form.
#[derive(Deserialize)]
pub struct Purchase {
    /// The item's name.
    pub item: String,
}

/// Buys an item in the name of the user who is logged in, even if the form names another user.
pub async fn buy(
    session: Session,
    Extension(shop): Extension<Shop>,
    Form(Purchase { item }): Form<Purchase>,
) -> Result<Redirect, Failure> {
    let Some(username) = session.get::<String>(USERNAME).await? else {
        return Ok(Redirect::to("/login"));
    };
    shop.order(username, item);
    Ok(Redirect::to("/"))
}

/// The fields of the note form.
#[derive(Deserialize)]
pub struct Text {
    /// The note.
    pub text: String,
}

/// Writes a note that everybody can read.
pub async fn note(
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

/// Ends the session on the server and in the browser.
pub async fn logout(session: Session) -> Result<Response, Failure> {
    session.flush().await?;
    Ok((AppendHeaders([(SET_COOKIE, REMOVAL)]), Redirect::to("/login")).into_response())
}

static TEMPLATES: LazyLock<Environment> = LazyLock::new(|| {
    let mut templates = Environment::new();
    for (name, source) in
        [("login.html", include_str!("../templates/login.html")), ("shop.html", include_str!("../templates/shop.html"))]
    {
        templates.add_template(name, source).expect("the solution's own templates parse");
    }
    templates
});

fn page(name: &str, context: minijinja::Value) -> Result<Html<String>, Failure> {
    Ok(Html(TEMPLATES.get_template(name)?.render(context)?))
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
