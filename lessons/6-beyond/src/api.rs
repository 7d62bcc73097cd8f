//! JSON and `fetch` with the session's cookie, and pages of other origins that try the same.
//!
//! # Layout
//!
//! - `json`: bodies and refusals as JSON. `account`: the data in the session.
//! - [`routes`]: the API. [`readable_by`]: the origins that may read its answers. `careless`: the unprotected API.

mod account;
mod careless;
mod json;

use axum::{
    Router,
    extract::Request,
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{CONTENT_TYPE, VARY},
    },
    middleware::{Next, from_fn},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use lesson_page::Failure;
use minijinja::{context, value::Serde};
use serde::Deserialize;
use serde_json::json;
use session_guard::{replace_id, run_again};
use session_inspector::host;
use tower_http::{
    cors::{AllowOrigin, CorsLayer},
    csrf::{CsrfLayer, ProtectionError},
};
use tower_sessions::Session;

use crate::page::{PAGES, is_same_site_below};
use account::{Account, ITEMS, USERS};
use json::{Json, refused};

/// The pages of the demo at `/api-page`, and its careless API.
pub(crate) fn pages<S: Clone + Send + Sync + 'static>(friends: &[&str]) -> Router<S> {
    let listed: Vec<_> = friends.iter().map(|friend| (*friend).to_owned()).collect();
    careless::routes()
        .route("/api-page", get(move |session, headers| page(session, headers, listed)))
        .route("/api-page/script.js", get(script))
        .route("/api-page/elsewhere", get(elsewhere))
}

// ANCHOR: layers
/// Returns the API. The pages of `friends` may use it as the shop's own pages do. Each friend is an origin such as
/// `https://app.shop.example`.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>(friends: &[&str]) -> Router<S> {
    // The origin check trusts the same pages. CORS alone would not stop a request that a form can send.
    let trusting = |check: CsrfLayer, friend: &&str| check.add_trusted_origin(friend).expect("it is an origin");
    let check = friends.iter().fold(CsrfLayer::new(), trusting).with_rejection_response(foreign);
    Router::new()
        .route("/api-page/me", get(me))
        .route("/api-page/login", post(log_in))
        .route("/api-page/logout", post(log_out))
        .route("/api-page/order", post(order).route_layer(from_fn(run_again)))
        .method_not_allowed_fallback(not_allowed)
        .layer(check)
}

/// Allows the scripts of `friends` to read every answer. `api` already has its session layer and the guard, because
/// these answer, too: after a conflict, or if the store fails.
pub(crate) fn readable_by(friends: &[&str], api: Router) -> Router {
    let origins = friends.iter().map(|friend| HeaderValue::from_str(friend).expect("an origin is a header"));
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([CONTENT_TYPE]) // more than a form could send
        .allow_credentials(true);
    api.layer(cors).layer(from_fn(never_kept))
}
// ANCHOR_END: layers

fn foreign(_: ProtectionError) -> Response {
    refused(StatusCode::FORBIDDEN, "This request did not come from a page of this site, so nothing was done.")
}

async fn not_allowed() -> Response {
    refused(StatusCode::METHOD_NOT_ALLOWED, "This address does not accept this method, so nothing was done.")
}

/// Adds `no-store`, because no cache may keep an answer that depends on the cookie.
async fn never_kept(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert("cache-control", HeaderValue::from_static("no-store"));
    response.headers_mut().append(VARY, HeaderValue::from_static("cookie"));
    response
}

async fn page(session: Session, headers: HeaderMap, friends: Vec<String>) -> Result<Response, Failure> {
    let user = Account::of(&session).await?.map(|account| account.user);
    let (name, port) = host(&headers);
    let host = format!("{name}{port}");
    let is_beside = is_same_site_below(&name);
    let is_listed = friends.contains(&format!("http://friend.{host}"));
    let (users, items, friends) = (Serde(USERS), Serde(ITEMS), friends.join(" and "));
    let values = context! { user, users, items, host, is_beside, is_listed, friends };
    Ok(PAGES.render("api.html", values)?.into_response())
}

async fn script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript")], include_str!("../templates/api.js"))
}

/// A page for another host, which tries all requests.
async fn elsewhere() -> Html<&'static str> {
    Html(include_str!("../templates/api-elsewhere.html"))
}

// ANCHOR: me
/// Returns the visitor's account. A stranger gets 401, because a script would follow a redirect to a login page and
/// read that page as the answer.
async fn me(session: Session) -> Result<Response, Failure> {
    Ok(match Account::of(&session).await? {
        Some(account) => Json(account).into_response(),
        None => refused(StatusCode::UNAUTHORIZED, "Log in first."),
    })
}
// ANCHOR_END: me

#[derive(Deserialize)]
struct Login {
    username: String,
}

async fn log_in(session: Session, Json(Login { username }): Json<Login>) -> Result<Response, Failure> {
    if !USERS.contains(&username.as_str()) {
        return Ok(refused(StatusCode::UNPROCESSABLE_ENTITY, "There is no account with this name."));
    }
    let account = Account::new(username);
    account.save(&session).await?;
    replace_id(&session).await?;
    Ok(Json(account).into_response())
}

async fn log_out(session: Session) -> Result<StatusCode, Failure> {
    session.flush().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct Order {
    item: String,
}

// ANCHOR: order
/// Accepts `application/json` and types such as `application/example+json`. `Json` refuses every other `Content-Type`
/// with 415.
async fn order(session: Session, Json(order): Json<Order>) -> Result<Response, Failure> {
    place(&session, order).await
}
// ANCHOR_END: order

async fn place(session: &Session, Order { item }: Order) -> Result<Response, Failure> {
    let Some(account) = Account::of(session).await? else {
        return Ok(refused(StatusCode::UNAUTHORIZED, "Log in first."));
    };
    let Some(account) = account.with(&item) else {
        return Ok(refused(StatusCode::UNPROCESSABLE_ENTITY, "The shop does not sell this."));
    };
    account.save(session).await?;
    Ok((StatusCode::CREATED, Json(json!({ "ordered": item }))).into_response())
}
