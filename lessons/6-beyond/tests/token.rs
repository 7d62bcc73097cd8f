//! Tests a token instead of a session: what a token cannot do, and which tokens are refused.

use std::time::Duration;

use axum::http::header::SET_COOKIE;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use checks::{Browser, Miss, Trial};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use lesson_6::{
    app,
    token::{
        claims::{AUDIENCE, Claims, ISSUER, LIFE, Role, rules},
        keys::Keys,
        naive,
    },
};
use serde_json::{Value, json};
use time::OffsetDateTime;

const TOKEN: &str = "__Host-token";
const MINUTE: Duration = Duration::from_secs(60);

async fn log_in(who: &Browser<'_>, name: &str) -> Result<(), Miss> {
    who.post("/token/login", &[("username", name)]).await?.redirects_to("/token")
}

/// Sends the token of this browser to both checks: of the token alone, and of the token, the list and the account.
async fn both(who: &Browser<'_>) -> Result<[String; 2], Miss> {
    let [alone, listed] = [who.get("/token/alone").await?, who.get("/token/listed").await?];
    Ok([alone.body, listed.body])
}

const NOBODY: &str = "Log in first.\n";

fn story(trial: &Trial) -> String {
    trial.story().iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_logout_leaves_a_copied_token_as_good_as_before_and_a_list_ends_it() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let alice = trial.browser("alice");
    log_in(&alice, "alice").await?;
    let mallory = alice.copied_by("mallory");
    assert_eq!(both(&mallory).await?, ["alice (user)", "alice (user)"]);
    alice.post("/token/logout", &[]).await?.redirects_to("/token")?;
    assert_eq!(alice.cookie(TOKEN), None);
    assert_eq!(both(&mallory).await?, ["alice (user)", NOBODY]);
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("token-logout", story(&trial));
    });
    let again = trial.browser("alice at work");
    log_in(&again, "alice").await?;
    assert_eq!(both(&again).await?, ["alice (user)", "alice (user)"], "the list ends a token and no user");
    Ok(())
}

#[tokio::test]
async fn a_demotion_waits_for_the_end_of_the_token_unless_the_account_is_looked_up() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let carol = trial.browser("carol");
    log_in(&carol, "carol").await?;
    assert_eq!(both(&carol).await?, ["carol (admin)", "carol (admin)"]);
    trial
        .browser("shop")
        .post("/token/role", &[("username", "carol"), ("role", "user")])
        .await?
        .redirects_to("/token")?;
    assert_eq!(both(&carol).await?, ["carol (admin)", "carol (user)"]);
    trial.skip(14 * MINUTE);
    assert_eq!(both(&carol).await?, ["carol (admin)", "carol (user)"]);
    log_in(&carol, "carol").await?;
    assert_eq!(both(&carol).await?, ["carol (user)", "carol (user)"]);
    Ok(())
}

#[tokio::test]
async fn a_token_ends_by_itself_and_the_cookie_with_it() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let alice = trial.browser("alice");
    log_in(&alice, "alice").await?;
    let token = alice.cookie(TOKEN).unwrap();
    trial.skip(14 * MINUTE);
    assert_eq!(both(&alice).await?, ["alice (user)", "alice (user)"]);
    trial.skip(MINUTE);
    assert_eq!(alice.get("/token/alone").await?.body, NOBODY);
    let mallory = trial.browser("mallory");
    mallory.takes(&format!("{TOKEN}={token}; Secure; Path=/"));
    assert_eq!(both(&mallory).await?, [NOBODY, NOBODY]);
    Ok(())
}

#[tokio::test]
async fn a_new_key_at_once_ends_every_token_and_one_beside_the_old_ends_none() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let [alice, carol, shop] = ["alice", "carol", "shop"].map(|who| trial.browser(who));
    log_in(&alice, "alice").await?;
    shop.post("/token/key", &[("keep_old", "true")]).await?.redirects_to("/token")?;
    log_in(&carol, "carol").await?;
    assert_eq!(both(&alice).await?, ["alice (user)", "alice (user)"]);
    assert_eq!(both(&carol).await?, ["carol (admin)", "carol (admin)"]);
    shop.post("/token/key", &[("keep_old", "false")]).await?.redirects_to("/token")?;
    assert_eq!(both(&alice).await?, [NOBODY, NOBODY], "mallory's token should end, and alice is logged out");
    assert_eq!(both(&carol).await?, [NOBODY, NOBODY]);
    log_in(&alice, "alice").await?;
    assert_eq!(both(&alice).await?, ["alice (user)", "alice (user)"]);
    Ok(())
}

#[test]
fn only_the_last_keys_verify() {
    let (keys, now) = (Keys::default(), OffsetDateTime::now_utc());
    let token = keys.sign(&claims(now)).unwrap();
    for _ in 0..2 {
        keys.replace(true);
        assert!(keys.verify(&token, now).is_some());
    }
    keys.replace(true);
    assert!(keys.verify(&token, now).is_none());
}

#[tokio::test]
async fn a_token_grows_with_what_it_says_until_a_browser_refuses_the_cookie() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let carol = trial.browser("carol");
    let mut sizes = Vec::new();
    for permissions in ["0", "10", "100", "200"] {
        let fields = [("username", "carol"), ("permissions", permissions)];
        let answer = carol.post("/token/login", &fields).await?;
        let cookie = answer.headers[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let is_kept = carol.cookie(TOKEN).is_some_and(|token| cookie.ends_with(&token));
        let kept = if is_kept { "kept" } else { "refused" };
        sizes.push(format!("{permissions:>3} permissions: a cookie of {} bytes, {kept}\n", cookie.len()));
    }
    let alice = trial.browser("alice");
    alice.post("/connection/login", &[("username", "alice")]).await?.redirects_to("/connection")?;
    let id = alice.cookie("__Host-lesson-6").unwrap();
    sizes.push(format!("        a session: a cookie of {} bytes\n", "__Host-lesson-6=".len() + id.len()));
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("token-sizes", sizes.concat());
    });
    Ok(())
}

#[tokio::test]
async fn anyone_who_has_a_token_can_read_it() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let carol = trial.browser("carol");
    log_in(&carol, "carol").await?;
    let token = carol.cookie(TOKEN).unwrap();
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let says: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!((&says["sub"], &says["role"]), (&json!("carol"), &json!("admin")));
    Ok(())
}

#[tokio::test]
async fn a_name_without_an_account_is_refused() -> Result<(), Miss> {
    let trial = Trial::of(app);
    let mallory = trial.browser("mallory");
    mallory.post("/token/login", &[("username", "mallory")]).await?.has_status(422)?;
    mallory.post("/token/role", &[("username", "mallory"), ("role", "admin")]).await?.has_status(404)?;
    let role = [("username", "carol"), ("role", "user")];
    mallory.post_from("http://evil.localhost", "/token/role", &role).await?.has_status(403)?;
    mallory.get("/token/logout").await?.has_status(405)?;
    assert_eq!(both(&mallory).await?, [NOBODY, NOBODY]);
    mallory.takes(&format!("{TOKEN}=no.token.at-all; Secure; Path=/"));
    assert_eq!(both(&mallory).await?, [NOBODY, NOBODY]);
    mallory.get("/token").await?.shows("nobody")
}

// Which tokens are accepted.

/// A published key pair (RFC 8032, test 1).
const PRIVATE: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
const PUBLIC: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// Returns the private key in the format of the library (RFC 8410).
fn private_key() -> EncodingKey {
    EncodingKey::from_ed_der(&[bytes("302e020100300506032b657004220420"), bytes(PRIVATE)].concat())
}

fn claims(now: OffsetDateTime) -> Claims {
    Claims::new("carol".to_owned(), Role::Admin, Vec::new(), now)
}

/// Makes a token of these two parts without a signature.
fn unsigned(algorithm: &str, payload: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(&json!({ "alg": algorithm, "typ": "JWT" })), part(payload))
}

/// Whether our rules accept this token as signed with the private key.
fn counts(token: &str) -> bool {
    decode::<Claims>(token, &DecodingKey::from_ed_der(&bytes(PUBLIC)), &rules(Algorithm::EdDSA)).is_ok()
}

// ANCHOR: attacks
#[test]
fn a_token_does_not_choose_how_it_is_checked() {
    let (says, public) = (json!(claims(OffsetDateTime::now_utc())), bytes(PUBLIC));
    let genuine = encode(&Header::new(Algorithm::EdDSA), &says, &private_key()).unwrap();
    assert!(counts(&genuine) && naive::verify(&genuine, &public).is_some());
    // "alg": "none", and a public key as the secret of HS256.
    let without = unsigned("none", &says);
    let confused = encode(&Header::new(Algorithm::HS256), &says, &EncodingKey::from_secret(&public)).unwrap();
    for forged in [without, confused] {
        assert_eq!(naive::verify(&forged, &public).unwrap()["role"], "admin", "anyone is an admin: {forged}");
        assert!(!counts(&forged), "{forged}");
    }
}
// ANCHOR_END: attacks

#[test]
fn a_token_counts_only_whole_in_its_time_and_for_this_shop() {
    let now = OffsetDateTime::now_utc();
    let says = json!(claims(now));
    let sign = |says: &Value| encode(&Header::new(Algorithm::EdDSA), says, &private_key()).unwrap();
    assert!(counts(&sign(&says)));
    for name in ["exp", "iss", "aud", "sub"] {
        let mut without = says.clone();
        without.as_object_mut().unwrap().remove(name);
        assert!(!counts(&sign(&without)), "without {name}");
    }
    let seconds = now.unix_timestamp();
    for (name, value) in [
        ("exp", json!(seconds - 1)),
        ("exp", json!("tomorrow")),
        ("nbf", json!(seconds + 60)),
        ("aud", json!("bank")),
        ("iss", json!("https://evil.example")),
    ] {
        let mut other = says.clone();
        other[name] = value;
        assert!(!counts(&sign(&other)), "{name}: {}", other[name]);
    }
    for name in ["none", "None", "HS256", "nOnE"] {
        assert!(!counts(&unsigned(name, &says)), "{name}");
    }
    let (genuine, alices) = (sign(&says), json!({ "sub": "alice" }));
    let parts: Vec<_> = genuine.split('.').collect();
    let changed = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(alices.to_string()), parts[2]);
    assert!(!counts(&changed));
}

/// The reason why `rules` lists the claims that a token must have.
#[test]
fn by_default_the_library_takes_a_token_of_no_audience_and_one_that_is_over_for_a_minute() {
    let now = OffsetDateTime::now_utc();
    let mut defaults = Validation::new(Algorithm::EdDSA);
    defaults.set_audience(&[AUDIENCE]);
    defaults.set_issuer(&[ISSUER]);
    let passes = |says: &Value| {
        let token = encode(&Header::new(Algorithm::EdDSA), says, &private_key()).unwrap();
        decode::<Value>(&token, &DecodingKey::from_ed_der(&bytes(PUBLIC)), &defaults).is_ok()
    };
    let exp = now.unix_timestamp();
    assert!(passes(&json!({ "exp": exp + 60 })), "neither audience nor issuer");
    assert!(passes(&json!({ "exp": exp - 30 })), "half a minute late");
    assert!(!passes(&json!({ "exp": exp - 90 })));
    assert!(!passes(&json!({ "exp": exp + 60, "aud": "bank" })));
}

#[test]
fn a_token_of_another_shop_and_one_of_an_unknown_key_do_not_count() {
    let now = OffsetDateTime::now_utc();
    let (ours, theirs) = (Keys::default(), Keys::default());
    assert!(ours.verify(&ours.sign(&claims(now)).unwrap(), now).is_some());
    assert!(ours.verify(&theirs.sign(&claims(now)).unwrap(), now).is_none());
    for id in [None, Some("../../dev/null".to_owned())] {
        let header = Header { kid: id, ..Header::new(Algorithm::HS256) };
        let token = encode(&header, &claims(now), &EncodingKey::from_secret(b"")).unwrap();
        assert!(ours.verify(&token, now).is_none());
    }
    assert!(ours.verify(&ours.sign(&claims(now)).unwrap(), now + LIFE).is_none());
}
