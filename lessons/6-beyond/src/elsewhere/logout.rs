//! The logout, here or at the provider.

use std::time::SystemTime;

use axum::{
    extract::State,
    http::{StatusCode, header::CACHE_CONTROL},
    response::{IntoResponse, Redirect, Response},
};
use lesson_page::{Failure, Form};
use openidconnect::{LogoutRequest, PostLogoutRedirectUrl};
use serde::Deserialize;
use tower_sessions::Session;

use super::{
    Elsewhere, Here,
    accounts::Logout,
    client::{LOGIN, Login, Refused},
    discovery::{Discovered, Need},
    logout_token::{Claims, LogoutToken},
};

/// The page for a visitor who may still be logged in at the provider.
const HERE_ONLY: &str = "/elsewhere?left=here";

// ANCHOR: current
/// Returns the login of this session, unless it has ended at the provider, or is older than agreed.
pub(super) async fn current(elsewhere: &Elsewhere, session: &Session, here: &Here) -> Result<Option<Login>, Failure> {
    let Some(login) = session.get::<Login>(LOGIN).await? else { return Ok(None) };
    let accounts = &elsewhere.0.accounts;
    let has_ended_there = accounts.has_ended(&login.subject, login.sid.as_deref(), login.logouts);
    if has_ended_there || here.now() >= login.end() {
        session.flush().await?;
        return Ok(None);
    }
    here.clock.note_absolute_limit(SystemTime::from(login.end()).into()); // for the inspector
    Ok(Some(login))
}
// ANCHOR_END: current

/// Ends the session here. The visitor is still logged in at the provider, so the next login needs no password.
pub(super) async fn here(session: Session) -> Result<Redirect, Failure> {
    session.flush().await?;
    Ok(Redirect::to("/elsewhere"))
}

// ANCHOR: everywhere
/// Ends the session here first. Then it redirects the browser to the provider, which ends its own session and redirects
/// back.
pub(super) async fn everywhere(
    State(elsewhere): State<Elsewhere>,
    session: Session,
    here: Here,
) -> Result<Redirect, Failure> {
    let login = session.get::<Login>(LOGIN).await?;
    session.flush().await?;
    let Some(login) = login else { return Ok(Redirect::to(&here.home())) };
    let Ok(Discovered { registration, metadata }) = elsewhere.discover(&here, Need::Answer).await else {
        return Ok(Redirect::to(HERE_ONLY));
    };
    let end = metadata.additional_metadata().end_session_endpoint.clone();
    let back = PostLogoutRedirectUrl::new(here.home()).ok();
    let (Some(end), Some(back)) = (end, back) else { return Ok(Redirect::to(HERE_ONLY)) };
    let request = LogoutRequest::from(end).set_client_id(registration.client).set_post_logout_redirect_uri(back);
    let request = request.set_id_token_hint(&login.id_token);
    Ok(Redirect::to(request.http_get_url().as_str()))
}
// ANCHOR_END: everywhere

#[derive(Deserialize)]
pub(super) struct LogoutForm {
    logout_token: String,
}

/// The reason why a logout token ends no session.
type NotEnded = (StatusCode, &'static str);

const NO_LOGOUT_TOKEN: NotEnded =
    (StatusCode::BAD_REQUEST, "This is not a logout token for this program, so no session was ended.\n");
const NOT_VERIFIED: NotEnded =
    (StatusCode::SERVICE_UNAVAILABLE, "The provider's keys cannot be read, so no session was ended. Send it again.\n");

// ANCHOR: back_channel
/// Receives a logout token, with which the provider reports that a person has logged out there. The request has no
/// cookie, so only the token says whose sessions end.
pub(super) async fn back_channel(
    State(elsewhere): State<Elsewhere>,
    here: Here,
    form: Result<Form<LogoutForm>, Response>,
) -> impl IntoResponse {
    // A request without a token is a bad one, too, and its answer is for a program (Back-Channel Logout 1.0, 2.8).
    let ended = match form {
        Ok(Form(LogoutForm { logout_token })) => end(&elsewhere, &here, &logout_token).await,
        Err(_) => Err(NO_LOGOUT_TOKEN),
    };
    ([(CACHE_CONTROL, "no-store")], ended.map(|()| StatusCode::OK))
}

async fn end(elsewhere: &Elsewhere, here: &Here, logout_token: &str) -> Result<(), NotEnded> {
    let token = LogoutToken::of(logout_token).ok_or(NO_LOGOUT_TOKEN)?;
    let now = elsewhere.time_at_provider(here);
    if elsewhere.0.checks.logout_token {
        let verified = elsewhere.verified(here, |provider| token.verify(provider, now)).await;
        verified.map_err(|refused| match refused {
            Refused::Unreachable => NOT_VERIFIED,
            _ => NO_LOGOUT_TOKEN,
        })?;
        if !elsewhere.0.accounts.is_new(&token.claims.jti) {
            return Err(NO_LOGOUT_TOKEN);
        }
    }
    let Claims { iss: issuer, sub: subject, sid, .. } = token.claims;
    elsewhere.0.accounts.end(Logout { issuer, subject, sid, at: here.now() });
    Ok(())
}
// ANCHOR_END: back_channel
