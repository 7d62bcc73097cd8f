//! Server-sent events and a WebSocket that belong to a session, and end with it.
//!
//! # Layout
//!
//! - `login`: the login in the session, and its idle timeout.
//! - [`Channel`]: messages to all open connections, in this process or over Redis.
//! - `watch`: watches the login of a connection. `events` and `socket` use it.
//! - `publishing`: a store that publishes the end of a session, whichever part of the program ends it.
//! - `origin`: the origin checks. `open_connections`: the limit on the connections of a login.
//! - `shop`: the orders. `vulnerable`: a socket with a common mistake.

mod channel;
mod events;
mod login;
mod open_connections;
mod origin;
mod publishing;
mod shop;
mod socket;
mod vulnerable;
mod watch;

use std::time::Duration;

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    middleware::map_response,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use lesson_page::{Failure, Form};
use minijinja::{context, value::Serde};
use serde::Deserialize;
use session_guard::{may_run_again, replace_id};
use session_inspector::{Clock, host};
use tower_http::csrf::CsrfLayer;
use tower_sessions::Session;

pub use channel::Channel;
use channel::News;
use login::Login;
use open_connections::OpenConnections;
pub(crate) use publishing::PublishingStore;
use shop::{ITEMS, Orders};

use crate::page::{PAGES, is_same_site_below};

/// The users who can log in here. They need no password, because another lesson covers passwords.
const USERS: [&str; 2] = ["alice", "bob"];

/// The state that the connections of one instance share. Clones share it, too.
#[derive(Clone)]
struct Live {
    channel: Channel,
    check_every: Duration,
    orders: Orders,
    open: OpenConnections,
}

/// Returns the demo below `/connection`. Messages to open connections go over `channel`. Each connection also checks
/// its session every `check_every`.
pub fn routes<S: Clone + Send + Sync + 'static>(channel: Channel, check_every: Duration) -> Router<S> {
    let live = Live { channel, check_every, orders: Orders::default(), open: OpenConnections::default() };
    Router::new()
        .route("/connection", get(page))
        .route("/connection/script.js", get(script))
        .route("/connection/login", post(log_in))
        .route("/connection/logout", post(log_out))
        .route("/connection/buy", post(buy))
        .route("/connection/events", get(events::open))
        .route("/connection/socket", get(socket::open).layer(map_response(no_handshake)))
        .route("/connection/vulnerable", get(vulnerable::open).layer(map_response(no_handshake)))
        .route("/connection/mallory", get(mallory))
        .layer(CsrfLayer::new()) // for the forms; every GET passes
        .with_state(live)
}

async fn page(
    State(live): State<Live>,
    session: Session,
    clock: Clock,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let user = Login::of(&session, &clock).await?.map(|login| login.user);
    let orders = user.as_deref().map(|user| live.orders.of(user)).unwrap_or_default();
    let (name, port) = host(&headers);
    let host = format!("{name}{port}");
    let is_beside = is_same_site_below(&name);
    let (users, items, orders) = (Serde(USERS), Serde(ITEMS), Serde(orders));
    let values = context! { user, users, items, orders, host, is_beside };
    Ok(PAGES.render("connection.html", values)?.into_response())
}

/// Gives a sentence to a visitor who opens the address of a socket as a page. The library says which header is missing.
async fn no_handshake(response: Response) -> Response {
    match response.status() {
        status @ (StatusCode::BAD_REQUEST | StatusCode::UPGRADE_REQUIRED) => {
            (status, "This address is for a WebSocket. Open /connection, whose script connects to it.\n")
                .into_response()
        }
        _ => response,
    }
}

async fn script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript")], include_str!("../templates/connection.js"))
}

/// Mallory's page, for her host.
async fn mallory() -> Html<&'static str> {
    Html(include_str!("../templates/connection-mallory.html"))
}

#[derive(Deserialize)]
struct Name {
    username: String,
}

async fn log_in(
    State(live): State<Live>,
    session: Session,
    clock: Clock,
    Form(Name { username }): Form<Name>,
) -> axum::response::Result<Redirect> {
    if !USERS.contains(&username.as_str()) {
        return Err((StatusCode::UNPROCESSABLE_ENTITY, "There is no account with this name.\n").into());
    }
    may_run_again(true); // up to here, only the session changes
    let before = Login::of(&session, &clock).await.map_err(Failure::from)?;
    Login::new(username, &clock).save(&session).await.map_err(Failure::from)?;
    replace_id(&session).await.map_err(Failure::from)?;
    may_run_again(false);
    if let Some(Login { handle, .. }) = before {
        live.channel.publish(News::Ended { handle }).await;
    }
    Ok(Redirect::to("/connection"))
}

// ANCHOR: logout
async fn log_out(State(live): State<Live>, session: Session, clock: Clock) -> Result<Redirect, Failure> {
    let login = Login::of(&session, &clock).await?;
    session.flush().await?; // end the session first, then notify the connections
    if let Some(Login { handle, .. }) = login {
        live.channel.publish(News::Ended { handle }).await;
    }
    Ok(Redirect::to("/connection"))
}
// ANCHOR_END: logout

#[derive(Deserialize)]
struct Purchase {
    item: String,
}

async fn buy(
    State(live): State<Live>,
    session: Session,
    clock: Clock,
    Form(Purchase { item }): Form<Purchase>,
) -> axum::response::Result<Redirect> {
    let Some(login) = Login::of(&session, &clock).await.map_err(Failure::from)? else {
        return Err(LOG_IN_FIRST.into());
    };
    let user = login.user.clone();
    login.seen_now(&clock).save(&session).await.map_err(Failure::from)?;
    if !live.buy(&user, &item).await {
        return Err((StatusCode::UNPROCESSABLE_ENTITY, "The shop does not sell this.\n").into());
    }
    Ok(Redirect::to("/connection"))
}

/// The last words to a connection whose session has ended. They say where to look, because a session that got a new ID
/// in another tab has ended only under its old ID.
const ENDED: &str = "The session of this connection has ended. Load the page again.";

/// The answer to a connection or a request without a login.
const LOG_IN_FIRST: (StatusCode, &str) = (StatusCode::UNAUTHORIZED, "Log in first.\n");

impl Live {
    /// Buys an item, and notifies every connection of this user. Returns `false` if the shop does not sell the item.
    async fn buy(&self, user: &str, item: &str) -> bool {
        let is_sold = self.orders.add(user, item);
        if is_sold {
            self.channel.publish(News::Bought { user: user.to_owned(), item: item.to_owned() }).await;
        }
        is_sold
    }

    /// Returns the first message to a connection of this user.
    fn greeting(&self, user: &str) -> String {
        let orders = self.orders.of(user);
        let orders = if orders.is_empty() { "none".to_owned() } else { orders.join(", ") };
        format!("You are {user}. Your orders: {orders}.")
    }
}
