//! From Flask to axum, route by route: one visitor, one session, and a cookie that both apps read and write.

pub mod cookie;
pub mod files;
mod front;
pub mod msgpack;
mod record;
pub mod session;
pub mod signed_id;
pub mod sql;
pub mod stores;
pub mod tagged;

use std::env;

use axum::{
    Extension, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    middleware::from_fn_with_state,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{any, get, post},
};
use lesson_page::{Failure, Form};
use minijinja::context;
use serde::Deserialize;
use session_inspector::Clock;
use tower_http::csrf::CsrfLayer;
use tower_sessions::{Session, cookie::SameSite};

use crate::page::PAGES;
use cookie::{Keys, Refused};
use front::{Flask, still_flask};
use session::{FlaskSession, Settings, Unreadable, flask_session};
use tagged::{Printed, Value};

/// The port of the Flask app, `lessons/6-beyond/flask/app.py`.
pub const FLASK_PORT: u16 = 4106;
/// The environment variable with the key of both apps.
const SECRET_KEY: &str = "SECRET_KEY";
/// The maximum length of a user name, in characters. The cookie must also hold the other data.
const LONGEST_NAME: usize = 40;

/// Returns the demo, with the key in `SECRET_KEY`. If that is not set, the key is random, and no Flask app has it.
pub(crate) fn demo<S: Clone + Send + Sync + 'static>() -> Router<S> {
    routes(settings(given_key().unwrap_or_else(Keys::random)), FLASK_PORT)
}

fn given_key() -> Option<Keys> {
    Keys::new(&env::var(SECRET_KEY).ok()?, []).ok()
}

/// Returns the settings of `lessons/6-beyond/flask/app.py`, in `app.config`.
pub fn settings(keys: Keys) -> Settings {
    Settings {
        name: "__Host-flask",
        secure: true,
        same_site: Some(SameSite::Lax),
        refresh: false, // a page that only reads sets no cookie
        log_out: "/flask/logout",
        ..Settings::new(keys)
    }
}

// ANCHOR: routes
/// Returns the demo in front of the Flask app on this port.
pub fn routes<S: Clone + Send + Sync + 'static>(settings: Settings, flask: u16) -> Router<S> {
    let moved = Router::new()
        .route("/flask", get(index))
        .route("/flask/login", post(log_in))
        .route("/flask/cart", post(add_to_cart))
        .route("/flask/logout", post(log_out))
        .layer(from_fn_with_state(settings.clone(), flask_session))
        .layer(CsrfLayer::new()); // Flask has no such check, so the routes below have none
    // The next route that moves leaves this line and joins the routes above.
    let still = Router::new().route("/flask/old/{*path}", any(still_flask)).layer(Extension(Flask::new(flask)));
    moved.merge(still).route("/flask/apart", get(apart)).with_state(settings)
}
// ANCHOR_END: routes

async fn index(
    State(settings): State<Settings>,
    headers: HeaderMap,
    clock: Clock,
    session: FlaskSession,
) -> Result<Html<String>, Failure> {
    let sent = settings.sent(&headers);
    let cookie = sent.and_then(parts);
    let refused = sent.and_then(|value| settings.keys.read(value, clock.now(), settings.lifetime).err());
    let refused = refused.as_ref().map(why);
    PAGES.render(
        "flask.html",
        context! {
            user => user(&session), data => Printed(&session.data()).to_string(), cookie, refused,
            port => FLASK_PORT, has_key => given_key().is_some(),
        },
    )
}

/// Data, time and signature, if the value of a cookie has these three parts.
fn parts(value: &str) -> Option<(&str, &str, &str)> {
    let (signed, signature) = value.rsplit_once('.')?;
    let (data, time) = signed.rsplit_once('.')?;
    Some((data, time, signature))
}

fn why(refused: &Refused) -> &str {
    match refused {
        Refused::NotSigned => "its signature is not one of this SECRET_KEY",
        Refused::NotNow => "it is too old, or its time is in the future",
        Refused::Unreadable(reason) => reason,
    }
}

fn user(session: &FlaskSession) -> Option<String> {
    session.get("user")?.as_str().map(str::to_owned)
}

/// The fields of the login form. It has no password, because another lesson covers passwords.
#[derive(Deserialize)]
struct Login {
    user: String,
}

async fn log_in(session: FlaskSession, clock: Clock, Form(Login { user }): Form<Login>) -> Response {
    if !(1..=LONGEST_NAME).contains(&user.chars().count()) {
        let sentence = "A username has 1 to 40 characters here, so nobody was logged in.\n";
        return (StatusCode::UNPROCESSABLE_ENTITY, sentence).into_response();
    }
    session.clear();
    session.insert("user", user);
    session.insert("since", clock.now());
    session.set_permanent(true);
    Redirect::to("/flask").into_response()
}

// ANCHOR: cart
/// Adds an item to the cart, which is a list of tuples, as in the Flask app.
async fn add_to_cart(session: FlaskSession) -> Redirect {
    let mut cart = match session.get("cart") {
        Some(Value::List(items)) => items,
        _ => Vec::new(),
    };
    cart.push(Value::Tuple(vec!["lamp".into(), 1.into()]));
    session.insert("cart", cart);
    Redirect::to("/flask")
}
// ANCHOR_END: cart

/// Logs out. This also ends a session that cannot be read.
async fn log_out(session: Result<FlaskSession, Unreadable>) -> Redirect {
    session.unwrap_or_else(Unreadable::anew).clear();
    Redirect::to("/flask")
}

/// Wrong: a route that has moved and has its own session, in which nobody is logged in.
async fn apart(session: Session) -> Result<Html<String>, Failure> {
    PAGES.render("flask_apart.html", context! { user => session.get::<String>("user").await? })
}
