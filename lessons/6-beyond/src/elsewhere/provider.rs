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
    http::{HeaderMap, StatusCode, header::HOST},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use lesson_page::{Failure, Form, Query};
use minijinja::{context, value::Serde};
use openidconnect::{
    AccessToken, Audience, AuthUrl, ClientId, ClientSecret, EmptyAdditionalClaims, EmptyAdditionalProviderMetadata,
    EmptyExtraTokenFields, EndUserEmail, HttpRequest, HttpResponse, IdTokenClaims, IssuerUrl, JsonWebKeySet,
    JsonWebKeySetUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, ResponseTypes, StandardClaims, SubjectIdentifier,
    TokenUrl,
    core::{
        CoreHmacKey, CoreIdToken, CoreIdTokenClaims, CoreIdTokenFields, CoreJsonWebKey, CoreJwsSigningAlgorithm,
        CoreProviderMetadata, CoreResponseType, CoreSubjectIdentifierType, CoreTokenResponse, CoreTokenType,
    },
};
use serde::{Deserialize, Serialize};
use tower::ServiceExt;
use tower_http::csrf::CsrfLayer;

use super::{
    Origins,
    logout::{EVENT, Events, LogoutToken},
    network::{Http, LONGEST},
    registration::Registration,
};
use crate::page::PAGES;

/// The client ID of this program.
const CLIENT: &str = "lesson-6";
/// The client secret of this program. The provider also signs with it, because HS256 needs no key pair.
static SECRET: LazyLock<String> = LazyLock::new(|| Nonce::new_random_len(32).secret().clone());
/// The lifetime of a code.
const CODE_LIFE: TimeDelta = TimeDelta::seconds(60);
/// The lifetime of a token.
const TOKEN_LIFE: TimeDelta = TimeDelta::minutes(2);

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

/// The person for whom a code was issued, and the values that are bound to the code.
#[derive(Clone)]
struct Grant {
    person: Person,
    nonce: Option<Nonce>,
    challenge: Option<String>,
    back: String,
    at: DateTime<Utc>,
}

/// The provider. Clones share its codes.
#[derive(Clone, Default)]
pub(super) struct Provider(Arc<Mutex<HashMap<String, Grant>>>);

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
    pub(super) fn registration(&self, origins: &Origins) -> Result<Registration, url::ParseError> {
        let issuer = IssuerUrl::new(origins.provider.clone())?;
        let (client, secret) = (ClientId::new(CLIENT.to_owned()), ClientSecret::new(SECRET.clone()));
        Ok(Registration { issuer, client, secret, http: self.directly() })
    }

    /// Returns the function that sends a request to the provider: a direct call, because both are in one program.
    fn directly(&self) -> Http {
        let endpoints = self.endpoints();
        Arc::new(move |request| Box::pin(ask_directly(endpoints.clone(), request)))
    }

    fn grants(&self) -> MutexGuard<'_, HashMap<String, Grant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn ask_directly(endpoints: Router, request: HttpRequest) -> io::Result<HttpResponse> {
    let authority = request.uri().authority().map(ToString::to_string).unwrap_or_default();
    let mut request = request.map(Body::from);
    request.headers_mut().insert(HOST, authority.parse().map_err(io::Error::other)?);
    let (parts, body) = endpoints.oneshot(request).await.unwrap_or_else(|never| match never {}).into_parts();
    let body = to_bytes(body, LONGEST).await.map_err(io::Error::other)?;
    Ok(HttpResponse::from_parts(parts, body.to_vec()))
}

async fn discovery(headers: HeaderMap) -> Result<Json<CoreProviderMetadata>, StatusCode> {
    let issuer = Origins::of(&headers).provider;
    let metadata = || {
        let metadata = CoreProviderMetadata::new(
            IssuerUrl::new(issuer.clone())?,
            AuthUrl::new(format!("{issuer}/authorize"))?,
            JsonWebKeySetUrl::new(format!("{issuer}/keys"))?,
            vec![ResponseTypes::new(vec![CoreResponseType::Code])],
            vec![CoreSubjectIdentifierType::Public],
            vec![CoreJwsSigningAlgorithm::HmacSha256],
            EmptyAdditionalProviderMetadata {},
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
    #[serde(default)]
    person: String,
}

/// Whether the redirect address is the one that the client has registered, compared character by character.
fn is_registered(asks: &AuthorizationRequest, headers: &HeaderMap) -> bool {
    asks.client_id == CLIENT && asks.redirect_uri == Origins::of(headers).back()
}

const NOT_REGISTERED: (StatusCode, &str) =
    (StatusCode::BAD_REQUEST, "No program with this address is registered here, so you are not redirected there.\n");

async fn ask(headers: HeaderMap, Query(asks): Query<AuthorizationRequest>) -> axum::response::Result<Response> {
    if !is_registered(&asks, &headers) {
        return Err(NOT_REGISTERED.into());
    }
    let values = context! { asks => Serde(asks), people => Serde(PEOPLE) };
    Ok(PAGES.render("provider.html", values)?.into_response())
}

async fn allow(
    State(pages): State<Pages>,
    headers: HeaderMap,
    Form(asks): Form<AuthorizationRequest>,
) -> axum::response::Result<Redirect> {
    if !is_registered(&asks, &headers) {
        return Err(NOT_REGISTERED.into());
    }
    let person = PEOPLE.into_iter().find(|person| person.name == asks.person);
    let person = person.ok_or((StatusCode::NOT_FOUND, "There is no such person.\n"))?;
    let code = Nonce::new_random_len(32).secret().clone();
    let AuthorizationRequest { nonce, code_challenge: challenge, redirect_uri: back, state, .. } = asks;
    let led = url::Url::parse_with_params(&back, [("code", &code), ("state", &state)]);
    let led = led.map_err(|_| NOT_REGISTERED)?;
    let at = Utc::now();
    let mut grants = pages.provider.grants();
    grants.retain(|_, grant| at - grant.at <= CODE_LIFE);
    grants.insert(code, Grant { person, nonce, challenge, back, at });
    Ok(Redirect::to(led.as_str()))
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
    sent: Result<Form<Exchange>, Response>,
) -> Result<Json<CoreTokenResponse>, (StatusCode, Json<serde_json::Value>)> {
    let refused = |error: &str| (StatusCode::BAD_REQUEST, Json(serde_json::json!({ "error": error })));
    // RFC 6749 5.2: the answer to a client is JSON.
    let Form(Exchange { code, redirect_uri, code_verifier }) = sent.map_err(|_| refused("invalid_request"))?;
    if !is_our_client(&headers) {
        return Err(refused("invalid_client"));
    }
    let grant = provider.grants().remove(&code).filter(|grant| Utc::now() - grant.at <= CODE_LIFE); // for one use
    let grant = grant.filter(|grant| grant.back == redirect_uri).ok_or_else(|| refused("invalid_grant"))?;
    let verified = code_verifier.map(|verifier| PkceCodeChallenge::from_code_verifier_sha256(&verifier));
    if verified.as_ref().map(PkceCodeChallenge::as_str) != grant.challenge.as_deref() {
        return Err(refused("invalid_grant"));
    }
    answer(&Origins::of(&headers).provider, grant).map(Json).map_err(|_| refused("server_error"))
}

/// Whether the request has this program's name and secret, each encoded as in a form (RFC 6749, section 2.3.1).
fn is_our_client(headers: &HeaderMap) -> bool {
    let sent = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
    let expected =
        STANDARD.encode(format!("{CLIENT}:{}", form_urlencoded::byte_serialize(SECRET.as_bytes()).collect::<String>()));
    sent == Some(expected.as_str())
}

fn answer(issuer: &str, Grant { person, nonce, .. }: Grant) -> Result<CoreTokenResponse, Box<dyn std::error::Error>> {
    let access = AccessToken::new(Nonce::new_random_len(32).secret().clone());
    let claims = CoreIdTokenClaims::new(
        IssuerUrl::new(issuer.to_owned())?,
        vec![Audience::new(CLIENT.to_owned())],
        Utc::now() + TOKEN_LIFE,
        Utc::now(),
        StandardClaims::new(SubjectIdentifier::new(person.subject.to_owned()))
            .set_email(Some(EndUserEmail::new(person.email.to_owned())))
            .set_email_verified(Some(person.is_verified)),
        EmptyAdditionalClaims {},
    );
    let claims = claims.set_nonce(nonce);
    let id_token = CoreIdToken::new(claims, &key(), CoreJwsSigningAlgorithm::HmacSha256, None, None)?;
    let fields = CoreIdTokenFields::new(Some(id_token), EmptyExtraTokenFields {});
    Ok(CoreTokenResponse::new(access, CoreTokenType::Bearer, fields))
}

fn key() -> CoreHmacKey {
    CoreHmacKey::new(SECRET.as_bytes())
}

async fn people(headers: HeaderMap) -> Result<Response, Failure> {
    let own = Origins::of(&headers).own;
    Ok(PAGES.render("provider.html", context! { own, people => Serde(PEOPLE) })?.into_response())
}

#[derive(Deserialize)]
struct Leaves {
    person: String,
}

/// Logs a person out at the provider, and notifies the client.
async fn log_out(
    State(pages): State<Pages>,
    headers: HeaderMap,
    Form(Leaves { person }): Form<Leaves>,
) -> Result<Redirect, (StatusCode, &'static str)> {
    let person = PEOPLE.into_iter().find(|known| known.name == person);
    let person = person.ok_or((StatusCode::NOT_FOUND, "There is no such person.\n"))?;
    let failed = (StatusCode::BAD_GATEWAY, "The program could not be notified, so a session there may continue.\n");
    let origins = Origins::of(&headers);
    let token = logout_token(&origins.provider, person).map_err(|_| failed)?;
    let form = form_urlencoded::Serializer::new(String::new()).append_pair("logout_token", &token).finish();
    let host = origins.own.trim_start_matches("http://").to_owned();
    let request = Request::post("/elsewhere/ended").header(HOST, host);
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(Body::from(form));
    let response = pages.client.oneshot(request.map_err(|_| failed)?).await.unwrap_or_else(|never| match never {});
    if response.status().is_success() { Ok(Redirect::to("/")) } else { Err(failed) }
}

/// Makes a logout token, with the subject and the logout event, and without a nonce (OpenID Connect Back-Channel Logout
/// 1.0, section 2.4).
fn logout_token(issuer: &str, person: Person) -> Result<String, Box<dyn std::error::Error>> {
    let events = [(EVENT.to_owned(), serde_json::json!({}))].into_iter().collect();
    let claims = IdTokenClaims::new(
        IssuerUrl::new(issuer.to_owned())?,
        vec![Audience::new(CLIENT.to_owned())],
        Utc::now() + TOKEN_LIFE,
        Utc::now(),
        StandardClaims::new(SubjectIdentifier::new(person.subject.to_owned())),
        Events { events, jti: Nonce::new_random().secret().clone() },
    );
    Ok(LogoutToken::new(claims, &key(), CoreJwsSigningAlgorithm::HmacSha256, None, None)?.to_string())
}

#[cfg(test)]
mod tests {
    use openidconnect::TokenResponse;

    use super::*;
    use crate::elsewhere::{ClientChecks, Elsewhere};

    #[tokio::test]
    async fn a_logout_token_of_the_type_that_the_specification_names_is_one() {
        let app = Elsewhere::new(ClientChecks::ALL).beside(Router::new());
        for (name, status) in
            [("JWT", StatusCode::OK), ("logout+jwt", StatusCode::OK), ("at+jwt", StatusCode::BAD_REQUEST)]
        {
            assert_eq!(tells(&app, &logout_token_by_hand(name, "sub")).await, status, "{name}");
        }
    }

    #[tokio::test]
    async fn a_logout_token_that_names_only_a_session_of_the_provider_is_refused() {
        let app = Elsewhere::new(ClientChecks::ALL).beside(Router::new());
        assert_eq!(tells(&app, &logout_token_by_hand("logout+jwt", "sid")).await, StatusCode::BAD_REQUEST);
    }

    /// Makes a logout token of this type, which names alice in this claim.
    fn logout_token_by_hand(kind: &str, named_in: &str) -> String {
        let header = jsonwebtoken::Header { typ: Some(kind.to_owned()), ..jsonwebtoken::Header::default() };
        let claims = serde_json::json!({
            "iss": "http://id.localhost:4006",
            "aud": CLIENT,
            named_in: PEOPLE[0].subject,
            "iat": Utc::now().timestamp(),
            "exp": (Utc::now() + TOKEN_LIFE).timestamp(),
            "jti": kind,
            "events": { EVENT: {} },
        });
        jsonwebtoken::encode(&header, &claims, &jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
    }

    async fn tells(app: &Router, token: &str) -> StatusCode {
        let form = form_urlencoded::Serializer::new(String::new()).append_pair("logout_token", token).finish();
        let request = Request::post("/elsewhere/ended").header(HOST, "localhost:4006");
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(Body::from(form));
        app.clone().oneshot(request.unwrap()).await.unwrap().status()
    }

    #[tokio::test]
    async fn only_a_new_logout_token_for_this_program_is_one() {
        let app = Elsewhere::new(ClientChecks::ALL).beside(Router::new());
        let here = "http://id.localhost:4006";
        let real = logout_token(here, PEOPLE[0]).unwrap();
        assert_eq!(tells(&app, &real).await, StatusCode::OK);
        assert_eq!(tells(&app, &real).await, StatusCode::BAD_REQUEST, "it was used");
        let elsewhere = logout_token("http://evil.localhost:4006", PEOPLE[0]).unwrap();
        assert_eq!(tells(&app, &elsewhere).await, StatusCode::BAD_REQUEST, "another issuer");
        for nonce in [None, Some(Nonce::new_random())] {
            let grant = Grant { person: PEOPLE[0], nonce, challenge: None, back: String::new(), at: Utc::now() };
            let token = answer(here, grant).unwrap();
            let id_token = token.id_token().unwrap().to_string();
            assert_eq!(tells(&app, &id_token).await, StatusCode::BAD_REQUEST, "an ID token");
        }
    }
}
