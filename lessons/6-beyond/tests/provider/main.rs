//! Tests lesson 6 as a client of a third-party provider: django-oauth-toolkit, on Django.
//!
//! This provider has no back-channel logout. Another test covers that with the provider in the lesson.

#[path = "../python/mod.rs"]
mod python;
mod real;
mod relay;
#[path = "../../../../tests/required/mod.rs"]
mod required;
#[path = "../visitor/mod.rs"]
mod visitor;

use std::{
    fs,
    process::{Command, ExitCode},
};

use axum::http::StatusCode;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use lesson_3::store::memory::Memory;
use python::Server;
use real::{
    ANOTHER, OURS, Provider, VERIFIER, allows, at, beside, cancels, code, exchange, instance, logs_in, missing, program,
};
use relay::Relay;
use required::trial;
use serde_json::{Value, json};
use tower_sessions::MemoryStore;
use visitor::{Answer, OWN, Visitor, parameter};

fn main() -> ExitCode {
    required::run(vec![
        trial!(async a_third_party_provider_says_who_logs_in_and_what_their_address_is, missing()),
        trial!(async a_third_party_provider_refuses_a_code_with_another_verifier_and_a_code_that_was_used, missing()),
        trial!(async an_answer_with_another_state_or_the_code_of_another_login_is_refused, missing()),
        trial!(async a_token_of_another_login_audience_issuer_time_or_key_is_refused, missing()),
        trial!(async forged_logout_tokens_are_one_question_to_the_provider, missing()),
        trial!(async a_login_succeeds_although_another_tab_changes_the_session_meanwhile, missing()),
        trial!(async a_login_works_after_the_provider_has_changed_its_key, missing()),
        trial!(async a_logout_here_leaves_the_session_there_and_a_logout_everywhere_ends_both, missing()),
        trial!(async a_visitor_who_cancels_at_the_provider_is_not_logged_in, missing()),
        trial!(async an_answer_without_iss_is_refused_if_the_provider_promises_it_and_accepted_otherwise, missing()),
        trial!(async a_third_party_provider_asks_for_the_password_again_before_an_account_is_deleted, missing()),
        trial!(async a_provider_that_is_down_logs_nobody_in_and_keeps_nobody_from_logging_out, missing()),
        trial!(async the_environment_names_the_provider_and_https_needs_a_trusted_certificate, missing()),
        trial!(an_environment_that_names_no_safe_provider_is_refused),
    ])
}

fn is_not_begun(answer: &Answer) -> bool {
    answer.status == StatusCode::BAD_REQUEST && answer.body.contains("This login did not begin in this browser")
}

fn is_not_confirmed(answer: &Answer) -> bool {
    answer.status == StatusCode::BAD_REQUEST && answer.body.contains("The provider did not confirm this login")
}

async fn a_third_party_provider_says_who_logs_in_and_what_their_address_is() {
    let provider = Provider::start();
    let app = program(&provider.issuer());
    let [alice, work, mallory, thief] = ["alice", "work", "mallory", "thief"].map(|name| Visitor::new(name, &app));
    let asked = alice.begins("/elsewhere").await;
    assert!(asked.starts_with(&format!("{}/authorize/?", provider.issuer())), "{asked}");
    assert_eq!(parameter(&asked, "code_challenge_method").as_deref(), Some("S256"));
    assert!(parameter(&asked, "state").is_some() && parameter(&asked, "nonce").is_some(), "{asked}");
    let before = alice.session().unwrap();
    let back = allows(&alice, &asked, "alice").await.back;
    let answer = alice.get(&back).await;
    assert_eq!((answer.status, answer.location.as_str()), (StatusCode::SEE_OTHER, "/elsewhere"), "{}", answer.body);
    assert_ne!(alice.session().unwrap(), before);
    let page = alice.get(&format!("{OWN}/elsewhere")).await.body;
    assert!(page.contains("your address is alice@example.org"), "{page}");
    thief.take(&before);
    assert_eq!((alice.account().await, thief.account().await), (Some(1), None), "the old ID is nobody's");
    logs_in(&mallory, "mallory").await; // mallory has alice's address at the provider
    logs_in(&work, "alice").await;
    assert_eq!((mallory.account().await, work.account().await), (Some(2), Some(1)));
}

async fn a_third_party_provider_refuses_a_code_with_another_verifier_and_a_code_that_was_used() {
    let provider = Provider::start();
    let (app, issuer) = (program(&provider.issuer()), provider.issuer());
    let [alice, mallory] = ["alice", "mallory"].map(|name| Visitor::new(name, &app));
    let asked = alice.begins("/elsewhere").await;
    let seen = parameter(&allows(&alice, &asked, "alice").await.back, "code").unwrap();
    let refused = (StatusCode::BAD_REQUEST, Value::from("invalid_grant"));
    let (status, answer) = exchange(&mallory, &issuer, OURS, &seen, VERIFIER).await;
    assert_eq!((status, answer["error"].clone()), refused, "the verifier is in alice's session");

    let code = code(&alice, &issuer, OURS.0, "alice", "a nonce").await;
    let (status, answer) = exchange(&alice, &issuer, OURS, &code, VERIFIER).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let (status, answer) = exchange(&alice, &issuer, OURS, &code, VERIFIER).await;
    assert_eq!((status, answer["error"].clone()), refused, "it was used");
}

async fn an_answer_with_another_state_or_the_code_of_another_login_is_refused() {
    let provider = Provider::start();
    let app = program(&provider.issuer());
    let [alice, mallory] = ["alice", "mallory"].map(|name| Visitor::new(name, &app));
    let asked = mallory.begins("/elsewhere").await;
    let back = allows(&mallory, &asked, "mallory").await.back;
    alice.begins("/elsewhere").await;
    assert!(is_not_begun(&alice.get(&back).await), "the state is mallory's");

    let asked = alice.begins("/elsewhere").await;
    let back = allows(&alice, &asked, "alice").await.back;
    let code = parameter(&back, "code").unwrap();
    let state = parameter(&mallory.begins("/elsewhere").await, "state").unwrap();
    let iss = provider.issuer();
    let injected = mallory.get(&format!("{OWN}/elsewhere/back?code={code}&state={state}&iss={iss}")).await;
    assert!(is_not_confirmed(&injected), "{} {}", injected.status, injected.body);
    assert_eq!((alice.account().await, mallory.account().await), (None, None));

    logs_in(&alice, "alice").await;
    let asked = alice.begins("/elsewhere").await;
    let back = allows(&alice, &asked, "alice").await.back;
    assert_eq!(alice.get(&back).await.status, StatusCode::SEE_OTHER);
    assert!(is_not_begun(&alice.get(&back).await), "an answer is for one use");
    assert_eq!(alice.account().await, Some(1));
}

/// Returns an ID token for alice from this issuer and for this client, signed by the provider.
async fn token(visitor: &Visitor, issuer: &str, client: (&str, &str), nonce: &str) -> String {
    let code = code(visitor, issuer, client.0, "alice", nonce).await;
    let (status, answer) = exchange(visitor, issuer, client, &code, VERIFIER).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer["id_token"].as_str().expect("an ID token").to_owned()
}

async fn a_token_of_another_login_audience_issuer_time_or_key_is_refused() {
    let mut provider = Provider::start();
    let relay = Relay::start(provider.port()).await;
    let (app, here, there) = (program(&relay.issuer()), relay.issuer(), provider.issuer());
    let alice = Visitor::new("alice", &app);
    for (token_is, issuer, client, nonce, is_taken) in [
        ("of this login", &here, OURS, None, true),
        ("of another login", &here, OURS, Some("another nonce"), false),
        ("for another program", &here, ANOTHER, None, false),
        ("of another issuer", &there, OURS, None, false),
    ] {
        let asked = alice.begins("/elsewhere").await;
        let own = parameter(&asked, "nonce").unwrap();
        relay.answers_with(&token(&alice, issuer, client, nonce.unwrap_or(&own)).await);
        let back = allows(&alice, &asked, "alice").await.back;
        let answer = alice.get(&back).await;
        assert_eq!(answer.status == StatusCode::SEE_OTHER, is_taken, "{token_is}: {}", answer.body);
        assert_eq!(is_not_confirmed(&answer), !is_taken, "{token_is}: {}", answer.body);
    }

    let store = MemoryStore::default();
    let [first, second] = [(); 2].map(|()| instance(&relay.issuer(), store.clone()));
    let mut alice = Visitor::new("alice", &first);
    let asked = alice.begins("/elsewhere").await;
    let old = token(&alice, &here, OURS, &parameter(&asked, "nonce").unwrap()).await;
    provider.rotate_key();
    relay.answers_with(&old);
    let back = allows(&alice, &asked, "alice").await.back;
    alice.moves_to(&second); // the first instance caches the provider's keys
    assert!(is_not_confirmed(&alice.get(&back).await), "the provider has withdrawn the key");

    let late = Provider::start_with(&["--token-life", "-1"]);
    let alice = Visitor::new("alice", &program(&late.issuer()));
    assert!(is_not_confirmed(&logs_in(&alice, "alice").await), "it has expired");
}

/// A logout token for alice, with a signature that nobody has made.
fn forged(issuer: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({
        "iss": issuer, "aud": OURS.0, "sub": "1", "iat": 0, "exp": 4_000_000_000_u64, "jti": "1",
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    });
    let header = json!({ "alg": "RS256", "kid": "a new key", "typ": "logout+jwt" });
    format!("{}.{}.{}", part(&header), part(&claims), URL_SAFE_NO_PAD.encode([0; 256]))
}

/// Anyone can send a logout token. If the app does not know the key of its signature, the provider may have a new key,
/// so the app asks for the keys, but only once.
async fn forged_logout_tokens_are_one_question_to_the_provider() {
    let provider = Provider::start();
    let relay = Relay::start(provider.port()).await;
    let alice = Visitor::new("alice", &program(&relay.issuer()));
    let forged = forged(&relay.issuer());
    logs_in(&alice, "alice").await;
    assert_eq!(relay.discoveries(), 1);
    for _ in 0..20 {
        let answer = alice.post(&format!("{OWN}/elsewhere/ended"), &[("logout_token", &forged)]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
    assert_eq!((relay.discoveries(), alice.account().await), (2, Some(1)));
}

async fn a_login_succeeds_although_another_tab_changes_the_session_meanwhile() {
    let provider = Provider::start();
    let relay = Relay::start(provider.port()).await;
    let app = instance(&relay.issuer(), Memory::default());
    let (alice, cart) = (Visitor::new("alice", &app), format!("{OWN}/release/versioned/1"));
    let asked = alice.begins("/elsewhere").await;
    let back = allows(&alice, &asked, "alice").await.back;
    let tab = Visitor::new("alice", &app);
    tab.take(&alice.session().unwrap());
    relay.waits_for({
        let adds = format!("{cart}/add/cup");
        async move { assert_eq!(tab.post(&adds, &[]).await.status, StatusCode::SEE_OTHER) }
    });
    let answer = alice.get(&back).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    assert_eq!(alice.account().await, Some(1));
    assert!(alice.get(&cart).await.body.contains("Your cart: cup"), "{}", alice.get(&cart).await.body);
}

async fn a_login_works_after_the_provider_has_changed_its_key() {
    let mut provider = Provider::start();
    let app = program(&provider.issuer());
    let alice = Visitor::new("alice", &app);
    let keys = format!("{}/.well-known/jwks.json", provider.issuer());
    let before = alice.get(&keys).await.body;
    assert_eq!(logs_in(&alice, "alice").await.status, StatusCode::SEE_OTHER);
    provider.rotate_key();
    assert_ne!(alice.get(&keys).await.body, before);
    assert_eq!(alice.account().await, Some(1), "the session here does not need the key");
    assert_eq!(logs_in(&alice, "alice").await.status, StatusCode::SEE_OTHER);
    assert_eq!(alice.account().await, Some(1));
}

async fn a_logout_here_leaves_the_session_there_and_a_logout_everywhere_ends_both() {
    let provider = Provider::start();
    let app = program(&provider.issuer());
    let [alice, work] = ["alice", "alice at work"].map(|name| Visitor::new(name, &app));
    for browser in [&alice, &work] {
        logs_in(browser, "alice").await;
    }
    alice.post(&format!("{OWN}/elsewhere/logout"), &[]).await;
    assert_eq!(alice.account().await, None);
    let asked = alice.begins("/elsewhere").await;
    let again = allows(&alice, &asked, "alice").await;
    assert!(!again.has_asked_for_password, "the provider still knows her");
    alice.get(&again.back).await;

    let to = alice.post(&format!("{OWN}/elsewhere/logout/everywhere"), &[]).await.location;
    assert!(to.starts_with(&format!("{}/logout/?", provider.issuer())), "{to}");
    assert_eq!(alice.account().await, None, "the session here ends first");
    let back = alice.get(&to).await;
    assert_eq!((back.status, back.location), (StatusCode::FOUND, format!("{OWN}/elsewhere")), "{}", back.body);
    let asked = alice.begins("/elsewhere").await;
    assert!(allows(&alice, &asked, "alice").await.has_asked_for_password, "the provider does not know her any more");
    assert_eq!(work.account().await, Some(1), "this provider tells nobody that she has left");
}

async fn a_visitor_who_cancels_at_the_provider_is_not_logged_in() {
    let mut provider = Provider::start();
    let issuer = provider.issuer();
    let alice = Visitor::new("alice", &program(&issuer));
    let asked = alice.begins("/elsewhere").await;
    let back = cancels(&alice, &asked, "alice").await.back;
    assert_eq!(parameter(&back, "error").as_deref(), Some("access_denied"));
    provider.stop(); // without a code there is nothing to ask
    // This provider promises `iss` in every answer, and leaves it out of this one.
    let canceled = alice.get(&back).await;
    assert_eq!(canceled.status, StatusCode::BAD_REQUEST);
    assert!(canceled.body.starts_with("This answer does not name the provider"), "{}", canceled.body);
    let state = parameter(&alice.begins("/elsewhere").await, "state").unwrap();
    let named = format!("{OWN}/elsewhere/back?error=access_denied&state={state}&iss={issuer}");
    assert!(is_not_confirmed(&alice.get(&named).await));
    assert_eq!(alice.account().await, None);
}

async fn an_answer_without_iss_is_refused_if_the_provider_promises_it_and_accepted_otherwise() {
    for (options, promises) in [(&[][..], true), (&["--without-iss"], false)] {
        let provider = Provider::start_with(options);
        let alice = Visitor::new("alice", &program(&provider.issuer()));
        let document = alice.get(&format!("{}/.well-known/openid-configuration", provider.issuer())).await.body;
        assert_eq!(document.contains("authorization_response_iss_parameter_supported"), promises, "{document}");
        let asked = alice.begins("/elsewhere").await;
        let back = allows(&alice, &asked, "alice").await.back;
        assert_eq!(parameter(&back, "iss").is_some(), promises, "{back}");
        let [code, state] = ["code", "state"].map(|name| parameter(&back, name).unwrap());
        let answer = alice.get(&format!("{OWN}/elsewhere/back?code={code}&state={state}")).await;
        assert_eq!(answer.status == StatusCode::SEE_OTHER, !promises, "{}", answer.body);
        assert_eq!(answer.body.contains("does not name the provider"), promises, "{}", answer.body);
        assert_eq!(alice.account().await, (!promises).then_some(1));
    }
}

async fn a_third_party_provider_asks_for_the_password_again_before_an_account_is_deleted() {
    let provider = Provider::start();
    let alice = Visitor::new("alice", &program(&provider.issuer()));
    logs_in(&alice, "alice").await;
    let asked = alice.post(&format!("{OWN}/elsewhere/delete"), &[]).await.location;
    let ignored = asked.replace("&prompt=login", "");
    assert!(ignored.contains("&max_age=0") && ignored != asked, "{asked}");
    assert!(!allows(&alice, &ignored, "alice").await.has_asked_for_password, "it does not know this parameter");
    let visit = allows(&alice, &asked, "alice").await;
    assert!(visit.has_asked_for_password, "although she has just entered it");
    let answer = alice.get(&visit.back).await;
    assert_eq!(answer.location, "/elsewhere?left=deleted", "{}", answer.body);
    assert_eq!(alice.account().await, None);
}

async fn a_provider_that_is_down_logs_nobody_in_and_keeps_nobody_from_logging_out() {
    let mut provider = Provider::start();
    let issuer = provider.issuer();
    let alice = Visitor::new("alice", &program(&issuer));
    logs_in(&alice, "alice").await;
    provider.stop();
    assert_eq!(alice.account().await, Some(1));
    let to = alice.post(&format!("{OWN}/elsewhere/logout/everywhere"), &[]).await.location;
    let page = alice.get(&format!("{OWN}{to}")).await.body;
    assert!(page.contains("You are not logged in") && page.contains("so you may still be logged in there"), "{page}");
    let early = Visitor::new("alice", &program(&issuer)); // this app has not contacted the provider yet
    let answer = early.post(&format!("{OWN}/elsewhere/login"), &[("next", "/elsewhere")]).await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
    assert!(answer.body.contains("The provider cannot be reached"), "{}", answer.body);
}

/// Makes the command that runs the lesson's program. Of the variables that configure a provider, it has only these.
fn lesson(variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lesson-6"));
    for name in ["OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"] {
        command.env_remove(name);
    }
    command.args(["--port", "14006"]).envs(variables.iter().copied());
    command
}

async fn the_environment_names_the_provider_and_https_needs_a_trusted_certificate() {
    let provider = Provider::start();
    let [authority, another] = ["authority.pem", "another.pem"].map(|file| provider.folder.path().join(file));
    drop(provider.with_tls());
    fs::rename(&authority, &another).expect("each start makes an authority");
    let tls = provider.with_tls();
    let issuer = format!("https://127.0.0.1:{}/o", tls.port);
    let named = [("OIDC_ISSUER", issuer.as_str()), ("OIDC_CLIENT_ID", OURS.0), ("OIDC_CLIENT_SECRET", OURS.1)];

    let untrusting = Server::start(lesson(&named).env("SSL_CERT_FILE", another));
    let alice = Visitor::new("alice", &beside(at(untrusting.port)));
    let answer = alice.post(&format!("{OWN}/elsewhere/login"), &[]).await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY, "{}", answer.body);

    let trusting = Server::start(lesson(&named).env("SSL_CERT_FILE", authority));
    let alice = Visitor::new("alice", &beside(at(trusting.port)));
    let asked = alice.begins("/elsewhere").await;
    assert!(asked.starts_with(&issuer), "{asked}");
    // Her browser uses the provider's other server, which has the same accounts and codes.
    let asked = asked.replacen(&issuer, &provider.issuer(), 1);
    let back = allows(&alice, &asked, "alice").await.back;
    // The answer of that server has another `iss` and would be refused, so its code and state are sent with the right one.
    let [code, state] = ["code", "state"].map(|name| parameter(&back, name).unwrap());
    let answer = alice.get(&format!("{OWN}/elsewhere/back?code={code}&state={state}&iss={issuer}")).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    assert_eq!(alice.account().await, Some(1));
}

fn an_environment_that_names_no_safe_provider_is_refused() {
    for (variables, reason) in [
        (&[("OIDC_ISSUER", "http://login.example")][..], "OIDC_CLIENT_ID is needed"),
        (
            &[("OIDC_ISSUER", "http://login.example"), ("OIDC_CLIENT_ID", "a"), ("OIDC_CLIENT_SECRET", "b")],
            "neither at https nor on this machine",
        ),
        (
            &[("OIDC_ISSUER", "https://a:b@login.example"), ("OIDC_CLIENT_ID", "a"), ("OIDC_CLIENT_SECRET", "b")],
            "contains a username or a password",
        ),
    ] {
        let run = lesson(variables).output().expect("the lesson starts");
        let said = String::from_utf8_lossy(&run.stderr);
        assert!(!run.status.success() && said.contains(reason), "{said}");
    }
}
