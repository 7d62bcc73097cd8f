//! The client: a login begins here, continues at the provider, and ends here.

use std::error::Error;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use lesson_3::proxy::causes;
use lesson_page::{Failure, Form, Query};
use minijinja::context;
use openidconnect::{
    AccessToken, AuthenticationFlow, AuthorizationCode, ClaimsVerificationError, CsrfToken, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier,
    ProviderMetadataWithLogout, RedirectUrl, Scope, TokenResponse,
    core::{CoreClient, CoreIdToken, CoreIdTokenClaims, CoreResponseType, CoreUserInfoClaims},
};
use serde::{Deserialize, Serialize};
use session_guard::replace_id;
use tower_sessions::Session;
use url::Url;

use super::{
    ClientChecks, Elsewhere, Origins,
    accounts::Subject,
    discovery::{Need, ask},
    logout::current,
    registration::Registration,
};
use crate::page::PAGES;

/// The key of the logins that have begun and are not complete.
const PENDING: &str = "logins elsewhere";
/// The maximum number of these logins, because a visitor may begin one in each tab. The oldest is dropped first.
const MOST_PENDING: usize = 5;
/// The maximum length of the address to return to after the login, in bytes. It is stored in the session.
const LONGEST_PAGE: usize = 2000;
/// The key of the login in the session.
pub(super) const LOGIN: &str = "logged in elsewhere";

// ANCHOR: pending
/// The state of a login until the answer arrives: secrets of this browser, each for one use.
#[derive(Deserialize, Serialize)]
struct Pending {
    state: CsrfToken,
    nonce: Nonce,
    verifier: Option<PkceCodeVerifier>,
    /// The page that the visitor wanted to see.
    next: String,
}
// ANCHOR_END: pending

/// A login, as the session stores it.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Login {
    pub(super) account: usize,
    pub(super) subject: Subject,
    /// The number of logouts that had been reported when the login began.
    pub(super) logouts: u64,
    /// The token to send with a logout at the provider, so that the provider knows whose session to end.
    pub(super) id_token: CoreIdToken,
}

pub(super) type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

impl Elsewhere {
    /// Returns the provider's discovery document. The provider in this program is asked directly, at the address of
    /// this request.
    pub(super) async fn discover(
        &self,
        origins: &Origins,
        need: Need,
    ) -> Result<(Registration, ProviderMetadataWithLogout), Refused> {
        let registration = self.registration(origins).map_err(Refused::unreachable)?;
        let found = match self.0.registration {
            Some(_) => self.0.discovery.of(&registration, need).await,
            None => ask(&registration).await,
        };
        Ok((registration, found.ok_or(Refused::Unreachable)?))
    }

    async fn client(&self, origins: &Origins, need: Need) -> Result<(Client, Registration), Refused> {
        let (registration, metadata) = self.discover(origins, need).await?;
        let back = RedirectUrl::new(origins.back()).map_err(Refused::unreachable)?;
        let (id, secret) = (registration.client.clone(), registration.secret.clone());
        Ok((CoreClient::from_provider_metadata(metadata, id, Some(secret)).set_redirect_uri(back), registration))
    }

    fn is_issuer(&self, origins: &Origins, name: &str) -> bool {
        self.registration(origins).is_ok_and(|registration| *registration.issuer == name)
    }

    // ANCHOR: verify
    /// Verifies a token with the provider's keys. If none of them verifies the signature, the provider may have changed
    /// its key, so the keys are fetched again.
    pub(super) async fn verified<T>(
        &self,
        origins: &Origins,
        verify: impl Fn(&Client) -> Result<T, ClaimsVerificationError>,
    ) -> Result<T, Refused> {
        let (client, _) = self.client(origins, Need::Endpoints).await?;
        let verified = match verify(&client) {
            Err(ClaimsVerificationError::SignatureVerification(_)) => {
                verify(&self.client(origins, Need::OtherKeys).await?.0)
            }
            verified => verified,
        };
        verified.map_err(Refused::provider)
    }
    // ANCHOR_END: verify
}

/// The reason why a login was refused.
pub(super) enum Refused {
    /// The answer does not belong to a login that began in this session.
    NotBegun,
    /// The provider refused the login, or its answer failed a check.
    Provider,
    /// The provider's discovery document cannot be fetched.
    Unreachable,
    Session(Failure),
}

impl Refused {
    fn provider(error: impl Error + 'static) -> Self {
        tracing::warn!(error = causes(&error), "a login at the provider was refused");
        Self::Provider
    }

    fn unreachable(error: impl Error + 'static) -> Self {
        tracing::error!(error = causes(&error), "the provider cannot be reached");
        Self::Unreachable
    }
}

impl<E: Into<Failure>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Session(error.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let not_begun = "This login did not begin in this browser, or it is over, or five others have begun since. \
                         Nobody was logged in. Begin again at /elsewhere.\n";
        let provider = "The provider did not confirm this login, so nobody was logged in. Begin again at /elsewhere.\n";
        let unreachable = "The provider cannot be reached, so nobody was logged in. Try again later.\n";
        match self {
            Self::NotBegun => (StatusCode::BAD_REQUEST, not_begun).into_response(),
            // Not a 5xx, because the session must be saved without the pending login, so that no second code is tried
            // with it.
            Self::Provider => (StatusCode::BAD_REQUEST, provider).into_response(),
            Self::Unreachable => (StatusCode::BAD_GATEWAY, unreachable).into_response(),
            Self::Session(failure) => failure.into_response(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Left {
    /// `here` after a logout that the provider does not know of.
    #[serde(default)]
    left: String,
}

pub(super) async fn view(
    State(elsewhere): State<Elsewhere>,
    session: Session,
    headers: HeaderMap,
    Query(Left { left }): Query<Left>,
) -> Result<Response, Failure> {
    let origins = Origins::of(&headers);
    if !origins.is_own(&headers) {
        return Ok(Redirect::to(&origins.home()).into_response()); // the provider has only that address
    }
    let login = current(&elsewhere, &session).await?;
    let account = login.map(|login| login.account);
    let email = account.map(|account| elsewhere.0.accounts.email(account));
    let other = elsewhere.0.registration.as_ref().map(|registration| registration.issuer.as_str());
    let Origins { own, provider } = &origins;
    Ok(PAGES.render("elsewhere.html", context! { account, email, own, provider, other, left })?.into_response())
}

#[derive(Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    next: String,
}

// ANCHOR: begin
pub(super) async fn begin(
    State(elsewhere): State<Elsewhere>,
    session: Session,
    headers: HeaderMap,
    Form(Next { next }): Form<Next>,
) -> Result<Redirect, Refused> {
    let (client, _) = elsewhere.client(&Origins::of(&headers), Need::Endpoints).await?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
    let mut request = client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
    let mut kept = None;
    if elsewhere.0.checks.pkce {
        request = request.set_pkce_challenge(challenge);
        kept = Some(verifier);
    }
    let (url, state, nonce) = request.add_scope(Scope::new("email".to_owned())).url();
    let next = if next.len() <= LONGEST_PAGE { next } else { String::new() };
    let mut pending: Vec<Pending> = session.get(PENDING).await?.unwrap_or_default();
    pending.push(Pending { state, nonce, verifier: kept, next });
    pending.drain(..pending.len().saturating_sub(MOST_PENDING));
    session.insert(PENDING, pending).await?;
    Ok(Redirect::to(url.as_str()))
}
// ANCHOR_END: begin

#[derive(Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    /// The provider that answers, if it names itself (RFC 9207).
    iss: Option<String>,
}

// ANCHOR: take
/// Takes the login with this `state` out of the session, for one use. Another `state` takes out nothing.
async fn take(session: &Session, state: &str, checks: ClientChecks) -> Result<Option<Pending>, Refused> {
    let mut pending: Vec<Pending> = session.get(PENDING).await?.unwrap_or_default();
    let of_this_state = pending.iter().position(|pending| *pending.state.secret() == *state);
    let found = match of_this_state {
        None if checks.state => return Err(Refused::NotBegun),
        found => found.or(pending.len().checked_sub(1)),
    };
    let Some(found) = found else { return Ok(None) };
    let taken = pending.remove(found);
    session.insert(PENDING, pending).await?;
    session.save().await?; // before the code is used, because after a conflict this request runs again
    Ok(Some(taken))
}
// ANCHOR_END: take

// ANCHOR: back
pub(super) async fn back(
    State(elsewhere): State<Elsewhere>,
    session: Session,
    headers: HeaderMap,
    Query(Answer { code, state, iss }): Query<Answer>,
) -> Result<Redirect, Refused> {
    let checks = elsewhere.0.checks;
    let pending = take(&session, &state, checks).await?;
    let origins = Origins::of(&headers);
    if code.is_empty() || iss.is_some_and(|iss| !elsewhere.is_issuer(&origins, &iss)) {
        return Err(Refused::Provider); // the visitor has canceled, or another provider answers
    }
    let next = pending.as_ref().map(|pending| pending.next.clone()).unwrap_or_default();
    let logouts = elsewhere.0.accounts.logouts(); // before the provider is asked, so that no logout is missed
    let Confirmed { subject, email, id_token } = elsewhere.confirmed(&origins, code, pending).await?;
    session.load().await?; // other requests may have changed the session in the meantime
    let accounts = &elsewhere.0.accounts;
    let account =
        if checks.subject { accounts.of(subject.clone(), &email) } else { accounts.by_email(subject.clone(), &email) };
    session.insert(LOGIN, Login { account, subject, logouts, id_token }).await?;
    if checks.new_id {
        replace_id(&session).await?;
    }
    Ok(Redirect::to(&if checks.own_pages { own_page(&origins, &next) } else { next }))
}
// ANCHOR_END: back

/// The provider's claims about a visitor.
struct Confirmed {
    subject: Subject,
    email: String,
    id_token: CoreIdToken,
}

impl Elsewhere {
    // ANCHOR: claims
    /// Exchanges the code for the provider's claims about the visitor, and checks them.
    async fn confirmed(&self, origins: &Origins, code: String, pending: Option<Pending>) -> Result<Confirmed, Refused> {
        let (client, registration) = self.client(origins, Need::Endpoints).await?;
        let mut request = client.exchange_code(AuthorizationCode::new(code)).map_err(Refused::provider)?;
        let (nonce, verifier) = pending.map(|pending| (pending.nonce, pending.verifier)).unzip();
        if let Some(verifier) = verifier.flatten() {
            request = request.set_pkce_verifier(verifier);
        }
        let token = request.request_async(&registration.http()).await.map_err(Refused::provider)?;
        let id_token = token.id_token().ok_or(Refused::Provider)?.clone();
        let is_ours = |found: Option<&Nonce>| match (self.0.checks.nonce, nonce.as_ref(), found) {
            (false, ..) => Ok(()),
            (true, Some(nonce), Some(found)) if nonce.secret() == found.secret() => Ok(()),
            _ => Err("another nonce".to_owned()),
        };
        // Signature, issuer, audience, time and nonce.
        let verify = |client: &Client| id_token.claims(&client.id_token_verifier(), is_ours);
        let claims = self.verified(origins, verify).await?;
        let subject = Subject { issuer: claims.issuer().to_string(), subject: claims.subject().to_string() };
        let email = email(&client, &registration, claims, token.access_token()).await?;
        Ok(Confirmed { subject, email, id_token })
    }
    // ANCHOR_END: claims
}

// ANCHOR: email
/// Returns the email address. If a provider leaves it out of the ID token, it is at the UserInfo endpoint, for anyone
/// who has the access token (OpenID Connect Core 1.0, section 5.4).
async fn email(
    client: &Client,
    registration: &Registration,
    claims: &CoreIdTokenClaims,
    access_token: &AccessToken,
) -> Result<String, Refused> {
    if let Some(email) = claims.email() {
        return Ok(email.to_string());
    }
    let same_subject = Some(claims.subject().clone());
    let Ok(request) = client.user_info(access_token.clone(), same_subject) else { return Ok(String::new()) };
    let claims: CoreUserInfoClaims = request.request_async(&registration.http()).await.map_err(Refused::provider)?;
    Ok(claims.email().map(|email| email.to_string()).unwrap_or_default())
}
// ANCHOR_END: email

// ANCHOR: own_page
/// Returns the page that the visitor wanted, or the start page if it is not a page of this program. Only a parser of
/// URLs reads `//evil.example` or `/\evil.example` as a browser does.
fn own_page(Origins { own, .. }: &Origins, next: &str) -> String {
    let joined = Url::parse(own).and_then(|base| Ok((base.join(next)?, base)));
    match joined {
        Ok((url, base)) if url.origin() == base.origin() && !next.is_empty() => {
            let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
            // One slash, because a browser reads two at the beginning as another host.
            format!("/{}{query}", url.path().trim_start_matches('/'))
        }
        _ => "/elsewhere".to_owned(),
    }
}
// ANCHOR_END: own_page

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_returns_only_to_a_page_of_this_program() {
        let origins = Origins { own: "http://localhost:4006".to_owned(), provider: String::new() };
        for (next, page) in [
            ("/release?a=1", "/release?a=1"),
            ("release", "/release"),
            ("http://localhost:4006/release", "/release"),
            ("/a/..//evil.example", "/evil.example"),
            ("", "/elsewhere"),
            ("https://evil.example/", "/elsewhere"),
            ("//evil.example/", "/elsewhere"),
            ("/\\evil.example/", "/elsewhere"),
            ("\t//evil.example/", "/elsewhere"),
            ("http://localhost:4006@evil.example/", "/elsewhere"),
            ("http://localhost:4007/", "/elsewhere"),
            ("javascript:alert(1)", "/elsewhere"),
        ] {
            assert_eq!(own_page(&origins, next), page, "{next:?}");
        }
    }
}
