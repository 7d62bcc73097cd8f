//! The client: a login begins here, continues at the provider, and ends here.

use std::error::Error;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use lesson_3::proxy::causes;
use lesson_page::{Failure, Form, Query};
use minijinja::context;
use openidconnect::{
    AccessToken, AuthenticationFlow, AuthorizationCode, ClaimsVerificationError, CsrfToken, Nonce, OAuth2TokenResponse,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse,
    core::{CoreAuthPrompt, CoreResponseType, CoreUserInfoClaims},
};
use serde::{Deserialize, Serialize};
use session_guard::replace_id;
use tower_sessions::Session;
use url::Url;

use super::{
    ClientChecks, Elsewhere, Here,
    accounts::{LONGEST, Subject},
    discovery::{Discovered, Need, ask},
    id_token::{Client, IdToken, IdTokenClaims},
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
    /// The earliest time at which the visitor may have logged in at the provider, in seconds since 1970.
    since: i64,
    purpose: Purpose,
}
// ANCHOR_END: pending

/// What happens after the login at the provider.
#[derive(Deserialize, Serialize)]
pub(super) enum Purpose {
    /// The visitor is logged in here, and returns to this page.
    Login(String),
    /// The account of this subject is deleted, if it is they who have logged in.
    Deletion(Subject),
}

/// A login, as the session stores it.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Login {
    pub(super) account: usize,
    pub(super) subject: Subject,
    /// The session at the provider, if the provider names it.
    pub(super) sid: Option<String>,
    /// The time of the login at the provider, in seconds since 1970 on the clock of this program.
    at: i64,
    /// The number of logouts that had been reported when the login began.
    pub(super) logouts: u64,
    /// The token to send with a logout at the provider, so that the provider knows whose session to end.
    pub(super) id_token: IdToken,
}

impl Login {
    /// Returns the time when this login ends, however active the visitor is.
    pub(super) fn end(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.at, 0).unwrap_or_default() + LONGEST
    }
}

impl Elsewhere {
    /// Returns the provider's discovery document. The provider in this program is asked directly, at the address of
    /// this request.
    pub(super) async fn discover(&self, here: &Here, need: Need) -> Result<Discovered, Refused> {
        let registration = self.registration(here).map_err(Refused::unreachable)?;
        let found = match self.0.registration {
            Some(_) => self.0.discovery.of(&registration, need).await,
            None => ask(&registration).await,
        };
        Ok(Discovered { metadata: found.ok_or(Refused::Unreachable)?, registration })
    }

    // ANCHOR: verify
    /// Verifies a token with the provider's keys. If none of them verifies the signature, the provider may have changed
    /// its key, so the keys are fetched again.
    pub(super) async fn verified<T>(
        &self,
        here: &Here,
        verify: impl Fn(&Discovered) -> Result<T, ClaimsVerificationError>,
    ) -> Result<T, Refused> {
        let verified = match verify(&self.discover(here, Need::Endpoints).await?) {
            Err(ClaimsVerificationError::SignatureVerification(_)) => {
                verify(&self.discover(here, Need::OtherKeys).await?)
            }
            verified => verified,
        };
        verified.map_err(Refused::provider)
    }
    // ANCHOR_END: verify
}

impl Discovered {
    fn client(&self, here: &Here) -> Result<Client, Refused> {
        let back = RedirectUrl::new(here.back()).map_err(Refused::unreachable)?;
        let Registration { client, secret, .. } = self.registration.clone();
        Ok(Client::from_provider_metadata(self.metadata.clone(), client, Some(secret)).set_redirect_uri(back))
    }
}

/// The reason why a login was refused.
pub(super) enum Refused {
    /// The answer does not belong to a login that began in this session.
    NotBegun,
    /// The answer does not name the provider that was asked.
    NotNamed,
    /// The provider refused the login, or its answer failed a check.
    Provider,
    /// The visitor logged in at the provider too long ago, or the provider does not say when.
    NotRecent,
    /// Another person has logged in than the one whose account it is.
    AnotherPerson,
    /// The provider's discovery document cannot be fetched.
    Unreachable,
    Session(Failure),
}

impl Refused {
    fn provider(error: impl Error + 'static) -> Self {
        tracing::warn!(error = causes(&error), "a login at the provider was refused");
        match (&error as &dyn Error).downcast_ref() {
            Some(ClaimsVerificationError::InvalidAuthTime(_)) => Self::NotRecent,
            _ => Self::Provider,
        }
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
        let not_named = "This answer does not name the provider that you were sent to, so nobody was logged in. Begin \
                         again at /elsewhere.\n";
        let provider = "The provider did not confirm this login, so nobody was logged in. Begin again at /elsewhere.\n";
        let not_recent = "The provider did not confirm that you have logged in there recently, so nothing was done. \
                          Log out there, and begin again at /elsewhere.\n";
        let another = "Somebody else has logged in at the provider, so nothing was done. Begin again at /elsewhere.\n";
        let unreachable = "The provider cannot be reached, so nobody was logged in. Try again later.\n";
        match self {
            Self::NotBegun => (StatusCode::BAD_REQUEST, not_begun).into_response(),
            // Not a 5xx, because the session must be saved without the pending login, so that no second code is tried
            // with it.
            Self::NotNamed => (StatusCode::BAD_REQUEST, not_named).into_response(),
            Self::Provider => (StatusCode::BAD_REQUEST, provider).into_response(),
            Self::NotRecent => (StatusCode::BAD_REQUEST, not_recent).into_response(),
            Self::AnotherPerson => (StatusCode::BAD_REQUEST, another).into_response(),
            Self::Unreachable => (StatusCode::BAD_GATEWAY, unreachable).into_response(),
            Self::Session(failure) => failure.into_response(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Left {
    /// `here` after a logout that the provider does not know of, and `deleted` after the end of an account.
    #[serde(default)]
    left: String,
}

pub(super) async fn view(
    State(elsewhere): State<Elsewhere>,
    session: Session,
    here: Here,
    Query(Left { left }): Query<Left>,
) -> Result<Response, Failure> {
    if !here.is_own {
        return Ok(Redirect::to(&here.home()).into_response()); // the provider has only that address
    }
    let login = current(&elsewhere, &session, &here).await?;
    let account = login.map(|login| login.account);
    let email = account.map(|account| elsewhere.0.accounts.email(account));
    let other = elsewhere.0.registration.as_ref().map(|registration| registration.issuer.as_str());
    let Here { own, provider, .. } = &here;
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
    here: Here,
    Form(Next { next }): Form<Next>,
) -> Result<Redirect, Refused> {
    let next = if next.len() <= LONGEST_PAGE { next } else { String::new() };
    elsewhere.redirect(&session, &here, LONGEST, Purpose::Login(next)).await
}

impl Elsewhere {
    /// Redirects the visitor to the provider, which asks for the password unless the visitor has entered it there in
    /// the last `max_age`.
    pub(super) async fn redirect(
        &self,
        session: &Session,
        here: &Here,
        max_age: TimeDelta,
        purpose: Purpose,
    ) -> Result<Redirect, Refused> {
        let client = self.discover(here, Need::Endpoints).await?.client(here)?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let mut request = client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
        request = request.set_max_age(max_age.to_std().unwrap_or_default());
        if max_age.is_zero() {
            request = request.add_prompt(CoreAuthPrompt::Login); // for a provider that does not know `max_age`
        }
        let mut kept = None;
        if self.0.checks.pkce {
            request = request.set_pkce_challenge(challenge);
            kept = Some(verifier);
        }
        let (url, state, nonce) = request.add_scope(Scope::new("email".to_owned())).url();
        let since = (self.time_at_provider(here) - max_age).timestamp();
        let mut pending: Vec<Pending> = session.get(PENDING).await?.unwrap_or_default();
        pending.push(Pending { state, nonce, verifier: kept, since, purpose });
        pending.drain(..pending.len().saturating_sub(MOST_PENDING));
        session.insert(PENDING, pending).await?;
        Ok(Redirect::to(url.as_str()))
    }
}
// ANCHOR_END: begin

#[derive(Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    /// The provider that answers, if it names itself (RFC 9207). An answer that reports an error names it, too.
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
    here: Here,
    Query(Answer { code, state, iss }): Query<Answer>,
) -> Result<Redirect, Refused> {
    let checks = elsewhere.0.checks;
    let pending = take(&session, &state, checks).await?;
    if !elsewhere.discover(&here, Need::Endpoints).await?.is_named(iss.as_deref()) {
        return Err(Refused::NotNamed); // another provider answers
    }
    if code.is_empty() {
        return Err(Refused::Provider); // the visitor has canceled
    }
    let logouts = elsewhere.0.accounts.logouts(); // before the provider is asked, so that no logout is missed
    let Confirmed { subject, sid, at, email, id_token } = elsewhere.confirmed(&here, code, pending.as_ref()).await?;
    session.load().await?; // other requests may have changed the session in the meantime
    let next = match pending.map(|pending| pending.purpose) {
        Some(Purpose::Deletion(owner)) if owner == subject => return elsewhere.delete(&session, &here, &owner).await,
        Some(Purpose::Deletion(_)) => return Err(Refused::AnotherPerson),
        Some(Purpose::Login(next)) => next,
        None => String::new(),
    };
    let accounts = &elsewhere.0.accounts;
    let account =
        if checks.subject { accounts.of(subject.clone(), &email) } else { accounts.by_email(subject.clone(), &email) };
    session.insert(LOGIN, Login { account, subject, sid, at, logouts, id_token }).await?;
    if checks.new_id {
        replace_id(&session).await?;
    }
    Ok(Redirect::to(&if checks.own_pages { own_page(&here, &next) } else { next }))
}
// ANCHOR_END: back

/// The provider's claims about a visitor.
struct Confirmed {
    subject: Subject,
    sid: Option<String>,
    at: i64,
    email: String,
    id_token: IdToken,
}

impl Elsewhere {
    // ANCHOR: claims
    /// Exchanges the code for the provider's claims about the visitor, and checks them.
    async fn confirmed(&self, here: &Here, code: String, pending: Option<&Pending>) -> Result<Confirmed, Refused> {
        let provider = self.discover(here, Need::Endpoints).await?;
        let (client, http) = (provider.client(here)?, provider.registration.http());
        let mut request = client.exchange_code(AuthorizationCode::new(code)).map_err(Refused::provider)?;
        if let Some(verifier) = pending.and_then(|pending| pending.verifier.as_ref()) {
            request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier.secret().clone()));
        }
        let token = request.request_async(&http).await.map_err(Refused::provider)?;
        let id_token = token.id_token().ok_or(Refused::Provider)?.clone();
        let claims = self.verified(here, |provider| self.claims(here, provider, &id_token, pending)).await?;
        let subject = Subject { issuer: claims.issuer().to_string(), subject: claims.subject().to_string() };
        let email = email(&client, &provider.registration, &claims, token.access_token()).await?;
        let sid = claims.additional_claims().sid.clone();
        Ok(Confirmed { subject, sid, at: self.logged_in_at(here, claims.auth_time()), email, id_token })
    }

    /// Verifies signature, issuer, audience, time, nonce, and the time of the login at the provider.
    fn claims(
        &self,
        here: &Here,
        provider: &Discovered,
        id_token: &IdToken,
        pending: Option<&Pending>,
    ) -> Result<IdTokenClaims, ClaimsVerificationError> {
        let (checks, now) = (self.0.checks, self.time_at_provider(here));
        let is_ours = |found: Option<&Nonce>| match (pending, found) {
            _ if !checks.nonce => Ok(()),
            (Some(pending), Some(found)) if pending.nonce.secret() == found.secret() => Ok(()),
            _ => Err("another nonce".to_owned()),
        };
        let is_recent = |at: Option<DateTime<Utc>>| match (pending, at) {
            _ if !checks.auth_time => Ok(()),
            (Some(pending), Some(at)) if at.timestamp() >= pending.since => Ok(()),
            _ => Err("too old, or absent".to_owned()),
        };
        let verifier = provider.verifier().set_time_fn(|| now).set_auth_time_verifier_fn(is_recent);
        id_token.claims(&verifier, is_ours).cloned()
    }
    // ANCHOR_END: claims

    /// Converts the time of a login at the provider to a time on the clock of this program, in seconds since 1970.
    fn logged_in_at(&self, here: &Here, at: Option<DateTime<Utc>>) -> i64 {
        let now = self.time_at_provider(here);
        let age = at.map_or(TimeDelta::zero(), |at| now - at).max(TimeDelta::zero()); // never after now
        (here.now() - age).timestamp()
    }
}

// ANCHOR: email
/// Returns the email address. If a provider leaves it out of the ID token, it is at the UserInfo endpoint, for anyone
/// who has the access token (OpenID Connect Core 1.0, section 5.4).
async fn email(
    client: &Client,
    registration: &Registration,
    claims: &IdTokenClaims,
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
fn own_page(Here { own, .. }: &Here, next: &str) -> String {
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
    use axum::http::{HeaderMap, header::HOST};
    use openidconnect::{
        Audience, IssuerUrl, StandardClaims, SubjectIdentifier,
        core::{CoreHmacKey, CoreJwsSigningAlgorithm},
    };
    use serde_json::json;
    use session_inspector::Clock;

    use super::*;
    use crate::elsewhere::{
        discovery::tests::{ISSUER, provider},
        id_token::SessionThere,
    };

    fn here() -> Here {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, "localhost:4006".parse().unwrap());
        Here::of(&headers, Clock::default())
    }

    /// An ID token of a login at this time, in seconds since 1970.
    fn id_token(auth_time: Option<i64>) -> IdToken {
        let claims = IdTokenClaims::new(
            IssuerUrl::new(ISSUER.to_owned()).unwrap(),
            vec![Audience::new("shop".to_owned())],
            Utc::now() + TimeDelta::minutes(1),
            Utc::now(),
            StandardClaims::new(SubjectIdentifier::new("1".to_owned())),
            SessionThere { sid: None },
        );
        let claims = claims.set_nonce(Some(Nonce::new("a nonce".to_owned())));
        let claims = claims.set_auth_time(auth_time.and_then(|at| DateTime::from_timestamp(at, 0)));
        let key = CoreHmacKey::new("secret");
        IdToken::new(claims, &key, CoreJwsSigningAlgorithm::HmacSha256, None, None).unwrap()
    }

    #[test]
    fn an_id_token_says_that_the_login_at_the_provider_is_recent_enough() {
        let (provider, since) = (provider(json!({})), Utc::now().timestamp());
        let (state, nonce) = (CsrfToken::new_random(), Nonce::new("a nonce".to_owned()));
        let purpose = Purpose::Login(String::new());
        let pending = Pending { state, nonce, verifier: None, since, purpose };
        let unchecked = ClientChecks { auth_time: false, ..ClientChecks::ALL };
        for (at, is_recent) in [(Some(since), true), (Some(since + 1), true), (Some(since - 1), false), (None, false)] {
            for (checks, is_taken) in [(ClientChecks::ALL, is_recent), (unchecked, true)] {
                let claims = Elsewhere::new(checks).claims(&here(), &provider, &id_token(at), Some(&pending));
                assert_eq!(claims.is_ok(), is_taken, "{at:?} {claims:?}");
                let is_refused_for_it = matches!(claims, Err(ClaimsVerificationError::InvalidAuthTime(_)));
                assert_eq!(is_refused_for_it, !is_taken, "{at:?}");
            }
        }
    }

    #[test]
    fn a_login_at_the_provider_has_the_same_age_on_both_clocks() {
        let there = Registration::new(ISSUER, "shop", "secret").unwrap();
        for elsewhere in [Elsewhere::new(ClientChecks::ALL), Elsewhere::at(there)] {
            let here = here();
            here.clock.skip(std::time::Duration::from_secs(3600));
            for (age, counted) in [(600, 600), (0, 0), (-600, 0)] {
                let at = elsewhere.time_at_provider(&here) - TimeDelta::seconds(age);
                let found = here.now().timestamp() - elsewhere.logged_in_at(&here, Some(at));
                assert!((counted..=counted + 1).contains(&found), "{age}: {found}"); // a second may begin meanwhile
            }
        }
    }

    #[test]
    fn a_login_returns_only_to_a_page_of_this_program() {
        let here = here();
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
            assert_eq!(own_page(&here, next), page, "{next:?}");
        }
    }
}
