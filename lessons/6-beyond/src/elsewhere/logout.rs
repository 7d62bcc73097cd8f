//! The logout, here or at the provider.

use std::str::FromStr;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header::CACHE_CONTROL},
    response::{IntoResponse, Redirect, Response},
};
use lesson_page::{Failure, Form};
use openidconnect::{
    AdditionalClaims, IdToken, JsonWebTokenType, LogoutRequest, Nonce, PostLogoutRedirectUrl,
    core::{CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tower_sessions::Session;

use super::{
    Elsewhere, Origins,
    accounts::Subject,
    client::{Client, LOGIN, Login, Refused},
    discovery::Need,
};

/// The event that makes a token a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.4).
pub(super) const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The page for a visitor who may still be logged in at the provider.
const HERE_ONLY: &str = "/elsewhere?left=here";

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Events {
    #[serde(default)]
    pub(super) events: Map<String, Value>,
    #[serde(default)]
    pub(super) jti: String,
}

impl AdditionalClaims for Events {}

/// A logout token has the format of an ID token, with other claims.
pub(super) type LogoutToken =
    IdToken<Events, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;

/// Returns the login of this session, if it has not ended at the provider.
pub(super) async fn current(elsewhere: &Elsewhere, session: &Session) -> Result<Option<Login>, Failure> {
    let Some(login) = session.get::<Login>(LOGIN).await? else { return Ok(None) };
    if elsewhere.0.accounts.has_ended(&login.subject, login.logouts) {
        session.flush().await?;
        return Ok(None);
    }
    Ok(Some(login))
}

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
    headers: HeaderMap,
) -> Result<Redirect, Failure> {
    let login = session.get::<Login>(LOGIN).await?;
    session.flush().await?;
    let origins = Origins::of(&headers);
    let Some(login) = login else { return Ok(Redirect::to(&origins.home())) };
    let Ok((registration, metadata)) = elsewhere.discover(&origins, Need::Answer).await else {
        return Ok(Redirect::to(HERE_ONLY));
    };
    let end = metadata.additional_metadata().end_session_endpoint.clone();
    let back = PostLogoutRedirectUrl::new(origins.home()).ok();
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
/// cookie, so only the token identifies the person.
pub(super) async fn back_channel(
    State(elsewhere): State<Elsewhere>,
    headers: HeaderMap,
    form: Result<Form<LogoutForm>, Response>,
) -> impl IntoResponse {
    // A request without a token is a bad one, too, and its answer is for a program (Back-Channel Logout 1.0, 2.8).
    let ended = match form {
        Ok(Form(LogoutForm { logout_token })) => end_all(&elsewhere, &Origins::of(&headers), &logout_token).await,
        Err(_) => Err(NO_LOGOUT_TOKEN),
    };
    ([(CACHE_CONTROL, "no-store")], ended.map(|()| StatusCode::OK))
}

async fn end_all(elsewhere: &Elsewhere, origins: &Origins, logout_token: &str) -> Result<(), NotEnded> {
    let token = LogoutToken::from_str(logout_token).map_err(|_| NO_LOGOUT_TOKEN)?;
    // An ID token has a nonce, and a logout token must not have one, so neither is accepted as the other.
    let has_none = |nonce: Option<&Nonce>| nonce.map_or(Ok(()), |_| Err("a nonce".to_owned()));
    let verify = |client: &Client| {
        // Providers should use `logout+jwt` (section 2.4), which the library refuses by default.
        let types = ["JWT", "logout+jwt"].map(|name| JsonWebTokenType::new(name.to_owned()));
        let types = types.iter().filter_map(|name| name.normalize().ok());
        let verifier = client.id_token_verifier().set_allowed_jose_types(types);
        if elsewhere.0.checks.logout_token {
            token.claims(&verifier, has_none)
        } else {
            token.claims(&verifier.insecure_disable_signature_check(), |_: Option<&Nonce>| Ok(()))
        }
    };
    let claims = elsewhere.verified(origins, verify).await.map_err(|refused| match refused {
        Refused::Unreachable => NOT_VERIFIED,
        _ => NO_LOGOUT_TOKEN,
    })?;
    let Events { events, jti } = claims.additional_claims();
    let is_logout = events.contains_key(EVENT) && !jti.is_empty() && elsewhere.0.accounts.is_new(jti);
    if elsewhere.0.checks.logout_token && !is_logout {
        return Err(NO_LOGOUT_TOKEN);
    }
    // A `sid` names one session at the provider. This program does not store it, so all sessions of the subject end.
    let (issuer, subject) = (claims.issuer().to_string(), claims.subject().to_string());
    elsewhere.0.accounts.end_all(Subject { issuer, subject });
    Ok(())
}
// ANCHOR_END: back_channel
