//! Tests logins by OpenID Connect: each check stops an attack, and the attack works without the check.

mod visitor;

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    http::{
        Request, StatusCode,
        header::{CONTENT_TYPE, HOST},
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use lesson_6::{connection::Channel, elsewhere::ClientChecks};
use serde_json::{Value, json};
use session_inspector::Inspector;
use tower::ServiceExt;
use tower_sessions::MemoryStore;
use url::Url;
use visitor::{Answer, OWN, Visitor, parameter};

const PROVIDER: &str = "http://id.localhost:4006";
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// All checks are off.
const NONE: ClientChecks = ClientChecks {
    state: false,
    nonce: false,
    pkce: false,
    own_pages: false,
    subject: false,
    new_id: false,
    auth_time: false,
    second_login: false,
    logout_token: false,
};

/// Logs this person in at the provider, and returns the address to which the provider sends the visitor.
async fn allows(visitor: &Visitor, asked: &str, person: &str) -> String {
    let page = visitor.get(asked).await;
    assert!(page.status.is_success() && page.body.contains("I am alice"), "{} {}", page.status, page.body);
    let answer = answers(visitor, asked, person).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    answer.location
}

/// Presses a button at the provider: with the name of a person, or without one to go on with the session there.
async fn answers(visitor: &Visitor, asked: &str, person: &str) -> Answer {
    let url = Url::parse(asked).unwrap();
    let fields: Vec<_> = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let mut form: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    form.push(("person", person));
    visitor.post(&format!("{PROVIDER}/authorize"), &form).await
}

/// The address without these parameters.
fn without(address: &str, names: &[&str]) -> String {
    let mut url = Url::parse(address).unwrap();
    let pairs = url.query_pairs().filter(|(name, _)| !names.contains(&&**name));
    let pairs: Vec<_> = pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    url.query_pairs_mut().clear().extend_pairs(pairs);
    url.into()
}

/// Whether the provider lets this visitor go on without the password.
async fn is_known_there(visitor: &Visitor, asked: &str) -> bool {
    let page = visitor.get(asked).await.body;
    let (is_offered, status) = (page.contains("Continue as"), answers(visitor, asked, "").await.status);
    assert_eq!(is_offered, status == StatusCode::SEE_OTHER, "{status} {page}");
    is_offered
}

/// Carries out a complete login.
async fn logs_in(visitor: &Visitor, person: &str) -> Answer {
    let asked = visitor.begins("/elsewhere").await;
    let back = allows(visitor, &asked, person).await;
    visitor.get(&back).await
}

fn program(checks: ClientChecks) -> Router {
    lesson_6::app_with(checks, Router::new(), Channel::in_process(), MemoryStore::default())
}

#[tokio::test]
async fn a_login_elsewhere_comes_back_and_opens_the_same_account_each_time() {
    let app = program(ClientChecks::ALL);
    let [alice, bob, work] = ["alice", "bob", "alice at work"].map(|name| Visitor::new(name, &app));
    let answer = logs_in(&alice, "alice").await;
    assert_eq!((answer.status, answer.location.as_str()), (StatusCode::SEE_OTHER, "/elsewhere"));
    assert_eq!(alice.account().await, Some(1));
    insta::assert_snapshot!("login-elsewhere", alice.story.lock().unwrap());
    logs_in(&bob, "bob").await;
    assert_eq!(bob.account().await, Some(2));
    logs_in(&work, "alice").await;
    assert_eq!(work.account().await, Some(1));
}

#[tokio::test]
async fn the_address_of_the_provider_has_a_challenge_and_no_secret_of_the_session() {
    let alice = Visitor::new("alice", &program(ClientChecks::ALL));
    let asked = alice.begins("/elsewhere").await;
    for name in ["state", "nonce", "code_challenge"] {
        assert!(parameter(&asked, name).is_some_and(|value| value.len() >= 22), "{name} in {asked}");
    }
    assert_eq!(parameter(&asked, "code_challenge_method").as_deref(), Some("S256"));
    assert_eq!(parameter(&asked, "code_verifier"), None);
    assert!(!asked.contains(&alice.session().unwrap()), "{asked}");
}

#[tokio::test]
async fn a_login_whose_code_was_refused_is_over() {
    let alice = Visitor::new("alice", &program(ClientChecks::ALL));
    let asked = alice.begins("/elsewhere").await;
    let back = allows(&alice, &asked, "alice").await;
    let state = parameter(&back, "state").unwrap();
    let guess = alice.get(&format!("{OWN}/elsewhere/back?code=a-guess&state={state}&iss={PROVIDER}")).await;
    assert!(guess.body.contains("The provider did not confirm this login"), "{}", guess.body);
    let real = alice.get(&back).await;
    assert!(real.body.contains("This login did not begin in this browser"), "{}", real.body);
    assert_eq!(alice.account().await, None);
}

#[tokio::test]
async fn two_tabs_can_log_in_and_a_wrong_state_ends_no_login() {
    let alice = Visitor::new("alice", &program(ClientChecks::ALL));
    let mut backs = Vec::new();
    for number in 1..=6 {
        let asked = alice.begins(&format!("/elsewhere?tab={number}")).await;
        backs.push(allows(&alice, &asked, "alice").await);
    }
    let forged = alice.get(&format!("{OWN}/elsewhere/back?code=a-guess&state=a-guess")).await;
    assert_eq!(forged.status, StatusCode::BAD_REQUEST);
    for (number, back) in (1..).zip(&backs) {
        let answer = alice.get(back).await;
        if number == 1 {
            assert!(answer.body.contains("or five others have begun since"), "{}", answer.body);
            assert_eq!(alice.account().await, None);
        } else {
            assert_eq!(answer.location, format!("/elsewhere?tab={number}"), "{}", answer.body);
            assert_eq!(alice.account().await, Some(1));
        }
    }
    let again = alice.get(&backs[5]).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST, "each is for one use");
}

/// Mallory begins a login, and alice's browser opens its last step, so alice acts in mallory's account.
async fn forged_login(checks: ClientChecks) -> Option<u32> {
    let app = program(checks);
    let [alice, mallory] = ["alice", "mallory"].map(|name| Visitor::new(name, &app));
    let asked = mallory.begins("/elsewhere").await;
    let back = allows(&mallory, &asked, "mallory").await;
    alice.get(&back).await;
    alice.account().await
}

#[tokio::test]
async fn a_login_that_somebody_else_began_is_refused_by_state_by_nonce_and_by_pkce() {
    assert_eq!(forged_login(NONE).await, Some(1), "without a check alice is in mallory's account");
    for checks in [
        ClientChecks { state: true, ..NONE },
        ClientChecks { nonce: true, ..NONE },
        ClientChecks { pkce: true, ..NONE },
        ClientChecks::ALL,
    ] {
        assert_eq!(forged_login(checks).await, None, "{checks:?}");
    }
}

/// Mallory has seen the code of one of alice's logins, and completes her own login with it.
async fn injected_code(checks: ClientChecks) -> (Option<u32>, Option<u32>) {
    let app = program(checks);
    let [alice, mallory] = ["alice", "mallory"].map(|name| Visitor::new(name, &app));
    logs_in(&alice, "alice").await;
    let asked = alice.begins("/elsewhere").await;
    let seen = allows(&alice, &asked, "alice").await;
    let code = parameter(&seen, "code").unwrap();
    let asked = mallory.begins("/elsewhere").await;
    let state = parameter(&asked, "state").unwrap();
    mallory.get(&format!("{OWN}/elsewhere/back?code={code}&state={state}&iss={PROVIDER}")).await;
    (alice.account().await, mallory.account().await)
}

#[tokio::test]
async fn a_code_of_somebody_else_is_refused_by_nonce_and_by_pkce_and_not_by_state() {
    for checks in [NONE, ClientChecks { state: true, ..NONE }] {
        assert_eq!(injected_code(checks).await, (Some(1), Some(1)), "{checks:?}: mallory is in alice's account");
    }
    for checks in [ClientChecks { nonce: true, ..NONE }, ClientChecks { pkce: true, ..NONE }, ClientChecks::ALL] {
        assert_eq!(injected_code(checks).await, (Some(1), None), "{checks:?}");
    }
}

#[tokio::test]
async fn an_answer_that_does_not_name_the_provider_is_refused() {
    let app = program(ClientChecks::ALL);
    let alice = Visitor::new("alice", &app);
    for (issuer, is_taken) in [(None, false), (Some("http://evil.localhost:4006"), false), (Some(PROVIDER), true)] {
        let asked = alice.begins("/elsewhere").await;
        let back = without(&allows(&alice, &asked, "alice").await, &["iss"]);
        let iss = issuer.map(|issuer| format!("&iss={issuer}")).unwrap_or_default();
        let answer = alice.get(&format!("{back}{iss}")).await;
        let status = if is_taken { StatusCode::SEE_OTHER } else { StatusCode::BAD_REQUEST };
        assert_eq!(answer.status, status, "{issuer:?} {}", answer.body);
        let is_not_named = answer.body.contains("does not name the provider that you were sent to");
        assert_eq!(is_not_named, !is_taken, "{issuer:?} {}", answer.body);
        assert_eq!(alice.account().await.is_some(), is_taken, "{issuer:?}");
        alice.post(&format!("{OWN}/elsewhere/logout"), &[]).await;

        let state = parameter(&alice.begins("/elsewhere").await, "state").unwrap();
        let back = format!("{OWN}/elsewhere/back?error=access_denied&state={state}{iss}");
        let sentence =
            if is_taken { "The provider did not confirm this login" } else { "This answer does not name the provider" };
        let answer = alice.get(&back).await;
        assert_eq!((answer.status, answer.body.starts_with(sentence)), (StatusCode::BAD_REQUEST, true), "{issuer:?}");
    }
}

#[tokio::test]
async fn a_login_at_the_provider_counts_for_eight_hours_however_active_the_visitor_is() {
    let inspector = Inspector::default();
    let app = inspector.wrap(program(ClientChecks::ALL));
    let alice = Visitor::new("alice", &app);
    logs_in(&alice, "alice").await;
    inspector.skip(3 * HOUR);
    alice.post(&format!("{OWN}/elsewhere/logout"), &[]).await;
    let asked = alice.begins("/elsewhere").await;
    assert_eq!(parameter(&asked, "max_age").as_deref(), Some("28800"));
    assert!(is_known_there(&alice, &asked).await, "the password is three hours old");
    alice.get(&answers(&alice, &asked, "").await.location).await;
    for _ in 0..4 {
        inspector.skip(HOUR);
        assert_eq!(alice.account().await, Some(1));
    }
    inspector.skip(HOUR);
    assert_eq!(alice.account().await, None, "eight hours after the password, five after the login here");
    let asked = alice.begins("/elsewhere").await;
    assert!(!is_known_there(&alice, &asked).await);
    let page = alice.get(&asked).await.body;
    assert!(page.contains("You are logged in here as alice, and have to log in again"), "{page}");
    let back = allows(&alice, &asked, "alice").await;
    alice.get(&back).await;
    assert_eq!(alice.account().await, Some(1));
    inspector.skip(25 * HOUR);
    let asked = without(&alice.begins("/elsewhere").await, &["max_age"]);
    assert!(!is_known_there(&alice, &asked).await, "the session there lasts a day");
}

/// Alice has left her browser. Whoever sits there now cannot log in at the provider, so they leave out what asks it to.
async fn logs_in_with_an_old_password(checks: ClientChecks) -> (Answer, Option<u32>) {
    let inspector = Inspector::default();
    let app = inspector.wrap(program(checks));
    let alice = Visitor::new("alice", &app);
    logs_in(&alice, "alice").await;
    inspector.skip(9 * HOUR);
    let asked = without(&alice.begins("/elsewhere").await, &["max_age"]);
    assert!(is_known_there(&alice, &asked).await, "the provider was not asked for the password");
    let answer = alice.get(&answers(&alice, &asked, "").await.location).await;
    (answer, alice.account().await)
}

#[tokio::test]
async fn a_login_at_the_provider_that_is_too_old_is_refused_although_the_address_asks_for_no_other() {
    let (answer, account) = logs_in_with_an_old_password(ClientChecks::ALL).await;
    assert_eq!((answer.status, account), (StatusCode::BAD_REQUEST, None));
    assert!(answer.body.contains("did not confirm that you have logged in there recently"), "{}", answer.body);
    let unchecked = ClientChecks { auth_time: false, ..ClientChecks::ALL };
    let (answer, _) = logs_in_with_an_old_password(unchecked).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
}

/// Begins the deletion of the account, and returns where that leads.
async fn deletes(visitor: &Visitor) -> String {
    let answer = visitor.post(&format!("{OWN}/elsewhere/delete"), &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    answer.location
}

const DELETED: &str = "/elsewhere?left=deleted";

#[tokio::test]
async fn an_account_is_deleted_after_a_login_that_is_newer_than_the_request() {
    let inspector = Inspector::default();
    let app = inspector.wrap(program(ClientChecks::ALL));
    let [alice, work, bob] = ["alice", "alice at work", "bob"].map(|name| Visitor::new(name, &app));
    for (who, person) in [(&alice, "alice"), (&work, "alice"), (&bob, "bob")] {
        logs_in(who, person).await;
    }
    inspector.skip(MINUTE);
    alice.story.lock().unwrap().clear();
    let asked = deletes(&alice).await;
    assert_eq!(parameter(&asked, "max_age").as_deref(), Some("0"));
    assert_eq!(parameter(&asked, "prompt").as_deref(), Some("login"));
    let back = allows(&alice, &asked, "alice").await;
    assert_eq!(alice.get(&back).await.location, DELETED);
    let page = alice.get(&format!("{OWN}{DELETED}")).await.body;
    assert!(page.contains("Your account has been deleted"), "{page}");
    insta::assert_snapshot!("delete-elsewhere", alice.story.lock().unwrap());
    assert_eq!((alice.account().await, work.account().await, bob.account().await), (None, None, Some(2)));
    logs_in(&alice, "alice").await;
    assert_eq!(alice.account().await, Some(3), "the provider still knows her, and she begins anew here");
}

#[tokio::test]
async fn the_provider_asks_for_the_password_before_a_deletion_although_it_was_just_entered() {
    let alice = Visitor::new("alice", &program(ClientChecks::ALL));
    logs_in(&alice, "alice").await;
    let asked = deletes(&alice).await;
    for names in [&[][..], &["max_age"], &["prompt"]] {
        assert!(!is_known_there(&alice, &without(&asked, names)).await, "without {names:?}");
    }
    assert!(is_known_there(&alice, &without(&asked, &["max_age", "prompt"])).await);
    assert_eq!(alice.account().await, Some(1));
}

/// Mallory has a copy of alice's cookie.
async fn deletion_with_a_stolen_cookie(checks: ClientChecks) -> (String, Option<u32>) {
    let app = program(checks);
    let [alice, mallory] = ["alice", "mallory"].map(|name| Visitor::new(name, &app));
    logs_in(&alice, "alice").await;
    mallory.take(&alice.session().unwrap());
    let to = deletes(&mallory).await;
    let said = if to.starts_with(PROVIDER) {
        let back = allows(&mallory, &to, "mallory").await;
        mallory.get(&back).await.body
    } else {
        to
    };
    (said, alice.account().await)
}

#[tokio::test]
async fn a_stolen_session_alone_deletes_no_account() {
    let (to, account) = deletion_with_a_stolen_cookie(ClientChecks { second_login: false, ..ClientChecks::ALL }).await;
    assert_eq!((to.as_str(), account), (DELETED, None));
    let (said, account) = deletion_with_a_stolen_cookie(ClientChecks::ALL).await;
    assert!(said.contains("Somebody else has logged in at the provider"), "{said}");
    assert_eq!(account, Some(1));
}

#[tokio::test]
async fn the_login_before_a_deletion_is_newer_than_the_request_whatever_the_address_asks_for() {
    for (checks, is_deleted) in
        [(ClientChecks { auth_time: false, ..ClientChecks::ALL }, true), (ClientChecks::ALL, false)]
    {
        let inspector = Inspector::default();
        let app = inspector.wrap(program(checks));
        let alice = Visitor::new("alice", &app);
        logs_in(&alice, "alice").await;
        inspector.skip(MINUTE); // and she has left the screen to somebody who does not know her password
        let asked = without(&deletes(&alice).await, &["max_age", "prompt"]);
        let answer = alice.get(&answers(&alice, &asked, "").await.location).await;
        assert_eq!(answer.location == DELETED, is_deleted, "{}", answer.body);
        let is_not_recent = answer.body.contains("did not confirm that you have logged in there recently");
        assert_eq!(is_not_recent, !is_deleted, "{}", answer.body);
        assert_eq!(alice.account().await.is_none(), is_deleted);
    }
}

#[tokio::test]
async fn nobody_deletes_an_account_without_a_login_here() {
    let alice = Visitor::new("alice", &program(ClientChecks::ALL));
    assert_eq!(deletes(&alice).await, format!("{OWN}/elsewhere"));
}

#[tokio::test]
async fn a_form_of_another_site_neither_begins_a_login_nor_ends_one() {
    let app = program(ClientChecks::ALL);
    for path in ["/elsewhere/login", "/elsewhere/logout", "/elsewhere/logout/everywhere", "/elsewhere/delete"] {
        for (site, status) in [("cross-site", StatusCode::FORBIDDEN), ("same-origin", StatusCode::SEE_OTHER)] {
            let request = Request::post(path).header(HOST, "localhost:4006").header("sec-fetch-site", site);
            let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(Body::empty());
            assert_eq!(app.clone().oneshot(request.unwrap()).await.unwrap().status(), status, "{path} {site}");
        }
    }
}

#[tokio::test]
async fn a_visitor_at_the_address_of_this_machine_is_led_to_its_name() {
    let app = program(ClientChecks::ALL);
    let alice = Visitor::new("alice", &app);
    for host in ["127.0.0.1", "[::1]"] {
        let page = alice.get(&format!("http://{host}:4006/elsewhere")).await;
        assert_eq!((page.status, page.location), (StatusCode::SEE_OTHER, format!("{OWN}/elsewhere")), "{host}");
    }
}

#[tokio::test]
async fn a_code_and_an_answer_are_for_one_use() {
    let app = program(ClientChecks::ALL);
    let [alice, mallory] = ["alice", "mallory"].map(|name| Visitor::new(name, &app));
    let asked = alice.begins("/elsewhere").await;
    let back = allows(&alice, &asked, "alice").await;
    assert_eq!(alice.get(&back).await.status, StatusCode::SEE_OTHER);
    assert_eq!(alice.get(&back).await.status, StatusCode::BAD_REQUEST, "the login is over");
    assert_eq!(alice.account().await, Some(1));
    // The provider refuses a used code as well: here the app checks nothing.
    let app = program(NONE);
    let [alice, mallory] = [alice, mallory].map(|visitor| Visitor::new(visitor.name, &app));
    let asked = alice.begins("/elsewhere").await;
    let back = allows(&alice, &asked, "alice").await;
    assert_eq!(alice.get(&back).await.status, StatusCode::SEE_OTHER);
    let again = mallory.get(&back).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    assert!(again.body.contains("The provider did not confirm this login"), "{}", again.body);
    assert_eq!(mallory.account().await, None);
}

#[tokio::test]
async fn a_login_leads_to_no_other_site() {
    for (checks, leads) in [(NONE, "https://evil.example/login"), (ClientChecks::ALL, "/elsewhere")] {
        let alice = Visitor::new("alice", &program(checks));
        let asked = alice.begins("https://evil.example/login").await;
        let back = allows(&alice, &asked, "alice").await;
        assert_eq!(alice.get(&back).await.location, leads);
        assert_eq!(
            alice.account().await,
            Some(1),
            "she has typed her password at the right address, and would trust the next page"
        );
    }
}

#[tokio::test]
async fn the_provider_gives_no_code_to_an_address_that_is_not_registered() {
    let alice = Visitor::new("alice", &program(ClientChecks::ALL));
    let asked = Url::parse(&alice.begins("/elsewhere").await).unwrap();
    for address in
        ["https://evil.example/", "http://localhost:4006/elsewhere/back/../x", "http://localhost:4007/elsewhere/back"]
    {
        let mut other = asked.clone();
        let pairs = asked.query_pairs().map(|(name, value)| match &*name {
            "redirect_uri" => (name, address.into()),
            _ => (name, value),
        });
        other.query_pairs_mut().clear().extend_pairs(pairs);
        assert_eq!(alice.get(other.as_str()).await.status, StatusCode::BAD_REQUEST, "{address}");
    }
}

#[tokio::test]
async fn an_email_address_opens_no_account() {
    for (checks, mallorys) in [(NONE, 1), (ClientChecks::ALL, 2)] {
        let app = program(checks);
        let [alice, mallory] = ["alice", "mallory"].map(|name| Visitor::new(name, &app));
        logs_in(&alice, "alice").await;
        logs_in(&mallory, "mallory").await; // she has given the provider alice's address as her own
        assert_eq!((alice.account().await, mallory.account().await), (Some(1), Some(mallorys)));
    }
}

#[tokio::test]
async fn a_login_elsewhere_gives_the_session_a_new_id() {
    for (checks, mallorys) in [(NONE, Some(1)), (ClientChecks::ALL, None)] {
        let app = program(checks);
        let [alice, mallory] = ["alice", "mallory"].map(|name| Visitor::new(name, &app));
        mallory.begins("/elsewhere").await;
        alice.take(&mallory.session().unwrap());
        logs_in(&alice, "alice").await;
        assert_eq!((alice.account().await, mallory.account().await), (Some(1), mallorys));
    }
}

#[tokio::test]
async fn a_logout_here_ends_this_session_and_a_logout_there_ends_all() {
    let app = program(ClientChecks::ALL);
    let [alice, work, bob] = ["alice", "alice at work", "bob"].map(|name| Visitor::new(name, &app));
    for (who, person) in [(&alice, "alice"), (&work, "alice"), (&bob, "bob")] {
        logs_in(who, person).await;
    }
    alice.post(&format!("{OWN}/elsewhere/logout"), &[]).await;
    assert_eq!((alice.account().await, work.account().await), (None, Some(1)));
    logs_in(&alice, "alice").await;
    let copy = Visitor::new("mallory", &app);
    copy.take(&alice.session().unwrap());
    let answer = work.post(&format!("{PROVIDER}/logout"), &[("person", "alice")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    assert_eq!((alice.account().await, work.account().await, copy.account().await), (None, None, None));
    assert_eq!(bob.account().await, Some(2));
    logs_in(&alice, "alice").await;
    assert_eq!(alice.account().await, Some(1), "she can log in again");
}

#[tokio::test]
async fn a_logout_of_one_session_there_ends_what_began_in_it_here() {
    let app = program(ClientChecks::ALL);
    let [alice, work] = ["alice", "alice at work"].map(|name| Visitor::new(name, &app));
    logs_in(&work, "alice").await;
    logs_in(&alice, "alice").await;
    let copy = Visitor::new("mallory", &app);
    copy.take(&alice.session().unwrap());
    logs_in(&alice, "alice").await; // with the password again, in the same session there
    let page = alice.get(&format!("{PROVIDER}/")).await.body;
    assert!(page.contains("Log alice out in this browser"), "{page}");
    let answer = alice.post(&format!("{PROVIDER}/logout"), &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    assert_eq!((alice.account().await, copy.account().await, work.account().await), (None, None, Some(1)));
    let asked = alice.begins("/elsewhere").await;
    assert!(!is_known_there(&alice, &asked).await);
    assert_eq!(alice.post(&format!("{PROVIDER}/logout"), &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_logout_while_the_provider_is_unavailable_ends_the_session_here_and_says_so() {
    let alice = Visitor::new("alice", &program(ClientChecks::ALL));
    logs_in(&alice, "alice").await;
    let to = alice.post(&format!("{OWN}/elsewhere/logout/everywhere"), &[]).await.location;
    let page = alice.get(&format!("{OWN}{to}")).await.body;
    assert!(page.contains("You are not logged in") && page.contains("so you may still be logged in there"), "{page}");
    let page = alice.get(&format!("{OWN}/elsewhere")).await.body;
    assert!(page.contains("You are not logged in") && !page.contains("so you may still be logged in there"), "{page}");
}

/// Makes a token with these claims and an invalid signature.
fn forged(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(&json!({ "alg": "HS256" })), part(claims), URL_SAFE_NO_PAD.encode([0; 32]))
}

#[tokio::test]
async fn a_logout_token_that_the_provider_did_not_sign_ends_nothing() {
    for (checks, status, account) in [(NONE, 200, None), (ClientChecks::ALL, 400, Some(1))] {
        let app = program(checks);
        let [alice, mallory] = ["alice", "mallory"].map(|name| Visitor::new(name, &app));
        logs_in(&alice, "alice").await;
        let event = "http://schemas.openid.net/event/backchannel-logout";
        let claims = json!({
            "iss": PROVIDER, "aud": "lesson-6", "sub": "person-1", "iat": 0, "exp": 4_000_000_000_u64,
            "jti": "1", "events": { event: {} },
        });
        let form = [("logout_token", &*forged(&claims))];
        assert_eq!(mallory.post(&format!("{OWN}/elsewhere/ended"), &form).await.status.as_u16(), status);
        assert_eq!(alice.account().await, account, "{checks:?}");
    }
}

#[tokio::test]
async fn an_invalid_login_or_logout_gets_an_answer_that_says_so() {
    let app = program(ClientChecks::ALL);
    let alice = Visitor::new("alice", &app);
    for path in ["/elsewhere/back", "/elsewhere/back?code=a&state=b", "/elsewhere/back?error=access_denied"] {
        let answer = alice.get(&format!("{OWN}{path}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(answer.body.contains("Nobody was logged in"), "{}", answer.body);
    }
    for token in ["", "no.token.here"] {
        let answer = alice.post(&format!("{OWN}/elsewhere/ended"), &[("logout_token", token)]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{token}");
    }
    for form in [&[][..], &[("token", "a")], &[("logout_token", "a"), ("logout_token", "b")]] {
        let answer = alice.post(&format!("{OWN}/elsewhere/ended"), form).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{form:?}");
        assert!(answer.body.starts_with("This is not a logout token"), "{}", answer.body);
    }
    let nobody = alice.post(&format!("{PROVIDER}/logout"), &[("person", "nobody")]).await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    assert_eq!(alice.get(&format!("{OWN}/elsewhere/login")).await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(alice.account().await, None);
}
