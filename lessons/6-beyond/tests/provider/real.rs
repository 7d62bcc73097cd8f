//! Runs the provider as a server, and plays a visitor on its pages.

use std::sync::LazyLock;

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{StatusCode, header::HOST, uri::Uri},
    response::Response,
};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use lesson_6::{app_at, elsewhere::Registration};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;
use tower_sessions::{MemoryStore, SessionStore};
use url::Url;

use crate::{
    python::{self, Server, script},
    visitor::{Answer, OWN, Visitor, parameter},
};

/// The lesson as a client of the provider, and another client. `start.py` registers both.
pub const OURS: (&str, &str) = ("lesson-6-there", "a secret: of & the + lesson");
pub const ANOTHER: (&str, &str) = ("another-program", "another secret");

/// Returns the reason if the provider is missing.
pub fn missing() -> Option<(&'static str, String)> {
    static MISSING: LazyLock<Option<String>> =
        LazyLock::new(|| python::missing("django-oauth-toolkit", "cryptography, django, oauth2_provider, werkzeug"));
    MISSING.clone().map(|reason| ("flask", reason))
}

/// A provider with its own database.
pub struct Provider {
    pub folder: TempDir,
    server: Option<Server>,
}

impl Provider {
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    pub fn start_with(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the provider");
        let server = Some(serve(&folder, options));
        Self { folder, server }
    }

    /// A second server of the same provider, at an `https` address.
    pub fn with_tls(&self) -> Server {
        serve(&self.folder, &["--tls"])
    }

    pub fn port(&self) -> u16 {
        self.server.as_ref().expect("it runs").port
    }

    /// Restarts the server with the same data and a new key.
    pub fn rotate_key(&mut self) {
        let port = self.port().to_string();
        self.stop();
        self.server = Some(serve(&self.folder, &["--port", &port]));
    }

    pub fn stop(&mut self) {
        self.server = None;
    }

    pub fn issuer(&self) -> String {
        issuer(self.port())
    }
}

fn serve(folder: &TempDir, options: &[&str]) -> Server {
    Server::start(script("tests/provider/start.py").arg(folder.path()).args(options))
}

pub fn issuer(port: u16) -> String {
    format!("http://127.0.0.1:{port}/o")
}

/// Returns lesson 6 as a client of this provider. Requests to other hosts go to the servers on this machine.
pub fn program(issuer: &str) -> Router {
    instance(issuer, MemoryStore::default())
}

/// Like [`program`], with its sessions in this store.
pub fn instance<S: SessionStore + Clone>(issuer: &str, store: S) -> Router {
    let registration = Registration::new(issuer, OURS.0, OURS.1).unwrap_or_else(|reason| panic!("{reason}"));
    beside(app_at(registration, store))
}

/// Serves the program at its own host, and passes a request for any other host on to the port in its address.
pub fn beside(program: Router) -> Router {
    Router::new().fallback(async move |request: Request| {
        let host = request.headers()[HOST].to_str().unwrap().to_owned();
        if OWN.ends_with(&host) {
            return program.oneshot(request).await.unwrap_or_else(|never| match never {});
        }
        send(host.rsplit(':').next().unwrap().parse().unwrap(), request).await
    })
}

/// Passes requests on to the server at this port.
pub fn at(port: u16) -> Router {
    Router::new().fallback(async move |request: Request| send(port, request).await)
}

/// Sends a request to this port without changing its `Host`.
async fn send(port: u16, mut request: Request) -> Response {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    *request.uri_mut() = format!("http://127.0.0.1:{port}{target}").parse::<Uri>().unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
    client.request(request).await.expect("the server answers").map(Body::new)
}

/// Returns the hidden fields of this page.
fn hidden(page: &str) -> Vec<(String, String)> {
    let inputs = page.split("<input ").skip(1).filter_map(|rest| rest.split('>').next());
    let value = |input: &str, name: &str| {
        Some(input.split_once(&format!("{name}=\""))?.1.split('"').next()?.replace("&amp;", "&"))
    };
    let hidden = inputs.filter(|input| input.contains("type=\"hidden\""));
    hidden.map(|input| (value(input, "name").unwrap(), value(input, "value").unwrap_or_default())).collect()
}

async fn submit(visitor: &Visitor, page: &str, form: &Answer, typed: &[(&str, &str)]) -> Answer {
    let hidden = hidden(&form.body);
    let own = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    visitor.post(page, &own.chain(typed.iter().copied()).collect::<Vec<_>>()).await
}

/// The result of a visit to the provider.
pub struct Visit {
    /// The address to which the provider redirects the visitor.
    pub back: String,
    pub has_asked_for_password: bool,
}

/// Visits the provider, enters the password if it asks for one, and agrees to the login.
pub async fn allows(visitor: &Visitor, asked: &str, person: &str) -> Visit {
    visit(visitor, asked, person, &[("allow", "Authorize")]).await
}

/// Like [`allows`], but cancels the login.
pub async fn cancels(visitor: &Visitor, asked: &str, person: &str) -> Visit {
    visit(visitor, asked, person, &[]).await
}

async fn visit(visitor: &Visitor, asked: &str, person: &str, decision: &[(&str, &str)]) -> Visit {
    let mut page = visitor.get(asked).await;
    let has_asked_for_password = page.status == StatusCode::FOUND;
    if has_asked_for_password {
        let login = Url::parse(asked).unwrap().join(&page.location).unwrap();
        let form = visitor.get(login.as_str()).await;
        let password = format!("the password of {person}");
        let answer = submit(visitor, login.as_str(), &form, &[("username", person), ("password", &password)]).await;
        assert_eq!(answer.status, StatusCode::FOUND, "{}", answer.body);
        // The same page, but without `prompt=login`.
        page = visitor.get(login.join(&answer.location).unwrap().as_str()).await;
    }
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let answer = submit(visitor, asked, &page, decision).await;
    assert_eq!(answer.status, StatusCode::FOUND, "{}", answer.body);
    assert!(answer.location.starts_with(&format!("{OWN}/elsewhere/back?")), "{}", answer.location);
    Visit { back: answer.location, has_asked_for_password }
}

/// Carries out a complete login.
pub async fn logs_in(visitor: &Visitor, person: &str) -> Answer {
    let asked = visitor.begins("/elsewhere").await;
    let visit = allows(visitor, &asked, person).await;
    visitor.get(&visit.back).await
}

/// The code verifier (PKCE) of the tests.
pub const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters";

/// Gets a code for this client and person with `VERIFIER`. Lesson 6 takes no part in this.
pub async fn code(visitor: &Visitor, issuer: &str, client: &str, person: &str, nonce: &str) -> String {
    let back = format!("{OWN}/elsewhere/back");
    let asked = [
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", &back),
        ("scope", "openid email"),
        ("nonce", nonce),
        ("code_challenge", VERIFIER),
        ("code_challenge_method", "plain"),
    ];
    let asked = Url::parse_with_params(&format!("{issuer}/authorize/"), asked).unwrap();
    parameter(&allows(visitor, asked.as_str(), person).await.back, "code").expect("a code")
}

/// Sends this code to the provider as this client does, and returns the answer.
pub async fn exchange(
    visitor: &Visitor,
    issuer: &str,
    (client, secret): (&str, &str),
    code: &str,
    verifier: &str,
) -> (StatusCode, Value) {
    let back = format!("{OWN}/elsewhere/back");
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("client_secret", secret),
        ("redirect_uri", &back),
        ("code", code),
        ("code_verifier", verifier),
    ];
    let answer = visitor.post(&format!("{issuer}/token/"), &form).await;
    (answer.status, serde_json::from_str(&answer.body).unwrap_or_default())
}
