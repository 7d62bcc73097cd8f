//! The visitor who sent a request.

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
    response::{ErrorResponse, IntoResponse, Redirect, Response},
};
use lesson_page::Failure;
use serde::{Deserialize, Serialize};
use session_guard::replace_id;
use session_inspector::Clock;
use tower_sessions::Session;

use crate::{
    session_data::SessionData,
    shop::{Account, Current, NewLogin, Role, Shop},
};

/// The handle of a login in the shop.
#[derive(Default, Deserialize, Serialize)]
struct Handle(Option<String>);

impl SessionData for Handle {
    const KEY: &'static str = "login";
}

/// Any visitor, with or without a session, logged in or not.
pub(crate) struct Visitor {
    pub(crate) session: Session,
    pub(crate) user: Option<Account>,
}

/// A visitor who is logged in. Others are redirected to the login page.
pub(crate) struct User {
    pub(crate) session: Session,
    pub(crate) account: Account,
    /// The number of this login.
    pub(crate) login: i64,
}

/// An admin. Other users get 403.
pub(crate) struct Admin(pub(crate) User);

// ANCHOR: visitor
/// Returns the account of a session, and the number of its login. Both are looked up at each request, so that a change
/// takes effect at once.
async fn user(shop: &Shop, session: &Session, clock: &Clock) -> axum::response::Result<Option<(Account, i64)>> {
    let Handle(Some(handle)) = Handle::load(session).await? else { return Ok(None) };
    let Some(Current { account, login, ends }) = shop.find_login(&handle, clock.now()).await? else {
        session.flush().await.map_err(Failure::from)?; // ended from another session
        return Ok(None);
    };
    clock.note_absolute_limit(ends); // for the inspector, which does not see this limit
    Ok(Some((account, login)))
}

/// Makes a new login for this session. It replaces the login that the session had, if any.
pub(crate) async fn new_login(visitor: &Visitor, agent: &str, clock: &Clock) -> Result<NewLogin, Failure> {
    let Handle(replaces) = Handle::load(&visitor.session).await?;
    Ok(NewLogin::new(replaces, agent, clock.now()))
}

// ANCHOR: log_in
/// Logs in after the shop has recorded the login: the session gets a new ID and keeps a guest's data.
pub(crate) async fn log_in(shop: &Shop, visitor: Visitor, account: i64, login: NewLogin) -> axum::response::Result<()> {
    let Visitor { session, user } = visitor;
    if user.is_some_and(|user| user.id != account) {
        session.clear().await; // the cart and the other data belong to another user
    }
    let handle = login.handle;
    Handle(Some(handle.clone())).save(&session).await?;
    if let Err(error) = replace_id(&session).await {
        // Another request was faster, so this login is undone.
        shop.end_handle(&handle).await?;
        return Err(Failure::from(error).into());
    }
    Ok(())
}
// ANCHOR_END: log_in
// ANCHOR_END: visitor

async fn session_and_user(parts: &mut Parts, shop: &Shop) -> axum::response::Result<(Session, Option<(Account, i64)>)> {
    let session = Session::from_request_parts(parts, shop).await?;
    let Ok(clock) = Clock::from_request_parts(parts, shop).await;
    let user = user(shop, &session, &clock).await?;
    Ok((session, user))
}

fn answer(error: ErrorResponse) -> Response {
    Err::<(), _>(error).into_response()
}

impl FromRequestParts<Shop> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(request: &mut Parts, shop: &Shop) -> Result<Self, Response> {
        let (session, user) = session_and_user(request, shop).await.map_err(answer)?;
        Ok(Self { session, user: user.map(|(account, _)| account) })
    }
}

impl FromRequestParts<Shop> for User {
    type Rejection = Response;

    async fn from_request_parts(request: &mut Parts, shop: &Shop) -> Result<Self, Response> {
        let (session, user) = session_and_user(request, shop).await.map_err(answer)?;
        match user {
            Some((account, login)) => Ok(Self { session, account, login }),
            None => Err(Redirect::to("/login").into_response()),
        }
    }
}

impl FromRequestParts<Shop> for Admin {
    type Rejection = Response;

    async fn from_request_parts(request: &mut Parts, shop: &Shop) -> Result<Self, Response> {
        let user = User::from_request_parts(request, shop).await?;
        match user.account.role {
            Role::Admin => Ok(Self(user)),
            Role::User => Err((StatusCode::FORBIDDEN, "Only an admin may do this.\n").into_response()),
        }
    }
}
