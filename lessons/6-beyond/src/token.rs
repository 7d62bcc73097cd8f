//! A signed token instead of a session: its limits, and the deny-list that turns it into a session.
//!
//! # Layout
//!
//! - [`claims`]: the data in a token, and the rules for its validity. [`keys`]: the keys that sign it.
//! - `denied`: the deny-list. `accounts`: the current roles.
//! - [`naive`]: a check that trusts the token that it should verify.

mod accounts;
pub mod claims;
mod denied;
pub mod keys;
pub mod naive;

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    extract::{FromRequestParts, State},
    http::{StatusCode, header::SET_COOKIE, request::Parts},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use lesson_page::{Failure, Form};
use minijinja::context;
use serde::Deserialize;
use session_inspector::Clock;
use tower_http::csrf::CsrfLayer;
use tower_sessions::cookie::{Cookie, SameSite};

use crate::{page::PAGES, sent_cookie::sent};
use accounts::{Accounts, Role};
use claims::{Claims, LIFE};
use denied::Denied;
use keys::Keys;

/// The cookie that holds the token, with the attributes of a session cookie.
const TOKEN: &str = "__Host-token";
/// The maximum number of permissions that a login of this demo may ask for.
const MOST_PERMISSIONS: u16 = 500;

/// The state of this shop. Clones share it.
#[derive(Clone, Default)]
struct Shop {
    keys: Keys,
    accounts: Accounts,
    denied: Denied,
    /// Mallory's copy of the last signed token.
    copied: Arc<Mutex<Option<String>>>,
}

/// Returns the demo below `/token`. It has no session.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/token", get(page))
        .route("/token/alone", get(alone))
        .route("/token/listed", get(listed))
        .route("/token/login", post(log_in))
        .route("/token/logout", post(log_out))
        .route("/token/role", post(set_role))
        .route("/token/key", post(new_key))
        .layer(CsrfLayer::new())
        .with_state(Shop::default())
}

/// The token in a request, not yet verified.
struct UnverifiedToken(Option<String>);

impl<S: Sync> FromRequestParts<S> for UnverifiedToken {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(sent(&parts.headers, TOKEN).map(|cookie| cookie.value().to_owned())))
    }
}

// ANCHOR: two
impl Shop {
    /// Verifies the token. The user and the role come from the token alone, without a query.
    fn by_token(&self, token: &str, clock: &Clock) -> Option<(Claims, Role)> {
        let claims = self.keys.verify(token, clock.now())?;
        let role = claims.role;
        Some((claims, role))
    }

    /// Verifies the token, checks that it is not on the deny-list, and looks up the account.
    fn by_token_and_list(&self, token: &str, clock: &Clock) -> Option<(Claims, Role)> {
        let (claims, _) = self.by_token(token, clock)?;
        if self.denied.has(&claims.jti) {
            return None;
        }
        let role = self.accounts.role(&claims.sub)?;
        Some((claims, role))
    }
}
// ANCHOR_END: two

async fn alone(State(shop): State<Shop>, UnverifiedToken(token): UnverifiedToken, clock: Clock) -> Response {
    answer(token.and_then(|token| shop.by_token(&token, &clock)))
}

async fn listed(State(shop): State<Shop>, UnverifiedToken(token): UnverifiedToken, clock: Clock) -> Response {
    answer(token.and_then(|token| shop.by_token_and_list(&token, &clock)))
}

fn answer(found: Option<(Claims, Role)>) -> Response {
    match found {
        Some(found) => said(&Some(found)).into_response(),
        None => (StatusCode::UNAUTHORIZED, "Log in first.\n").into_response(),
    }
}

fn said(found: &Option<(Claims, Role)>) -> String {
    found.as_ref().map_or("nobody".to_owned(), |(claims, role)| format!("{} ({role})", claims.sub))
}

async fn page(
    State(shop): State<Shop>,
    UnverifiedToken(token): UnverifiedToken,
    clock: Clock,
) -> Result<Response, Failure> {
    let copy = shop.copied.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let row = |token: &Option<String>| {
        let alone = token.as_ref().and_then(|token| shop.by_token(token, &clock));
        let listed = token.as_ref().and_then(|token| shop.by_token_and_list(token, &clock));
        vec![said(&alone), said(&listed)]
    };
    let says = token.as_ref().and_then(|token| shop.by_token(token, &clock)).map(|(claims, _)| claims);
    let values = context! {
        own => row(&token),
        copy => row(&copy),
        length => token.as_ref().map(String::len),
        says => says.and_then(|claims| serde_json::to_string_pretty(&claims).ok()),
    };
    Ok(PAGES.render("token.html", values)?.into_response())
}

#[derive(Deserialize)]
struct Login {
    username: String,
    /// The number of permissions to list in the token, to show how it grows.
    #[serde(default)]
    permissions: u16,
}

async fn log_in(
    State(shop): State<Shop>,
    clock: Clock,
    Form(Login { username, permissions }): Form<Login>,
) -> axum::response::Result<Response> {
    let Some(role) = shop.accounts.role(&username) else {
        return Err((StatusCode::UNPROCESSABLE_ENTITY, "There is no account with this name.\n").into());
    };
    let permissions = (0..permissions.min(MOST_PERMISSIONS)).map(|number| format!("orders:{number}:read")).collect();
    let token = shop.keys.sign(&Claims::new(username, role, permissions, clock.now())).map_err(|error| {
        tracing::error!(%error, "a token could not be signed");
        (StatusCode::INTERNAL_SERVER_ERROR, "You cannot be logged in at the moment.\n")
    })?;
    *shop.copied.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
    Ok(leads_back(cookie(token).max_age(LIFE).build()))
}

async fn log_out(State(shop): State<Shop>, UnverifiedToken(token): UnverifiedToken, clock: Clock) -> Response {
    if let Some((claims, _)) = token.and_then(|token| shop.by_token(&token, &clock)) {
        shop.denied.add(&claims, clock.now());
    }
    leads_back(cookie(String::new()).max_age(time::Duration::ZERO).build())
}

fn cookie(token: String) -> tower_sessions::cookie::CookieBuilder<'static> {
    Cookie::build((TOKEN, token)).path("/").secure(true).http_only(true).same_site(SameSite::Lax)
}

fn leads_back(cookie: Cookie<'_>) -> Response {
    (AppendHeaders([(SET_COOKIE, cookie.to_string())]), Redirect::to("/token")).into_response()
}

#[derive(Deserialize)]
struct NewRole {
    username: String,
    role: Role,
}

/// Grants or revokes a role. The demo lets anyone press the button.
async fn set_role(
    State(shop): State<Shop>,
    Form(NewRole { username, role }): Form<NewRole>,
) -> Result<Redirect, (StatusCode, &'static str)> {
    if shop.accounts.set_role(&username, role) {
        return Ok(Redirect::to("/token"));
    }
    Err((StatusCode::NOT_FOUND, "There is no account with this name.\n"))
}

#[derive(Deserialize)]
struct NewKey {
    #[serde(default)]
    keep_old: bool,
}

/// Replaces the shop's key. The demo lets anyone press the button.
async fn new_key(State(shop): State<Shop>, Form(NewKey { keep_old }): Form<NewKey>) -> Redirect {
    shop.keys.replace(keep_old);
    Redirect::to("/token")
}
