//! A provider for the demo. It needs no password: a visitor chooses a person with a button.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{
        HeaderMap, StatusCode,
        header::{HOST, SET_COOKIE},
    },
    response::{AppendHeaders, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use cookie::{Cookie, SameSite};
use lesson_page::{Failure, Form, Query};
use minijinja::{context, value::Serde};
use openidconnect::{
    AccessToken, Audience, AuthUrl, ClientId, ClientSecret, EmptyExtraTokenFields, EndUserEmail, HttpRequest,
    HttpResponse, IssuerUrl, JsonWebKeySet, JsonWebKeySetUrl, LogoutProviderMetadata, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, ResponseTypes, StandardClaims, SubjectIdentifier, TokenUrl,
    core::{
        CoreHmacKey, CoreJsonWebKey, CoreJwsSigningAlgorithm, CoreResponseType, CoreSubjectIdentifierType,
        CoreTokenType,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use session_inspector::Clock;
use tower::ServiceExt;
use tower_http::csrf::CsrfLayer;

use super::{
    Here,
    discovery::{Metadata, NamesItself},
    id_token::{IdToken, IdTokenClaims, IdTokenFields, SessionThere, Tokens},
    logout_token::EVENT,
    network::{Http, LONGEST},
    registration::Registration,
};
use crate::{page::PAGES, sent_cookie::sent};

/// The client ID of this program.
const CLIENT: &str = "lesson-6";
/// The client secret of this program. The provider also signs with it, because HS256 needs no key pair.
static SECRET: LazyLock<String> = LazyLock::new(|| Nonce::new_random_len(32).secret().clone());
/// The lifetime of a code.
const CODE_LIFE: TimeDelta = TimeDelta::seconds(60);
/// The lifetime of a token.
const TOKEN_LIFE: TimeDelta = TimeDelta::minutes(2);
/// The cookie of the provider's own session.
const COOKIE: &str = "__Host-provider";
/// The lifetime of the provider's own session.
const SESSION_LIFE: TimeDelta = TimeDelta::days(1);

/// A person with an account at the provider.
#[derive(Clone, Copy, Serialize)]
struct Person {
    name: &'static str,
    subject: &'static str,
    email: &'static str,
    /// Whether the provider has verified the email address. Mallory has entered alice's.
    is_verified: bool,
}

const PEOPLE: [Person; 3] = [
    Person { name: "alice", subject: "person-1", email: "alice@example.org", is_verified: true },
    Person { name: "bob", subject: "person-2", email: "bob@example.org", is_verified: true },
    Person { name: "mallory", subject: "person-3", email: "alice@example.org", is_verified: false },
];

/// A session at the provider: the login of a person in one browser.
#[derive(Clone)]
struct ProviderSession {
    person: Person,
    /// The name of the session for clients. It is not the secret in the cookie.
    sid: String,
    /// The time when the person last entered the password.
    at: DateTime<Utc>,
}

/// The session in which a code was issued, and the values that are bound to the code.
#[derive(Clone)]
struct Grant {
    session: ProviderSession,
    nonce: Option<Nonce>,
    challenge: Option<String>,
    back: String,
    at: DateTime<Utc>,
}

/// The provider. Clones share its codes and sessions.
#[derive(Clone, Default)]
pub(super) struct Provider(Arc<Mutex<Issued>>);

#[derive(Default)]
struct Issued {
    grants: HashMap<String, Grant>,
    /// The sessions by the value of the cookie.
    sessions: HashMap<String, ProviderSession>,
}

/// The provider, and the client that it notifies of a logout.
#[derive(Clone)]
struct Pages {
    provider: Provider,
    client: Router,
}

impl Provider {
    /// Returns its pages and its endpoints. It notifies `client` of each logout.
    pub(super) fn routes(&self, client: Router) -> Router {
        let pages = Router::new()
            .route("/", get(people))
            .route("/authorize", get(ask).post(allow))
            .route("/logout", post(log_out))
            .layer(CsrfLayer::new()) // for the forms; the endpoints are for programs, which send no `Origin`
            .with_state(Pages { provider: self.clone(), client });
        pages.merge(self.endpoints())
    }

    /// Returns the endpoints for direct requests of a client.
    fn endpoints(&self) -> Router {
        Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(async || Json(JsonWebKeySet::<CoreJsonWebKey>::default())))
            .route("/token", post(token))
            .with_state(self.clone())
    }

    /// Returns the registration of this program.
    pub(super) fn registration(&self, here: &Here) -> Result<Registration, url::ParseError> {
        let issuer = IssuerUrl::new(here.provider.clone())?;
        let (client, secret) = (ClientId::new(CLIENT.to_owned()), ClientSecret::new(SECRET.clone()));
        Ok(Registration { issuer, client, secret, http: self.directly(&here.clock) })
    }

    /// Returns the function that sends a request to the provider: a direct call, because both are in one program.
    fn directly(&self, clock: &Clock) -> Http {
        let (endpoints, clock) = (self.endpoints(), clock.clone());
        Arc::new(move |request| Box::pin(ask_directly(endpoints.clone(), clock.clone(), request)))
    }

    fn issued(&self) -> MutexGuard<'_, Issued> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the session of the browser that sent these headers, if it has not expired.
    fn session(&self, headers: &HeaderMap, now: DateTime<Utc>) -> Option<ProviderSession> {
        let session = self.issued().sessions.get(sent(headers, COOKIE)?.value()).cloned();
        session.filter(|session| now - session.at <= SESSION_LIFE)
    }

    /// Logs a person in, and returns the session and its cookie. A person who was logged in already keeps the session
    /// under another cookie, so that a logout there also ends what began before.
    fn log_in(&self, person: Person, headers: &HeaderMap, at: DateTime<Utc>) -> (ProviderSession, String) {
        let sessions = &mut self.issued().sessions;
        sessions.retain(|_, session| at - session.at <= SESSION_LIFE);
        let before = sent(headers, COOKIE).and_then(|cookie| sessions.remove(cookie.value()));
        let before = before.filter(|before| before.person.subject == person.subject);
        let sid = before.map_or_else(random, |before| before.sid);
        let (secret, session) = (random(), ProviderSession { person, sid, at });
        sessions.insert(secret.clone(), session.clone());
        let cookie = Cookie::build((COOKIE, secret)).path("/").secure(true).http_only(true).same_site(SameSite::Lax);
        (session, cookie.to_string())
    }

    fn issue_code(&self, grant: Grant) -> String {
        let (code, grants) = (random(), &mut self.issued().grants);
        grants.retain(|_, earlier| grant.at - earlier.at <= CODE_LIFE);
        grants.insert(code.clone(), grant);
        code
    }
}

/// Returns 256 random bits.
fn random() -> String {
    Nonce::new_random_len(32).secret().clone()
}

async fn ask_directly(endpoints: Router, clock: Clock, request: HttpRequest) -> io::Result<HttpResponse> {
    let authority = request.uri().authority().map(ToString::to_string).unwrap_or_default();
    let mut request = request.map(Body::from);
    request.extensions_mut().insert(clock);
    request.headers_mut().insert(HOST, authority.parse().map_err(io::Error::other)?);
    let (parts, body) = endpoints.oneshot(request).await.unwrap_or_else(|never| match never {}).into_parts();
    let body = to_bytes(body, LONGEST).await.map_err(io::Error::other)?;
    Ok(HttpResponse::from_parts(parts, body.to_vec()))
}

async fn discovery(Here { provider: issuer, .. }: Here) -> Result<Json<Metadata>, StatusCode> {
    let names_itself = NamesItself { authorization_response_iss_parameter_supported: true };
    let metadata = || {
        let metadata = Metadata::new(
            IssuerUrl::new(issuer.clone())?,
            AuthUrl::new(format!("{issuer}/authorize"))?,
            JsonWebKeySetUrl::new(format!("{issuer}/keys"))?,
            vec![ResponseTypes::new(vec![CoreResponseType::Code])],
            vec![CoreSubjectIdentifierType::Public],
            vec![CoreJwsSigningAlgorithm::HmacSha256],
            LogoutProviderMetadata { end_session_endpoint: None, additional_metadata: names_itself },
        );
        Ok::<_, url::ParseError>(metadata.set_token_endpoint(Some(TokenUrl::new(format!("{issuer}/token"))?)))
    };
    metadata().map(Json).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

/// The parameters of an authorization request.
#[derive(Clone, Deserialize, Serialize)]
struct AuthorizationRequest {
    client_id: String,
    redirect_uri: String,
    #[serde(default)]
    state: String,
    nonce: Option<Nonce>,
    code_challenge: Option<String>,
    /// The maximum age of the login here, in seconds.
    max_age: Option<u32>,
    #[serde(default)]
    prompt: String,
    /// The person who logs in, or nobody if the session here is enough.
    #[serde(default)]
    person: String,
}

impl AuthorizationRequest {
    /// Whether the redirect address is the one that the client has registered, compared character by character.
    fn is_registered(&self, here: &Here) -> bool {
        self.client_id == CLIENT && self.redirect_uri == here.back()
    }

    // ANCHOR: is_enough
    /// Whether the person need not enter the password again.
    fn is_enough(&self, session: &ProviderSession, now: DateTime<Utc>) -> bool {
        let is_recent = |max_age: u32| now - session.at < TimeDelta::seconds(max_age.into());
        !self.prompt.split(' ').any(|prompt| prompt == "login") && self.max_age.is_none_or(is_recent)
    }
    // ANCHOR_END: is_enough
}

const NOT_REGISTERED: (StatusCode, &str) =
    (StatusCode::BAD_REQUEST, "No program with this address is registered here, so you are not redirected there.\n");

async fn ask(
    State(pages): State<Pages>,
    headers: HeaderMap,
    here: Here,
    Query(asks): Query<AuthorizationRequest>,
) -> axum::response::Result<Response> {
    if !asks.is_registered(&here) {
        return Err(NOT_REGISTERED.into());
    }
    let session = pages.provider.session(&headers, here.now());
    let known = session.as_ref().map(|session| session.person.name);
    let is_enough = session.is_some_and(|session| asks.is_enough(&session, here.now()));
    let values = context! { asks => Serde(asks), people => Serde(PEOPLE), known, is_enough };
    Ok(PAGES.render("provider.html", values)?.into_response())
}

async fn allow(
    State(Pages { provider, .. }): State<Pages>,
    headers: HeaderMap,
    here: Here,
    Form(asks): Form<AuthorizationRequest>,
) -> axum::response::Result<Response> {
    if !asks.is_registered(&here) {
        return Err(NOT_REGISTERED.into());
    }
    let at = here.now();
    let (session, cookie) = if asks.person.is_empty() {
        let session = provider.session(&headers, at).filter(|session| asks.is_enough(session, at));
        (session.ok_or((StatusCode::FORBIDDEN, "First log in here again, on the page before this one.\n"))?, None)
    } else {
        let person = PEOPLE.into_iter().find(|person| person.name == asks.person);
        let person = person.ok_or((StatusCode::NOT_FOUND, "There is no such person.\n"))?;
        let (session, cookie) = provider.log_in(person, &headers, at);
        (session, Some((SET_COOKIE, cookie)))
    };
    let AuthorizationRequest { nonce, code_challenge: challenge, redirect_uri: back, state, .. } = asks;
    let code = provider.issue_code(Grant { session, nonce, challenge, back: back.clone(), at });
    let answer = [("code", &code), ("state", &state), ("iss", &here.provider)];
    let led = url::Url::parse_with_params(&back, answer).map_err(|_| NOT_REGISTERED)?;
    Ok((cookie.map(|cookie| AppendHeaders([cookie])), Redirect::to(led.as_str())).into_response())
}

#[derive(Deserialize)]
struct Exchange {
    code: String,
    redirect_uri: String,
    code_verifier: Option<PkceCodeVerifier>,
}

async fn token(
    State(provider): State<Provider>,
    headers: HeaderMap,
    here: Here,
    sent: Result<Form<Exchange>, Response>,
) -> Result<Json<Tokens>, (StatusCode, Json<serde_json::Value>)> {
    let refused = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": error })));
    // RFC 6749 5.2: the answer to a client is JSON.
    let Form(Exchange { code, redirect_uri, code_verifier }) = sent.map_err(|_| refused("invalid_request"))?;
    if !is_our_client(&headers) {
        return Err(refused("invalid_client"));
    }
    let now = here.now();
    let grant = provider.issued().grants.remove(&code).filter(|grant| now - grant.at <= CODE_LIFE); // for one use
    let grant = grant.filter(|grant| grant.back == redirect_uri).ok_or_else(|| refused("invalid_grant"))?;
    let verified = code_verifier.map(|verifier| PkceCodeChallenge::from_code_verifier_sha256(&verifier));
    if verified.as_ref().map(PkceCodeChallenge::as_str) != grant.challenge.as_deref() {
        return Err(refused("invalid_grant"));
    }
    answer(&here.provider, grant, now).map(Json).map_err(|_| refused("server_error"))
}

/// Whether the request has this program's name and secret, each encoded as in a form (RFC 6749, section 2.3.1).
fn is_our_client(headers: &HeaderMap) -> bool {
    let sent = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
    let expected =
        STANDARD.encode(format!("{CLIENT}:{}", form_urlencoded::byte_serialize(SECRET.as_bytes()).collect::<String>()));
    sent == Some(expected.as_str())
}

fn answer(
    issuer: &str,
    Grant { session: ProviderSession { person, sid, at }, nonce, .. }: Grant,
    now: DateTime<Utc>,
) -> Result<Tokens, Box<dyn std::error::Error>> {
    let claims = IdTokenClaims::new(
        IssuerUrl::new(issuer.to_owned())?,
        vec![Audience::new(CLIENT.to_owned())],
        now + TOKEN_LIFE,
        now,
        StandardClaims::new(SubjectIdentifier::new(person.subject.to_owned()))
            .set_email(Some(EndUserEmail::new(person.email.to_owned())))
            .set_email_verified(Some(person.is_verified)),
        SessionThere { sid: Some(sid) },
    );
    let claims = claims.set_nonce(nonce).set_auth_time(Some(at));
    let key = CoreHmacKey::new(SECRET.as_bytes());
    let id_token = IdToken::new(claims, &key, CoreJwsSigningAlgorithm::HmacSha256, None, None)?;
    let fields = IdTokenFields::new(Some(id_token), EmptyExtraTokenFields {});
    Ok(Tokens::new(AccessToken::new(random()), CoreTokenType::Bearer, fields))
}

async fn people(State(pages): State<Pages>, headers: HeaderMap, here: Here) -> Result<Response, Failure> {
    let known = pages.provider.session(&headers, here.now()).map(|session| session.person.name);
    let values = context! { own => here.own, people => Serde(PEOPLE), known };
    Ok(PAGES.render("provider.html", values)?.into_response())
}

#[derive(Deserialize)]
struct Leaves {
    /// The person, or nobody if only the session of this browser ends.
    #[serde(default)]
    person: String,
}

/// Logs a person out at the provider, in this browser or everywhere, and notifies the client.
async fn log_out(
    State(pages): State<Pages>,
    headers: HeaderMap,
    here: Here,
    Form(Leaves { person }): Form<Leaves>,
) -> Result<Redirect, (StatusCode, &'static str)> {
    let failed = (StatusCode::BAD_GATEWAY, "The program could not be notified, so a session there may continue.\n");
    let whose = pages.provider.end(&person, &headers)?;
    let token = logout_token(&here.provider, whose, here.now()).map_err(|_| failed)?;
    let form = form_urlencoded::Serializer::new(String::new()).append_pair("logout_token", &token).finish();
    let host = here.own.trim_start_matches("http://").to_owned();
    let request = Request::post("/elsewhere/ended").header(HOST, host).extension(here.clock);
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(Body::from(form));
    let response = pages.client.oneshot(request.map_err(|_| failed)?).await.unwrap_or_else(|never| match never {});
    if response.status().is_success() { Ok(Redirect::to("/")) } else { Err(failed) }
}

impl Provider {
    /// Ends the sessions of this person, or the one of this browser. Returns the claim that names whose they were.
    fn end(&self, person: &str, headers: &HeaderMap) -> Result<serde_json::Value, (StatusCode, &'static str)> {
        let sessions = &mut self.issued().sessions;
        if person.is_empty() {
            let session = sent(headers, COOKIE).and_then(|cookie| sessions.remove(cookie.value()));
            let session = session.ok_or((StatusCode::NOT_FOUND, "You are not logged in here.\n"))?;
            return Ok(json!({ "sid": session.sid }));
        }
        let person = PEOPLE.into_iter().find(|known| known.name == person);
        let person = person.ok_or((StatusCode::NOT_FOUND, "There is no such person.\n"))?;
        sessions.retain(|_, session| session.person.subject != person.subject);
        Ok(json!({ "sub": person.subject }))
    }
}

/// Makes a logout token, with the logout event, and without a nonce (OpenID Connect Back-Channel Logout 1.0, section
/// 2.4). `whose` has the subject, the session, or both.
fn logout_token(
    issuer: &str,
    whose: serde_json::Value,
    now: DateTime<Utc>,
) -> Result<String, jsonwebtoken::errors::Error> {
    let mut claims = json!({
        "iss": issuer,
        "aud": CLIENT,
        "iat": now.timestamp(),
        "exp": (now + TOKEN_LIFE).timestamp(),
        "jti": random(),
        "events": { EVENT: {} },
    });
    for (name, value) in whose.as_object().into_iter().flatten() {
        claims[name] = value.clone();
    }
    let header = jsonwebtoken::Header { typ: Some("logout+jwt".to_owned()), ..jsonwebtoken::Header::default() };
    jsonwebtoken::encode(&header, &claims, &jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes()))
}

#[cfg(test)]
mod tests {
    use openidconnect::TokenResponse;

    use super::*;
    use crate::elsewhere::{ClientChecks, Elsewhere};

    const ISSUER: &str = "http://id.localhost:4006";

    async fn tells(app: &Router, token: &str) -> StatusCode {
        let form = form_urlencoded::Serializer::new(String::new()).append_pair("logout_token", token).finish();
        let request = Request::post("/elsewhere/ended").header(HOST, "localhost:4006");
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(Body::from(form));
        app.clone().oneshot(request.unwrap()).await.unwrap().status()
    }

    #[tokio::test]
    async fn only_a_new_logout_token_for_this_program_is_one() {
        let app = Elsewhere::new(ClientChecks::ALL).beside(Router::new());
        let alice = || json!({ "sub": PEOPLE[0].subject });
        let real = logout_token(ISSUER, alice(), Utc::now()).unwrap();
        assert_eq!(tells(&app, &real).await, StatusCode::OK);
        assert_eq!(tells(&app, &real).await, StatusCode::BAD_REQUEST, "it was used");
        let elsewhere = logout_token("http://evil.localhost:4006", alice(), Utc::now()).unwrap();
        assert_eq!(tells(&app, &elsewhere).await, StatusCode::BAD_REQUEST, "another issuer");
        for nonce in [None, Some(Nonce::new_random())] {
            let session = ProviderSession { person: PEOPLE[0], sid: "1".to_owned(), at: Utc::now() };
            let grant = Grant { session, nonce, challenge: None, back: String::new(), at: Utc::now() };
            let token = answer(ISSUER, grant, Utc::now()).unwrap();
            let id_token = token.id_token().unwrap().to_string();
            assert_eq!(tells(&app, &id_token).await, StatusCode::BAD_REQUEST, "an ID token");
        }
    }

    #[tokio::test]
    async fn a_logout_token_names_a_person_or_a_session_and_is_for_one_use() {
        let app = Elsewhere::new(ClientChecks::ALL).beside(Router::new());
        for (whose, status) in [
            (json!({ "sub": "person-1" }), StatusCode::OK),
            (json!({ "sid": "a session" }), StatusCode::OK),
            (json!({ "sub": "person-1", "sid": "a session" }), StatusCode::OK),
            (json!({}), StatusCode::BAD_REQUEST),
        ] {
            let token = logout_token(ISSUER, whose.clone(), Utc::now()).unwrap();
            assert_eq!(tells(&app, &token).await, status, "{whose}");
            assert_eq!(tells(&app, &token).await, StatusCode::BAD_REQUEST, "{whose}, again");
        }
    }
}
